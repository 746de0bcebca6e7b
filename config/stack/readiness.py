"""Asks the web part whether everything is ready."""

import asyncio
import json

_WILDCARDS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - it is what a person may write
_TIMEOUT = 5.0


def address(host: str, port: int) -> str:
    """The URL for a browser on this machine."""
    name = "localhost" if host in _WILDCARDS else f"[{host}]" if ":" in host else host
    return f"http://{name}:{port}/"


async def missing(host: str, port: int, host_name: str) -> str:
    """What is not ready yet, in words; "" when everything is."""
    request = f"GET /readyz HTTP/1.0\r\nHost: {host_name}\r\nConnection: close\r\n\r\n"
    try:
        async with asyncio.timeout(_TIMEOUT):
            reader, writer = await asyncio.open_connection(_WILDCARDS.get(host, host), port)
            try:
                writer.write(request.encode())
                answer = await reader.read()
            finally:
                writer.close()
    except (OSError, TimeoutError):
        return "the web server does not answer"
    head, _, body = answer.partition(b"\r\n\r\n")
    return "" if head.split(b" ", 2)[1:2] == [b"200"] else _reasons(head, body)


def _reasons(head: bytes, body: bytes) -> str:
    try:
        parts: dict[str, str] = json.loads(body)["parts"]
    except (ValueError, KeyError, TypeError):
        return (
            f"/readyz answers {head.splitlines()[0].decode(errors='replace')}"
            if head
            else "/readyz is silent"
        )
    return "; ".join(f"{name}: {words}" for name, words in parts.items() if words != "ok")
