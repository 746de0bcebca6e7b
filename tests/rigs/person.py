"""Somebody who is signed in to a running stack, with a browser's cookies and no browser."""

from http.cookiejar import CookieJar
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, OpenerDirector, Request, build_opener

from tests.rigs.stack import PASSWORD, Stack


class Person:
    """Somebody with a browser's cookies and no browser."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.jar = CookieJar()
        self.opener: OpenerDirector = build_opener(HTTPCookieProcessor(self.jar))
        self.get("/login/")
        self.post("/login/", username="admin", password=PASSWORD)

    def get(self, path: str) -> str:
        return bytes(self.opener.open(f"{self.stack.url}{path}", timeout=20).read()).decode()

    def post(self, path: str, **fields: str) -> str:
        token = next(cookie.value for cookie in self.jar if cookie.name == "csrftoken")
        data = urlencode({**fields, "csrfmiddlewaretoken": token}).encode()
        answer = self.opener.open(Request(f"{self.stack.url}{path}", data), timeout=20)
        return bytes(answer.read()).decode()
