"""How far places are apart, and how a measured round trip compares with light in fibre between them."""

import pytest

from connections.models import Connection, Region
from probes.atlas import Path, Spot, fibre_floor_ms, great_circle_km
from probes.models import Latest


def place(latitude: float, longitude: float) -> Region:
    return Region(latitude=latitude, longitude=longitude)


FRANKFURT, TOKYO, AUCKLAND = place(50.11, 8.68), place(35.69, 139.69), place(-36.85, 174.76)
SAN_FRANCISCO, SANTIAGO = place(37.77, -122.42), place(-33.45, -70.67)


@pytest.mark.parametrize(
    ("one", "other", "km"),
    [
        (FRANKFURT, TOKYO, 9_333),
        (TOKYO, SAN_FRANCISCO, 8_270),
        (AUCKLAND, SANTIAGO, 9_670),
        (place(0, 0), place(0, 180), 20_015),
        (place(90, 0), place(-90, 77), 20_015),
        (place(12, 179.9), place(12, -179.9), 21.8),
    ],
)
def test_distances_are_those_over_the_ground_also_across_the_antimeridian(
    one: Region, other: Region, km: float
):
    assert great_circle_km(one, other) == pytest.approx(km, rel=0.003)
    assert great_circle_km(other, one) == pytest.approx(great_circle_km(one, other))


def test_a_place_is_no_way_from_itself():
    assert great_circle_km(TOKYO, TOKYO) == 0


def test_light_in_fibre_goes_204_kilometres_in_a_millisecond_and_comes_back():
    assert fibre_floor_ms(2040) == 20


def spot(km: float | None, query_ms: float | None, *, connection: Connection | None = None, **fields) -> Spot:
    latest = Latest(**{"ok": True, "query_ms": query_ms, **fields})
    return Spot(connection or Connection(name="target"), latest, None if km is None else Path(km))


@pytest.mark.parametrize(
    ("km", "query_ms", "said"),
    [
        (8_160, 84.2, "1.1 * the fibre floor"),
        (4_080, 84.0, "2.1 * the fibre floor"),
        (408, 84.0, "21 * the fibre floor"),
        (49, 0.9, "in the same city"),
        (9_134, 20.0, "faster than light in fibre: check both places"),
        (9_134, 89.4, "1.0 * the fibre floor"),
        (None, 84.0, ""),
    ],
)
def test_a_latency_is_compared_with_the_floor(km, query_ms, said):
    assert spot(km, query_ms).comparison == said.replace("*", "\u00d7")


def test_the_ratio_is_a_number_only_where_the_comparison_is_one():
    assert spot(4_080, 84.0).ratio == pytest.approx(2.1)
    assert spot(49, 84.0).ratio is None
    assert spot(9_134, 20.0).ratio is None
    assert spot(None, 84.0).ratio is None
    assert spot(4_080, 84.0, strained=True).ratio is None


def test_what_is_not_a_real_distance_says_so_and_is_compared_with_nothing():
    demo = Connection(name="demo", simulated_rtt_ms=80.0)
    assert spot(None, 84.0, connection=demo).comparison == "simulated"
    assert spot(4_080, 84.0, simulated=True).comparison == "simulated"
    assert spot(4_080, 84.0, synthetic=True).comparison == "synthetic"


def test_a_latency_that_a_busy_worker_took_is_shown_as_about_that():
    busy = spot(4_080, 84.0, strained=True)
    assert (busy.latency, busy.comparison) == ("≈ 84.0 ms", "measured while the worker was busy")


def test_without_a_latency_its_reason_is_said_instead():
    failed = spot(4_080, None, ok=False, error_code="tcp_refused", error_phase="tcp")
    assert (failed.latency, failed.comparison, failed.ratio) == ("tcp_refused", "", None)
    assert Spot(Connection(name="new"), None, Path(4_080)).latency == "not tested yet"


def test_the_latency_of_a_failed_test_is_none_even_if_a_query_was_timed():
    assert spot(4_080, 12.0, ok=False, error_code="tls_failed").latency_ms is None
