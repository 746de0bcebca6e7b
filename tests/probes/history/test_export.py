"""History as a file: every row, nothing that a spreadsheet runs, no secret, and never all of it in memory."""

import csv
import io
import json
import tracemalloc
from datetime import timedelta

import pytest
from asgiref.sync import sync_to_async
from django.db import connection as database
from django.test import AsyncClient
from django.utils import timezone

from probes.history import Busy, Filters, Window, exported, newest_checks
from probes.history.export import MOST_AT_ONCE, ROWS_AT_ONCE
from probes.models import Result
from tests.rigs.results import REFUSED, add, result

pytestmark = pytest.mark.django_db(transaction=True)
MINUTE = timedelta(minutes=1)


def whole(form, filters=None, window=None):
    return b"".join(exported(form, filters or Filters(), window or Window.named("30d"))).decode()


def rows(filters=None, window=None):
    return list(csv.DictReader(io.StringIO(whole("csv", filters, window), newline="")))


def test_every_check_of_the_filters_is_exported_newest_first(make_connection, monkeypatch):
    monkeypatch.setattr("probes.history.export.ROWS_AT_ONCE", 10)
    one, two = make_connection("one"), make_connection("two")
    now = timezone.now()
    add(*(result(pk, now - n * MINUTE) for n in range(1, 13) for pk in (one.pk, two.pk)))
    found = rows()
    assert len(found) == 24
    assert [row["issued_at"] for row in found] == sorted((row["issued_at"] for row in found), reverse=True)
    assert {row["connection"] for row in rows(Filters(connections=(two.pk,)))} == {"two"}
    assert json.loads(whole("json"))[0]["connection_id"] in (one.pk, two.pk)


def test_the_file_holds_what_the_list_shows_of_a_clock_that_is_ahead(make_connection):
    add(result(make_connection().pk, timezone.now() + 50 * MINUTE))
    assert (
        len(rows(window=Window.named("1h"))) == len(newest_checks(Filters(), Window.named("1h")).results) == 1
    )


def test_both_formats_hold_the_same(make_connection):
    target = make_connection(provider="neon")
    add(result(target.pk, timezone.now() - MINUTE), result(target.pk, timezone.now() - 2 * MINUTE, **REFUSED))
    as_csv, as_json = rows(), json.loads(whole("json"))
    assert len(as_csv) == len(as_json) == 2
    for plain, typed in zip(as_csv, as_json, strict=True):
        assert plain == {name: as_text(value) for name, value in typed.items()}
    assert as_json[0]["query_ms"] == 5.0
    assert as_json[1]["query_ms"] is None
    assert as_json[0]["provider"] == "neon"


def as_text(value):
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def test_nothing_is_an_empty_file(make_connection):
    assert rows() == []
    assert json.loads(whole("json")) == []


def test_text_that_a_spreadsheet_would_run_becomes_text(make_connection):
    signs = "=+-@\t\r\n\uff1d\uff0b\uff0d\uff20"
    texts = [*signs, *(f"{sign}1+1" for sign in signs), "\r\n=1", "=cmd|' /C calc'!A0"]
    target = make_connection("@orders")
    now = timezone.now()
    add(
        *(
            result(target.pk, now - number * MINUTE, **REFUSED | {"message": text})
            for number, text in enumerate(texts, 1)
        )
    )
    found = rows()
    assert [row["message"] for row in found] == [f"'{text}" for text in texts]
    assert {row["connection"] for row in found} == {"'@orders"}
    assert [row["message"] for row in json.loads(whole("json"))] == texts


def test_texts_of_all_kinds_survive(make_connection):
    text = 'a "quoted", line\nand 🐘 \u202e; \\x00 </script>'
    target = make_connection("orders, eu")
    add(result(target.pk, timezone.now() - MINUTE, **REFUSED | {"message": text}))
    assert rows()[0]["message"] == json.loads(whole("json"))[0]["message"] == text


def test_no_secret_and_no_detail_is_exported(make_connection):
    target = make_connection(password="top secret")
    add(result(target.pk, timezone.now() - MINUTE, detail={"statement": "select card from cards"}))
    text = whole("csv") + whole("json")
    assert "top secret" not in text
    assert target.password_sealed not in text
    assert "select card" not in text


def test_a_window_bounds_the_export(make_connection):
    target = make_connection()
    now = timezone.now()
    add(result(target.pk, now - MINUTE), result(target.pk, now - timedelta(days=3)))
    assert len(rows(window=Window.named("24h"))) == 1


def fill(connection_id, count):
    """So many checks of the last minutes."""
    with database.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO probes_result (issued_at, run_id, connection_id, vantage, kind, ok, error_code, error_phase,
                sqlstate, message, hint, started_at, finished_at, strained, simulated, server_version,
                server_address, pooler, tls_version, tls_cipher, synthetic, detail)
            SELECT now() - n * interval '1 ms', gen_random_uuid(), %s, 'home', 'connection', true, '', '', '',
                repeat('x', 200), '', now(), now(), false, false, '', '', '', '', '', false, '{}'
            FROM generate_series(1, %s) AS n
            """,
            [connection_id, count],
        )


def peak(form):
    tracemalloc.start()
    pieces = sum(1 for _ in exported(form, Filters(), Window.named("24h")))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return most, pieces


@pytest.mark.parametrize("form", ["csv", "json"])
def test_memory_does_not_grow_with_the_rows(make_connection, monkeypatch, form):
    monkeypatch.setattr("probes.history.export.ROWS_AT_ONCE", 100)
    fill(make_connection().pk, 300)
    peak(form)
    few, pieces = peak(form)
    fill(make_connection("other").pk, 2700)
    many, more_pieces = peak(form)
    assert more_pieces >= 30 > pieces
    assert many < 1.5 * few


def test_only_so_many_exports_run_at_once_and_ending_one_makes_room(make_connection):
    fill(make_connection().pk, 2 * ROWS_AT_ONCE)
    under_way = [exported("csv", Filters(), Window.named("24h")) for _ in range(MOST_AT_ONCE)]
    for pieces in under_way:
        next(pieces)
    with pytest.raises(Busy):
        next(exported("csv", Filters(), Window.named("24h")))
    under_way[0].close()
    next(again := exported("csv", Filters(), Window.named("24h")))
    for pieces in (*under_way, again):
        pieces.close()


@pytest.fixture
async def reader(user):
    """Somebody signed in, whose requests are answered on an event loop as the real server answers them."""
    client = AsyncClient()
    await client.aforce_login(user)
    yield client
    await sync_to_async(lambda: database.close())()  # that of the thread, not this one's


async def test_the_page_streams_the_file(reader, make_connection):
    target = await sync_to_async(make_connection)("orders")
    await sync_to_async(fill)(target.pk, 3 * ROWS_AT_ONCE)
    response = await reader.get("/history/export/?format=csv&window=24h")
    assert response.status_code == 200
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert response["Content-Disposition"].startswith('attachment; filename="meridian-history-')
    assert response["Content-Disposition"].endswith('.csv"')
    pieces = [piece async for piece in response.streaming_content]
    assert len(pieces) >= 4
    assert b"".join(pieces).count(b"\n") == 3 * ROWS_AT_ONCE + 1


async def test_a_reader_who_leaves_frees_the_export(reader, make_connection):
    target = await sync_to_async(make_connection)("orders")
    await sync_to_async(fill)(target.pk, 3 * ROWS_AT_ONCE)
    for _ in range(MOST_AT_ONCE + 1):
        response = await reader.get("/history/export/?format=json&window=24h")
        assert response.status_code == 200
        assert await anext(aiter(response.streaming_content))
        await sync_to_async(response.close)()
    response = await reader.get("/history/export/?format=json")
    assert json.loads(b"".join([piece async for piece in response.streaming_content]))


@pytest.mark.parametrize(
    "query",
    ["format=xlsx", "format=csv&window=2h", "format=csv&kind=x", "format=csv&from=2030-01-01", "format=%00"],
)
async def test_a_bad_question_is_refused_before_the_file_begins(reader, query):
    response = await reader.get(f"/history/export/?{query}")
    assert response.status_code == 422
    assert response.json()["error"]


def test_every_column_of_a_result_but_the_detail_is_exported(make_connection):
    add(result(make_connection().pk, timezone.now() - MINUTE))
    columns = {field.column for field in Result._meta.concrete_fields if field.column}
    assert set(rows()[0]) == columns - {"detail"} | {"connection", "provider", "region"}
