"""The small pictures of a row: gaps stay gaps, and nothing known is a dash."""

import re
from types import SimpleNamespace

import pytest

from probes.templatetags.drawings import HEIGHT, phase_bar, spark


def drawn(latencies, failed=()):
    return spark(SimpleNamespace(latencies=latencies, failed=failed))


def line(svg):
    return re.search(r'<path d="([^"]*)"', svg)[1]


def test_a_gap_is_a_gap():
    assert line(drawn([10.0, 10.0, None, None, 10.0, 10.0])) == "M0 12L4 12M16 12L20 12"


def test_a_lone_hour_can_be_seen():
    assert line(drawn([None, 10.0, None])) == "M4 12h1"


def test_an_even_line_is_in_the_middle_and_a_spike_reaches_the_top():
    assert line(drawn([10.0, 10.0, 40.0])) == "M0 17L4 17L8 2"
    assert line(drawn([10.0, 10.0])) == "M0 12L4 12"


def test_hours_with_failures_are_marked_in_the_picture_and_in_words():
    svg = drawn([10.0, None, 10.0], failed=[1, 2])
    assert f'd="M4 {HEIGHT}v-6M8 {HEIGHT}v-6"' in svg
    assert "failures in 2 of 3 hours" in svg


def test_a_day_on_which_nothing_worked_has_marks_and_no_line():
    svg = drawn([None, None], failed=[0, 1])
    assert line(svg) == ""
    assert "Nothing worked" in svg


@pytest.mark.parametrize("day", [None, "", SimpleNamespace(latencies=[None, None], failed=[])])
def test_nothing_known_is_a_dash(day):
    assert spark(day) == "—"


def test_zero_milliseconds_are_drawn():
    assert line(drawn([0.0, 0.0])) == "M0 22L4 22"


def test_phases_that_were_not_reached_are_left_out():
    timed = SimpleNamespace(dns_ms=1.0, tcp_ms=2.0, tls_ms=None, auth_ms=None, query_ms=None, total_ms=3.0)
    svg = phase_bar(timed)
    assert svg.count("<rect") == 2
    assert "phase-tls" not in svg
    assert phase_bar(None) == "—"
