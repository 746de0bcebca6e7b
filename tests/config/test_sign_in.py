"""Signing in and out as a browser does."""

from datetime import timedelta

import pytest
from axes.models import AccessAttempt
from django.contrib.auth import get_user_model
from django.db.models import F
from django.test import Client

PASSWORD = "correct horse"
ELSEWHERE = [
    "https://evil.example/",
    "//evil.example/",
    "///evil.example",
    "/\\evil.example",
    "https:evil.example",
    "javascript:alert(1)",
    " //evil.example",
    "\thttps://evil.example",
    "http://testserver@evil.example/",
    "http://testserver.evil.example/",
]


@pytest.fixture(autouse=True)
def _quick_hashes(settings):
    """How passwords are kept is another test's matter; a lock-out needs many."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def ada(db):
    return get_user_model().objects.create_user("ada", password=PASSWORD)


def sign_in(browser: Client, name: str = "ada", password: str = PASSWORD, **fields: str):
    return browser.post("/login/", {"username": name, "password": password, **fields})


def words_of(answer) -> str:
    """The page without what is different each time: the token, and the name that was typed."""
    return "\n".join(
        line for line in answer.text.splitlines() if "csrf" not in line and "username" not in line
    )


def test_the_right_password_opens_the_pages(ada, stranger):
    assert stranger.get("/").headers["Location"] == "/login/?next=/"
    answer = sign_in(stranger)
    assert (answer.status_code, answer["Location"]) == (302, "/")
    assert stranger.get("/").status_code == 200
    assert stranger.get("/").wsgi_request.user == ada


def test_somebody_who_is_no_administrator_sees_no_admin(ada, stranger):
    sign_in(stranger)
    assert 'href="/admin/"' not in stranger.get("/").text
    assert stranger.get("/admin/").status_code == 302


def test_a_wrong_password_says_so_and_does_not_come_back(ada, stranger):
    answer = sign_in(stranger, password="battery staple")
    assert answer.status_code == 200
    assert "correct username and password" in answer.text
    assert 'role="alert"' in answer.text
    assert "battery staple" not in answer.text
    assert 'value="ada"' in answer.text
    assert stranger.get("/").status_code == 302


def test_a_wrong_password_does_not_tell_whether_the_user_exists(ada, stranger):
    known, unknown = sign_in(stranger, password="wrong"), sign_in(stranger, name="bob", password="wrong")
    assert known.status_code == unknown.status_code
    assert words_of(known) == words_of(unknown)


def test_somebody_whose_account_was_closed_is_a_stranger_at_once(ada, stranger):
    sign_in(stranger)
    get_user_model().objects.update(is_active=False)
    assert stranger.get("/").status_code == 302
    assert sign_in(stranger).status_code == 200
    assert stranger.get("/").status_code == 302


@pytest.mark.parametrize("name", ["", "a" * 5000, "a\0b", "🐘", "' OR 1=1 --", "<script>alert(1)</script>"])
def test_any_name_is_answered(ada, stranger, name):
    answer = sign_in(stranger, name=name)
    assert answer.status_code == 200
    assert "<script>alert" not in answer.text


@pytest.mark.parametrize("query", ["?a=%00", "?%00", "?a=" + "x" * 5000, "?next=%00"])
def test_any_query_is_answered(ada, stranger, query):
    wrong = {"username": "ada", "password": "wrong"}
    assert stranger.post(f"/login/{query}", wrong).status_code == 200


def test_any_browser_is_answered(ada, stranger):
    headers = {"User-Agent": "x" * 5000, "Accept": "y" * 5000, "Accept-Language": "z" * 5000}
    for password in ("wrong", PASSWORD):
        answer = stranger.post("/login/", {"username": "ada", "password": password}, headers=headers)
        assert answer.status_code in {200, 302}


def test_the_admin_s_own_sign_in_answers_a_name_of_any_length_too(ada, stranger):
    assert stranger.post("/admin/login/", {"username": "a" * 5000, "password": "wrong"}).status_code == 200


def test_too_many_wrong_passwords_lock_even_the_right_one(ada, stranger, settings):
    for _ in range(settings.AXES_FAILURE_LIMIT - 1):
        assert sign_in(stranger, password="wrong").status_code == 200
    locked = sign_in(stranger, password="wrong")
    assert locked.status_code == 429
    assert "registration/locked.html" in [template.name for template in locked.templates]
    assert "too many wrong passwords" in locked.text
    assert "900 seconds" in locked.text
    assert sign_in(stranger).status_code == 429
    assert stranger.get("/").status_code == 302


def test_a_lock_does_not_tell_whether_the_user_exists(ada, stranger, settings):
    for name in ("ada", "bob"):
        for _ in range(settings.AXES_FAILURE_LIMIT):
            answer = sign_in(stranger, name=name, password="wrong")
        assert answer.status_code == 429
        assert "registration/locked.html" in [template.name for template in answer.templates]


def test_a_lock_holds_for_one_user_from_one_address(ada, stranger, settings):
    get_user_model().objects.create_user("bob", password=PASSWORD)
    for _ in range(settings.AXES_FAILURE_LIMIT):
        sign_in(stranger, password="wrong")
    assert sign_in(Client(), name="bob").status_code == 302
    assert sign_in(Client(REMOTE_ADDR="192.0.2.7")).status_code == 302
    assert sign_in(Client()).status_code == 429


def test_nobody_escapes_a_lock_by_claiming_another_address(ada, stranger, settings):
    for number in range(settings.AXES_FAILURE_LIMIT):
        spoofed = {"X-Forwarded-For": f"192.0.2.{number}", "X-Real-IP": f"192.0.2.{number}"}
        stranger.post("/login/", {"username": "ada", "password": "wrong"}, headers=spoofed)
    assert sign_in(stranger).status_code == 429


def test_a_lock_ends_by_itself(ada, stranger, settings):
    for _ in range(settings.AXES_FAILURE_LIMIT):
        sign_in(stranger, password="wrong")
    AccessAttempt.objects.update(
        attempt_time=F("attempt_time") - timedelta(hours=settings.AXES_COOLOFF_TIME, seconds=1)
    )
    assert sign_in(stranger).status_code == 302


def test_signing_in_forgets_the_wrong_passwords_before(ada, stranger, settings):
    for _ in range(2):
        for _ in range(settings.AXES_FAILURE_LIMIT - 1):
            sign_in(stranger, password="wrong")
        assert sign_in(stranger).status_code == 302


def test_a_wrong_password_is_kept_nowhere(ada, stranger):
    sign_in(stranger, password="battery staple")
    for attempt in AccessAttempt.objects.values():
        assert "battery" not in repr(attempt)


def test_after_signing_in_the_page_that_was_asked_for_appears(ada, stranger):
    assert sign_in(stranger, next="/runs/?page=2")["Location"] == "/runs/?page=2"


@pytest.mark.parametrize("address", ELSEWHERE)
def test_signing_in_never_leads_to_another_site(ada, stranger, address):
    assert sign_in(stranger, next=address)["Location"] == "/"
    # Who is signed in already is sent on at once.
    assert stranger.get("/login/", {"next": address})["Location"] == "/"


@pytest.mark.parametrize("address", ELSEWHERE)
def test_signing_out_never_leads_to_another_site(ada, stranger, address):
    sign_in(stranger)
    answer = stranger.post("/logout/", {"next": address})
    assert (answer.status_code, answer["Location"]) == (302, "/login/")


def test_the_session_s_cookie_is_kept_from_scripts_and_other_sites(ada, stranger):
    stranger.get("/login/")
    sign_in(stranger)
    for name in ("sessionid", "csrftoken"):
        cookie = stranger.cookies[name]
        assert cookie["httponly"]
        assert cookie["samesite"] == "Lax"
        assert cookie["domain"] == ""


def test_behind_https_the_cookies_never_travel_in_the_clear(ada, stranger, settings):
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = True
    stranger.get("/login/", secure=True)
    stranger.post("/login/", {"username": "ada", "password": PASSWORD}, secure=True)
    assert stranger.cookies["sessionid"]["secure"]
    assert stranger.cookies["csrftoken"]["secure"]


def test_signing_in_starts_a_new_session(ada, stranger):
    session = stranger.session
    session["planted"] = True
    session.save()
    before = session.session_key
    sign_in(stranger)
    assert stranger.session.session_key != before


def test_signing_out_needs_a_post_and_ends_the_session(ada, stranger):
    sign_in(stranger)
    cookie = stranger.cookies["sessionid"].value
    assert stranger.get("/logout/").status_code == 405
    assert stranger.get("/").status_code == 200
    assert stranger.post("/logout/").status_code == 302
    assert stranger.get("/").status_code == 302
    thief = Client()
    thief.cookies["sessionid"] = cookie
    assert thief.get("/").status_code == 302


def test_a_changed_password_ends_the_other_sessions(ada, stranger):
    sign_in(stranger)
    ada.set_password("another")
    ada.save()
    assert stranger.get("/").status_code == 302


def test_the_sign_in_page_needs_no_script_and_no_other_site(stranger):
    answer = stranger.get("/login/")
    assert answer.status_code == 200
    assert "<script" not in answer.text.replace('<script type="module"', "").replace("<script src", "")
    assert "default-src 'self'" in answer["Content-Security-Policy"]
