"""What each kind of test found, on every page and in every live fragment; text of servers is never markup."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.template.loader import render_to_string

from probes import board, progress, recorder
from probes.engine.load.buckets import bucket, histogram
from probes.engine.outcome import Failure, Outcome, Server, Summary, Timings
from probes.fragments import _connection, _fleet, _run
from probes.models import Job, Kind, Run

pytestmark = pytest.mark.django_db(transaction=True)
HOSTILE = "<script>alert(1)</script>\"'&{{ 7|add:7 }}</template></td>\u202e🐘"
ESCAPED = "&lt;script&gt;alert(1)&lt;/script&gt;"


def check(verdict: str, key: str = "settings", **told: Any) -> dict[str, Any]:
    made = {"key": key, "title": f"Title of {verdict}", "value": 4.2, "unit": "%", "verdict": verdict}
    return {**made, "hint": "What to do.", "needs": "", "caveat": "", "rows": [], **told}


def health(*checks: dict[str, Any]) -> dict[str, Any]:
    return {"checks": list(checks), "figures": {"connections_used": 8, "connections_limit": 97}}


def load(**told: Any) -> dict[str, Any]:
    second = {
        "start": 0,
        "seconds": 1,
        "done": 900,
        "rate": 900,
        "p50": 1.1,
        "p95": 2,
        "p99": 3,
        "errors": {},
    }
    made = {
        "series": [second, {**second, "start": 1, "errors": {"query_timeout": 2}}],
        "errors": {"query_timeout": 2},
        "messages": {"query_timeout": "canceling statement"},
        "histogram": histogram({bucket(900): 500, bucket(40_000): 3}).encode().decode(),
        "elapsed": 2.0,
        "planned_seconds": 2.0,
        "target_rate": None,
        "clients": 3,
        "unstarted": 0,
        "stopped": "",
        "cpu_share": 0.1,
        "free_slots": 90,
    }
    return {**made, **told}


def latency(**told: Any) -> dict[str, Any]:
    made = {"samples": [1.5, None, 2.5], "planned": 3, "jitter_ms": 1.0, "failures": {"query_timeout": 1}}
    return {**made, "reconnects": 0, "server_ms": 0.2, **told}


DETAILS = {
    Kind.HEALTH: health(check("good")),
    Kind.LOAD: load(),
    Kind.LATENCY: latency(),
    Kind.CONNECTION: {},
}


def run_of(kind: str, *connections, params: dict[str, Any] | None = None) -> Run:
    run = Run.objects.create(kind=kind, params=params or {}, source=Run.Source.PAGE, total=len(connections))
    Job.objects.create(run=run, vantage="home", connection_ids=[one.pk for one in connections])
    return run


def outcome(kind: str, detail: dict[str, Any] | None = None, **told: Any) -> Outcome:
    now = datetime.now(UTC)
    measured = Summary(
        samples=1798, failures=2, min=1, mean=2, p50=1.1, p95=2, p99=3, max=9, stddev=1, rate=899
    )
    made = {
        "started": now - timedelta(seconds=2),
        "finished": now,
        "timings": Timings(tcp=1.0, query=2.0, total=3.0),
        "summary": measured if kind in ("load", "latency") else None,
        "server": Server(version="17.1", address="192.0.2.1:5432"),
        "detail": DETAILS[Kind(kind)] if detail is None else detail,
    }
    return Outcome(**{"kind": kind, **made, **told})


def record(kind: str, connection, found: Outcome) -> Run:
    run = run_of(kind, connection)
    recorder.absorb(run.pk, "home", {connection.pk: found})
    run.refresh_from_db()
    return run


def result_page(client, run: Run, connection) -> str:
    answer = client.get(f"/runs/{run.pk}/results/{connection.pk}/home/")
    assert answer.status_code == 200
    return answer.text


def words(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def test_a_latency_result_shows_percentiles_failures_and_the_server_s_share(client, make_connection):
    connection = make_connection()
    run = record("latency", connection, outcome("latency"))
    for page in (result_page(client, run, connection), client.get(f"/runs/{run.pk}/").text):
        text = words(page)
        for told in ("p50 1.10 ms", "p95 2.00 ms", "p99 3.00 ms", "Jitter 1.00 ms", "1 query_timeout"):
            assert told in text
        assert "0.200 ms the server" in text
        assert '{"kind":"latency","samples":[1.5,null,2.5],"total":3}' in page


def test_cold_connects_are_listed_with_their_phases_and_failures(client, make_connection):
    connection = make_connection()
    cold = {"dns": None, "tcp": 1.25, "tls": 2.0, "auth": 3.0, "query": 0.5, "total": 6.75, "failed": ""}
    detail = latency(cold=[cold, {**dict.fromkeys(cold), "failed": "tcp_refused"}])
    run = record("latency", connection, outcome("latency", detail))
    text = words(result_page(client, run, connection))
    assert "1.25 ms 2.00 ms 3.00 ms 0.500 ms 6.75 ms" in text
    assert "tcp_refused" in text


def test_a_load_result_shows_seconds_steps_histogram_and_what_it_means(client, make_connection):
    connection = make_connection()
    steps = [{"level": 1, "start": 0, "seconds": 1, "rate": 500, "p50": 1, "p95": 2, "p99": 2, "errors": {}}]
    steps.append({**steps[0], "level": 10, "rate": 900, "p99": 30})
    run = record("load", connection, outcome("load", load(steps=steps, knee=10)))
    page = result_page(client, run, connection)
    text = words(page)
    for told in (
        "It still grew with 10 clients",
        "p99 left 5 ms at 10 clients",
        "By step",
        "10 clients 900/s",
    ):
        assert told in text
    assert "1.00 ms 500 99.4 %" in text
    assert "50.0 ms 3 0.6 %" in text
    assert '{"kind":"load","series":[{' in page


def seconds_listed(page: str) -> list[int]:
    return [int(second) for second in re.findall(r'<th scope="row">(\d+) s</th>', page)]


def test_a_load_test_of_minutes_lists_every_second(client, make_connection):
    connection = make_connection()
    second = DETAILS[Kind.LOAD]["series"][0]
    detail = load(series=[{**second, "start": start} for start in range(600)])
    page = result_page(client, record("load", connection, outcome("load", detail)), connection)
    assert seconds_listed(page) == list(range(600))
    assert "among them each with failures" not in page


def test_a_load_test_of_an_hour_lists_some_seconds_and_all_that_failed_and_draws_every_one(
    client, make_connection
):
    connection = make_connection()
    second = DETAILS[Kind.LOAD]["series"][0]
    detail = load(series=[{**second, "start": start} for start in range(3600)])
    for start in (7, 8, 3599):
        detail["series"][start] = {**second, "start": start, "errors": {"query_timeout": 2}}
    page = result_page(client, record("load", connection, outcome("load", detail)), connection)
    assert page.count('"start":') == 3600
    assert seconds_listed(page) == sorted([*range(0, 3600, 6), 7, 8, 3599])
    assert "603 of 3,600 seconds, among them each with failures" in words(page)


def test_a_latency_that_our_own_side_was_too_busy_to_time_is_not_graded(client, make_connection):
    busy = make_connection()
    found = outcome("connection", strained=True, timings=Timings(tcp=9.0, query=350.0, total=400.0))
    run = record("connection", busy, found)
    for page in (client.get(f"/connections/{busy.pk}/").text, result_page(client, run, busy)):
        assert "lat-slow" not in page
        assert "Latency ≈ 350.0 ms" in words(page)


def test_health_checks_are_sorted_with_shape_word_and_what_is_missing(client, make_connection):
    connection = make_connection()
    detail = health(
        check("good"),
        check("unknown", needs="GRANT pg_monitor TO ada;"),
        check(
            "act", value=3_500_000_000, unit="bytes", rows=[{"table": "orders", "bytes": 2048, "by_total": 1}]
        ),
        check("watch", value="off", unit=""),
    )
    run = record("health", connection, outcome("health", detail))
    page = result_page(client, run, connection)
    assert re.findall(r'data-verdict="(\w+)"', page) == ["act", "watch", "unknown", "good"]
    text = words(page)
    for told in ("■ Act", "▲ Watch", "◌ Unknown", "● Good", "3.26 GiB", "GRANT pg_monitor TO ada;", "2 KiB"):
        assert told in text
    assert "by total" not in text
    assert "1 to act on, 1 to watch, 1 not known, 1 good." in text


def test_a_failed_health_check_is_not_a_connection_that_is_down(client, make_connection):
    connection = make_connection()
    record("connection", connection, outcome("connection"))
    lost = Failure(code="connection_lost", phase="query", hint="Look.", message="gone")
    record("health", connection, outcome("health", {"checks": [], "figures": {}}, failure=lost))
    [row] = board.rows_of([connection])
    assert row.state.word == "Healthy"
    page = client.get(f"/connections/{connection.pk}/").text
    assert "■</span> Down" not in page
    assert "connection_lost" in page


def test_a_load_test_under_way_leaves_the_connection_free_to_be_tested(make_connection):
    connection = make_connection()
    Run.objects.all().delete()
    run_of("load", connection)
    assert not board.rows_of([connection])[0].pending
    run_of("connection", connection)
    assert board.rows_of([connection])[0].pending


def test_the_certificate_is_told_with_its_end(client, make_connection):
    connection = make_connection()
    certificate = {
        "subject": f"CN={HOSTILE}",
        "issuer": "CN=authority",
        "not_before": "2026-01-01T00:00:00+00:00",
        "not_after": "2026-12-01T00:00:00+00:00",
        "days_left": 8.2,
        "names": [HOSTILE],
        "self_signed": False,
        "verified": True,
    }
    run = record("connection", connection, outcome("connection", {"certificate": certificate}))
    own = client.get(f"/connections/{connection.pk}/").text
    for page in (result_page(client, run, connection), own, pushed(run, connection)):
        assert "Issued by CN=authority" in words(page)
        assert "in 8 days, 2026-12-01" in words(page)
        assert ESCAPED in page
        assert "<script>alert" not in page


def test_a_connection_s_page_tells_its_time_limit_and_which_certificates_it_has(client, make_connection):
    for fields, told in (
        ({}, "none"),
        ({"sslrootcert": "PEM"}, "authority"),
        ({"sslrootcert": "PEM", "sslcert": "PEM"}, "authority, client"),
    ):
        target = make_connection(told, connect_timeout=7, **fields)
        text = words(client.get(f"/connections/{target.pk}/").text)
        assert f"Own certificates {told} Time limit 7 s" in text


def test_a_connection_s_page_lists_its_outages_and_keeps_the_list_up_to_date(client, make_connection):
    connection = make_connection()
    path = f"/connections/{connection.pk}/"
    record("connection", connection, outcome("connection"))
    assert "by the connection tests None." in words(client.get(path).text)
    refused = Failure(code="tcp_refused", phase="tcp", hint="Look.", message="refused")
    failed = record("connection", connection, outcome("connection", failure=refused))
    cause = f'href="/runs/{failed.pk}/results/{connection.pk}/home/">tcp_refused</a> in Network (TCP)'
    for page in (client.get(path).text, pushed(failed, connection)):
        assert "■ since then" in words(page)
        assert cause in page
    page = pushed(record("connection", connection, outcome("connection")), connection)
    assert "since then" not in page
    assert cause in page


def pushed(run: Run, connection) -> str:
    [row] = board.rows_of([connection])
    return _connection(run, row, board.run_items(run, {})[0])


def test_a_connection_s_page_says_what_to_do_about_its_gravest_verdicts(client, make_connection):
    connection = make_connection()
    found = health(check("good", hint="Nothing."), check("act", hint=f"Vacuum {HOSTILE}."))
    record("health", connection, outcome("health", found))
    page = client.get(f"/connections/{connection.pk}/").text
    [card] = re.findall(r'<ul class="worst">.*?</ul>', page)
    assert "Title of act 4.2 % Vacuum &lt;script&gt;" in words(card)
    assert "Nothing." not in card


@pytest.mark.parametrize("kind", ["latency", "load", "health"])
def test_the_run_page_of_a_test_under_way_shows_how_far_it_is(client, make_connection, kind):
    connection = make_connection()
    run = run_of(kind, connection)
    assert "Starting" in client.get(f"/runs/{run.pk}/").text
    reports = {
        "latency": {"kind": "latency", "done": 7, "total": 40, "samples": [1.5] * 7},
        "health": {"kind": "health", "done": 7, "total": 40, "title": HOSTILE},
        "load": {
            "kind": "load",
            "elapsed": 2.5,
            "seconds": 40,
            "level": 3,
            "connected": 3,
            "done": 7,
            "failed": 0,
        }
        | {"rate": 123.4, "p50": 1.5, "p95": None, "p99": 9.0, "errors": {}, "series": [], "series_from": 0},
    }
    progress.publish(run.pk, connection.pk, "home", reports[kind])
    page = client.get(f"/runs/{run.pk}/").text
    assert f'data-progress="{connection.pk}-home"' in page
    assert "Under way" in page
    assert "123/s" in page if kind == "load" else ">7</b>/" in page
    assert 'max="40"' in page
    assert "<script>alert" not in page


def test_several_connections_have_the_columns_of_their_kind(client, make_connection):
    first, second = make_connection("first"), make_connection("second")
    for kind, columns in {
        "latency": "p50 p95 p99 Jitter Failed",
        "load": "Rate p50 p95 p99 Failed",
        "health": "Checks Connections Cache hits Size",
    }.items():
        run = run_of(kind, first, second)
        refused = Failure(code="tcp_refused", phase="tcp", hint="Look.", message="refused")
        failed = outcome(kind, {}, summary=None, failure=refused)
        recorder.absorb(run.pk, "home", {first.pk: outcome(kind), second.pk: failed})
        text = words(client.get(f"/runs/{run.pk}/").text)
        assert columns in text
        assert "tcp_refused" in text


def hostile(kind: str) -> tuple[dict[str, Any], Failure]:
    """A detail with hostile text wherever a server, or whoever sits in between, could put it."""
    row = {"query": HOSTILE, "table": HOSTILE, HOSTILE: HOSTILE, "share": 3.5, "verdict": HOSTILE}
    told = {
        "health": health(
            check(
                "act", title=HOSTILE, value=HOSTILE, unit=HOSTILE, hint=HOSTILE, needs=HOSTILE, caveat=HOSTILE
            )
            | {"rows": [row]}
        ),
        "load": load(errors={HOSTILE: 3}, messages={HOSTILE: HOSTILE}),
        "latency": latency(failures={HOSTILE: 1}, cold=[{"failed": HOSTILE, "total": None}]),
        "connection": {},
    }
    return told[kind], Failure(
        code="query_failed", phase="query", hint=HOSTILE, message=HOSTILE, sqlstate="<b>"
    )


@pytest.mark.parametrize("fails", [False, True])
@pytest.mark.parametrize("kind", ["connection", "latency", "load", "health"])
def test_hostile_text_stays_text_on_every_page_and_in_every_fragment(client, make_connection, kind, fails):
    detail, failure = hostile(kind)
    server = Server(version=HOSTILE, address=HOSTILE, pooler=HOSTILE, tls_version="<b>", tls_cipher="<b>")
    connection, twin = make_connection("<b>name</b>"), make_connection("<i>twin</i>", pooled=True)
    connection.twin = twin
    connection.save()
    found = outcome(kind, detail, server=server, failure=failure if fails else None)
    for one in (connection, twin):
        run = record(kind, one, found)
    run = record(kind, connection, found)
    several = run_of(kind, connection, twin)
    recorder.absorb(several.pk, "home", {connection.pk: found, twin.pk: found})
    several.refresh_from_db()
    item = board.run_items(run, {})[0]
    [row] = board.rows_of([connection])
    shown = [
        client.get(path).text
        for path in (
            "/",
            "/runs/",
            f"/connections/{connection.pk}/",
            f"/connections/{connection.pk}/load/",
            f"/connections/latency/?connection={connection.pk}",
            f"/runs/{run.pk}/",
            f"/runs/{several.pk}/",
            f"/runs/{run.pk}/results/{connection.pk}/home/",
        )
    ]
    shown += [_fleet(run, [row], [item]), _run(several, [item]), _connection(run, row, item)]
    for html in shown:
        for markup in ("<script>alert", "<b>name", "<i>twin", "{{ 7|add:7 }}<", "</template></td>"):
            assert markup not in html
    assert "&lt;b&gt;name" in shown[0]


def test_a_pair_is_shown_side_by_side_with_what_the_pooler_hides(client, make_connection):
    direct, pooled = make_connection("orders"), make_connection("orders pooled", pooled=True)
    direct.twin = pooled
    direct.save()
    for one in (direct, pooled):
        record("connection", one, outcome("connection"))
        record("latency", one, outcome("latency"))
    hidden = check("good", caveat="Through a pooler: clients that wait are not counted.")
    record("health", pooled, outcome("health", health(hidden)))
    for one in (direct, pooled):
        text = words(client.get(f"/connections/{one.pk}/").text)
        assert "Direct orders" in text
        assert "Pooled orders pooled" in text
        assert "Latency p99 3.00 ms 3.00 ms" in text
        assert "What the pooler hides" in text
        assert "clients that wait are not counted" in text


def test_a_trial_fragment_of_the_scratch_table_says_what_became_of_it():
    for context, told in [
        ({"problem": HOSTILE}, ESCAPED),
        ({"away": True}, "queue cannot be reached"),
        ({"token": "0" * 8 + "-0000-7000-8000-" + "0" * 12, "polls": 3}, "Working on it"),
        (
            {"token": "0" * 8 + "-0000-7000-8000-" + "0" * 12, "polls": 3, "silent": True},
            "No worker answered",
        ),
    ]:
        html = render_to_string("probes/_scratch_outcome.html", context)
        assert told in html
        assert "<script>" not in html
