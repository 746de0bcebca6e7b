"""A place in the list of checks survives the way through an address; anything else is refused."""

import base64
import json
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.history import Cursor, Refused

RUN = "01a2079af24071d69073b1f488dff4d0"


@given(
    st.datetimes(datetime(1970, 1, 1), datetime(9000, 1, 1)),  # noqa: DTZ001
    st.uuids(),
    st.integers(1, 2**63 - 1),
    st.from_regex(r"[a-z0-9-]{1,32}", fullmatch=True),
)
def test_a_cursor_comes_back_as_it_was(at, run, connection, vantage):
    cursor = Cursor(at.replace(tzinfo=UTC), run, connection, vantage)
    assert Cursor.parse(str(cursor)) == cursor
    assert str(cursor).replace("-", "").replace("_", "").isalnum()


def encoded(*parts: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "=" * 10,
        "é" * 8,
        "A" * 100_000,
        encoded(),
        encoded(1),
        encoded(1, RUN, 1, "home", 5),
        encoded("1", RUN, 1, "home"),
        encoded(True, RUN, 1, "home"),
        encoded(1.5, RUN, 1, "home"),
        encoded(10**30, RUN, 1, "home"),
        encoded(-1, RUN, 1, "home"),
        encoded(253_402_300_799_999_999, RUN, 1, "home"),
        encoded(1, "no", 1, "home"),
        encoded(1, 7, 1, "home"),
        encoded(1, RUN, 2**63, "home"),
        encoded(1, RUN, -1, "home"),
        encoded(1, RUN, 1, "a\0b"),
        encoded(1, RUN, 1, "x" * 33),
        encoded(1, RUN, 1, None),
        base64.urlsafe_b64encode(b"[" * 200).decode(),
        base64.urlsafe_b64encode(b"\xff\xfe").decode(),
    ],
)
def test_what_is_no_cursor_is_refused(text):
    with pytest.raises(Refused, match="not a valid one"):
        Cursor.parse(text)


def test_a_cursor_does_not_depend_on_how_it_was_padded():
    cursor = Cursor(datetime(2026, 1, 1, tzinfo=UTC), UUID(RUN), 1, "home")
    assert Cursor.parse(f"{cursor}".rstrip("=")) == cursor
