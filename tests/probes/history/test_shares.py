"""How often tests worked: for many connections at once, cell by cell, and from everywhere to everywhere."""

import itertools
from datetime import timedelta

import pytest
from django.utils import timezone

from probes.history import Window, matrix_of, rollup, strip_of, success_shares
from probes.models import Kind
from tests.rigs.results import OURS, REFUSED, add, result

pytestmark = pytest.mark.django_db

START = timezone.now().replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=10)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = Window(START, START + 24 * HOUR)


def test_the_share_of_a_day_counts_what_says_something_about_the_database():
    now = timezone.now()
    add(
        *(result(1, now - n * HOUR) for n in range(3)),
        result(1, now, **REFUSED),
        result(1, now, **OURS),
        result(2, now, **OURS),
        result(3, now - timedelta(days=3)),
    )
    shares = success_shares([1, 2, 3, 4], now)
    assert (shares[1].checks, shares[1].good, shares[1].ours, shares[1].value) == (4, 3, 1, 0.75)
    assert shares[2].value is None
    assert shares.keys() == {1, 2}


def test_shares_of_ten_thousand_connections_come_in_one_question(django_assert_num_queries):
    now = timezone.now()
    add(*(result(pk, now) for pk in range(1, 50)))
    with django_assert_num_queries(1):
        shares = success_shares(range(1, 10_001), now)
    assert len(shares) == 49


def test_shares_are_of_the_kinds_and_vantages_asked_for():
    now = timezone.now()
    add(result(1, now), result(1, now, kind=Kind.LOAD, **REFUSED), result(1, now, vantage="tokyo", **REFUSED))
    assert success_shares([1], now, kinds=["connection"], vantages=["home"])[1].value == 1


def test_shares_do_not_change_when_hours_are_rolled_up():
    now = timezone.now()
    add(*(result(1, now - n * 20 * MINUTE, **(REFUSED if n % 3 == 0 else {})) for n in range(50)))
    before = success_shares([1], now)
    while rollup.advance(now):
        pass
    assert success_shares([1], now) == before


def test_a_strip_has_a_cell_for_every_stretch_and_says_what_happened_in_it():
    add(
        result(1, START),
        result(1, START + HOUR),
        result(1, START + HOUR + MINUTE, **REFUSED),
        result(1, START + 2 * HOUR, **REFUSED),
        result(1, START + 3 * HOUR, **OURS),
        result(1, START + 4 * HOUR, **OURS),
        result(1, START + 4 * HOUR, vantage="tokyo"),
    )
    cells = strip_of(1, DAY, vantages=["home"], most_cells=24)
    assert [cell.state for cell in cells[:6]] == ["good", "partly", "bad", "ours", "ours", "none"]
    assert len(cells) == 24
    assert all(one.end == other.start for one, other in itertools.pairwise(cells))


def test_the_matrix_has_a_cell_for_every_vantage_and_connection_that_met():
    add(
        result(1, START, query_ms=10),
        result(1, START + MINUTE, **REFUSED),
        result(1, START, vantage="tokyo", query_ms=200),
        result(2, START, **OURS),
        result(2, START, kind=Kind.LOAD, query_ms=999),
    )
    found = matrix_of(DAY)
    assert found.keys() == {("home", 1), ("tokyo", 1), ("home", 2)}
    home = found["home", 1]
    assert (home.checks, home.good, home.error_share, home.p50_ms, home.p99_ms) == (2, 1, 0.5, 10, 10)
    assert found["tokyo", 1].p95_ms == 200
    nothing = found["home", 2]
    assert (nothing.checks, nothing.ours, nothing.error_share, nothing.p50_ms) == (0, 1, None, None)
    assert matrix_of(DAY, connection_ids=[2]).keys() == {("home", 2)}
