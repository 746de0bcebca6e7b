"""One word for a result: healthy, slow, down or no data; the same in Python and in SQL."""

import itertools

import pytest
from django.utils import timezone

from probes import board, dispatch, history, tasks
from probes.engine.errors import HINTS, OURS
from probes.models import Latest, uuid7
from probes.states import State, state_of
from tests.rigs.pump import pump, take

ERRORS = [
    ("", ""),
    ("tcp_refused", "tcp"),
    ("tcp_timeout", "tcp"),
    ("dns_timeout", "dns"),
    ("lost", "worker"),
]


def latest(**fields) -> Latest:
    now = timezone.now()
    times = {"issued_at": now, "started_at": now, "finished_at": now}
    return Latest(vantage="home", kind="connection", run_id=uuid7(), **{"ok": True, **times, **fields})


@pytest.mark.parametrize(
    ("fields", "state"),
    [
        ({"query_ms": 12.0}, State.HEALTHY),
        ({"query_ms": 199.9}, State.HEALTHY),
        ({"query_ms": 200.0}, State.SLOW),
        ({"query_ms": 12.0, "total_ms": 5000.0}, State.HEALTHY),
        ({"ok": False, "error_code": "auth_failed", "error_phase": "auth"}, State.UNHEALTHY),
        ({"ok": False, "error_code": "worker_lost", "error_phase": "worker"}, State.UNKNOWN),
        ({"ok": False, "error_code": "dns_timeout", "error_phase": "dns"}, State.UNKNOWN),
        ({"query_ms": 900.0, "strained": True}, State.UNKNOWN),
        ({"ok": False, "error_code": "tcp_timeout", "error_phase": "tcp", "strained": True}, State.UNKNOWN),
        (
            {"ok": False, "error_code": "auth_failed", "error_phase": "auth", "strained": True},
            State.UNHEALTHY,
        ),
    ],
)
def test_what_a_result_says_of_the_database(fields, state):
    assert state_of(latest(**fields)) == state


def test_without_a_result_nothing_is_known():
    assert state_of(None) == State.UNKNOWN


def test_every_code_that_blames_our_own_side_is_a_code():
    assert HINTS.keys() >= OURS


@pytest.mark.django_db(transaction=True)
def test_sql_and_python_agree(make_connection):
    expected: dict[str, int] = {}
    cases = itertools.product(ERRORS, [None, 20.0, 300.0], [False, True])
    for number, ((code, phase), query_ms, strained) in enumerate(cases):
        row = latest(ok=not code, error_code=code, error_phase=phase, query_ms=query_ms, strained=strained)
        row.connection = make_connection(f"case {number}")
        row.save()
        expected[state_of(row).value] = expected.get(state_of(row).value, 0) + 1
    make_connection("never tested")
    make_connection("not active", active=False)
    expected["unknown"] += 1
    found: dict[str, int] = {}
    for group in history.totals("home", "connection"):
        found[group.state] = found.get(group.state, 0) + group.count
    assert found == expected
    assert {tile.state.value: tile.count for tile in board.Totals.of_fleet().tiles} == expected


@pytest.mark.django_db(transaction=True)
def test_a_row_waits_until_its_own_result_and_no_longer(make_connection):
    pair = [make_connection("one"), make_connection("two")]
    pump()
    dispatch.request_run(kind="connection", connections=pair, source="page")
    assert [row.pending for row in board.rows_of(pair)] == [True, True]
    _, args, _ = take("probes.home")
    tasks.run_probes(*args)
    pump(["record"])
    assert sorted(row.pending for row in board.rows_of(pair)) == [False, True]
