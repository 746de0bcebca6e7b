"""How the server answers what pages ask: by an index, however long the table is.

A chunk of a small table is read faster without one, so that way is barred here.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import timedelta

import pytest
from django.db import connection as database

from connections.models import Connection
from probes import history
from probes.history import Cursor, Filters, Window, newest_checks, older_checks, outages_of, synthetic
from probes.models import Result
from tests.rigs import timescale
from tests.rigs.results import REFUSED, add, every, result

pytestmark = pytest.mark.django_db
MONTH = Window.named("30d")
NO_CHUNK = "One-Time Filter: false"


@pytest.fixture(scope="module", autouse=True)
def _long_history(edition, django_db_blocker) -> Iterator[None]:
    with django_db_blocker.unblock():
        # What earlier tests rolled back still swells tables and indexes.
        timescale.clean()
        synthetic.generate(synthetic.Plan(rows=5000, connections=3, days=20))
        with database.cursor() as cursor:
            # As autovacuum does sooner or later, in the middle of a run or not.
            cursor.execute("ANALYZE probes_result, connections_connection")
        yield
        timescale.clean()


@pytest.fixture
def plans(db) -> Iterator[list[str]]:
    """The plans of what is asked from now on."""
    found: list[str] = []

    def explain(execute, question, parameters, many, context):
        if "FROM probes_result" in question and not question.startswith("EXPLAIN"):
            with database.cursor() as cursor:
                cursor.execute(f"EXPLAIN {question}", parameters)
                found.append("\n".join(row[0] for row in cursor.fetchall()))
        return execute(question, parameters, many, context)

    with database.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
    with database.execute_wrapper(explain):
        yield found


def some(count: int) -> tuple[int, ...]:
    return tuple(Connection.objects.order_by("pk").values_list("pk", flat=True)[:count])


def expect_index(plans: Sequence[str], name: str = "Index") -> None:
    assert plans
    for plan in plans:
        assert not re.search("Seq Scan on (probes_result|_hyper)", plan)
        assert name in plan or NO_CHUNK in plan


@pytest.mark.parametrize("deep", [False, True], ids=["newest", "deep"])
def test_no_page_walks_the_whole_table(plans, deep):
    place = Cursor.at(Result.objects.order_by("-pk")[3000]) if deep else None
    for filters in (
        Filters(),
        Filters(connections=some(1)),
        Filters(connections=some(3)),
        Filters(outcome="failed"),
        Filters(error="tcp_refused"),
    ):
        older_checks(filters, MONTH, place)
    expect_index(plans)


def test_tests_of_a_rare_kind_are_found_by_their_kind(plans):
    # Among few rows it is as cheap to walk past the tests of other kinds.
    add(*(result(10**6, at) for at in every(timedelta(seconds=15), MONTH.end - timedelta(hours=20), 4000)))
    with database.cursor() as cursor:
        cursor.execute("ANALYZE probes_result")
    newest_checks(Filters(kind="load"), MONTH)
    # Further back there are few rows of any kind.
    expect_index(plans[:1], "result_rare_kind")


def test_outages_are_found_by_an_index(plans):
    outages_of(some(1)[0], MONTH.end, kind="connection", vantage="home")
    expect_index(plans)


def test_failures_of_a_connection_are_found_by_it(plans):
    add(*(result(10**6, at, **REFUSED) for at in every(timedelta(minutes=10), MONTH.start, 4000)))
    with database.cursor() as cursor:
        cursor.execute("ANALYZE probes_result")
    history.failures_of(some(1), MONTH)
    expect_index(plans, "result_failed_by_connection")
