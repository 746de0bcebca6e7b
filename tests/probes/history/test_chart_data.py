"""What charts fetch: the agreed JSON, and a sentence for what cannot be drawn."""

import itertools
import re
from datetime import timedelta

import pytest
from django.db import connection as database
from django.utils import timezone

from probes import charts
from probes.history import Refused, Window, patience
from probes.history.editions import Edition
from probes.history.windows import NAMED
from probes.models import Kind
from tests.rigs.results import OURS, REFUSED, add, every, result

pytestmark = pytest.mark.django_db
START = timezone.now().replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=10)
RANGE = f"from={START:%Y-%m-%d}&to={START + timedelta(days=1):%Y-%m-%d}"
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
UNITS = {"ms", "%", "count", "bytes", "per_s", "s"}
ROLES = {"p50", "p95", "p99", "rate", "dns", "tcp", "tls", "auth", "query", "ok", "error", "plain"}


@pytest.mark.parametrize("chart", charts.TITLES)
def test_every_chart_keeps_to_the_contract(client, make_connection, chart):
    one, two = make_connection("one"), make_connection("two")
    now = timezone.now()
    health = {"cache_hit_ratio": 0.5, "connections_used": 1, "connections_limit": 10}
    for target in (one, two):
        add(
            *(result(target.pk, at) for at in every(-7 * MINUTE, now - MINUTE, 100)),
            *(result(target.pk, at, kind=Kind.HEALTH, **health) for at in every(-HOUR, now - MINUTE, 30)),
            result(target.pk, now - 2 * MINUTE, **REFUSED),
        )
    of_one, of_both = (
        f"/connections/{one.pk}/series/",
        f"/history/series/?connection={one.pk}&connection={two.pk}",
    )
    for address, window in itertools.product((f"{of_one}?", f"{of_both}&"), NAMED):
        data = client.get(f"{address}window={window}&chart={chart}").json()
        assert data["unit"] in UNITS
        assert data["title"]
        assert data["empty"]
        assert data["x_kind"] == "time"
        assert data["x"]
        assert all(earlier < later for earlier, later in itertools.pairwise(data["x"]))
        assert data["gap_seconds"] > 0
        for series in data["series"]:
            assert series["role"] in ROLES
            assert len(series["values"]) == len(data["x"])
        assert any(value is not None for series in data["series"] for value in series["values"])


def test_a_chart_says_whether_its_figures_are_made_up(make_connection):
    real = make_connection()
    made_up = make_connection("synthetic", host="synthetic.invalid", tags=["synthetic"])
    window = Window.named("1h")
    for name in charts.TITLES:
        origins = [
            charts.chart(name, chosen, window, "home")["origin"]
            for chosen in ([real], [made_up], [real, made_up])
        ]
        assert origins == ["", "synthetic", "partly synthetic"]


def test_several_connections_are_named_in_the_order_of_their_names(client, make_connection):
    zebra, ant = make_connection("zebra"), make_connection("ant")
    add(result(zebra.pk, START, query_ms=1), result(ant.pk, START, query_ms=2))
    data = client.get(f"/history/series/?connection={zebra.pk}&connection={ant.pk}&{RANGE}").json()
    assert [(series["label"], series["values"]) for series in data["series"]] == [
        ("ant", [2]),
        ("zebra", [1]),
    ]


def test_gaps_are_left_out_and_told(client, make_connection):
    target = make_connection()
    add(
        *(result(target.pk, at) for at in every(10 * MINUTE, START, 12)),
        *(result(target.pk, at) for at in every(10 * MINUTE, START + 12 * HOUR, 12)),
    )
    data = client.get(f"/connections/{target.pk}/series/?{RANGE}").json()
    assert len(data["x"]) == 24
    assert 600 < data["gap_seconds"] < 10 * 3600
    assert None not in data["series"][0]["values"]
    assert (data["from"], data["to"]) == (START.timestamp(), (START + 24 * HOUR).timestamp())


def test_where_failing_begins_is_marked_once(client, make_connection):
    target = make_connection()
    failing = {*range(20, 30), 50}
    add(
        *(
            result(target.pk, START + n * 10 * MINUTE, **(REFUSED if n in failing else {}))
            for n in range(100)
        ),
        result(target.pk, START + 80 * 10 * MINUTE + MINUTE, **OURS),
    )
    marks = client.get(f"/connections/{target.pk}/series/?{RANGE}").json()["marks"]
    assert [mark["x"] for mark in marks] == [(START + n * 10 * MINUTE).timestamp() for n in (20, 50)]
    assert marks[0]["role"] == "error"
    assert marks[0]["label"] == "1 of 1 failed"


def test_a_stretch_of_failures_breaks_the_line_and_is_no_gap(client, make_connection):
    target = make_connection()
    add(*(result(target.pk, START + n * HOUR, **(REFUSED if n == 2 else {})) for n in range(4)))
    data = client.get(f"/connections/{target.pk}/series/?{RANGE}").json()
    assert data["x"] == [(START + n * HOUR).timestamp() for n in range(4)]
    assert data["series"][0]["values"] == [5, 5, None, 5]


def test_a_database_that_was_down_throughout_is_not_one_that_nobody_measured(client, make_connection):
    down, idle = make_connection("down"), make_connection("idle")
    add(*(result(down.pk, START + n * HOUR, **REFUSED) for n in range(24)))
    latency, phases = (
        client.get(f"/connections/{down.pk}/series/?{RANGE}&chart={name}").json()
        for name in ("latency", "phases")
    )
    for data in (latency, phases):
        assert len(data["x"]) == 24
        assert all(set(series["values"]) == {None} for series in data["series"])
        assert data["empty"].startswith("From home, every check failed from ")
    assert [mark["x"] for mark in latency["marks"]] == [START.timestamp()]
    both = client.get(f"/history/series/?connection={down.pk}&connection={idle.pk}&{RANGE}").json()
    assert "every check failed" in both["empty"]
    nothing = client.get(f"/connections/{idle.pk}/series/?{RANGE}").json()
    assert (nothing["x"], nothing["marks"]) == ([], [])
    assert "nothing was measured" in nothing["empty"]


def test_checks_that_worked_without_telling_a_figure_say_so(client, make_connection):
    target = make_connection()
    add(result(target.pk, START, kind=Kind.HEALTH), result(target.pk, START + HOUR, strained=True))
    for name in ("cache", "latency"):
        data = client.get(f"/connections/{target.pk}/series/?{RANGE}&chart={name}").json()
        assert "no check gave this figure" in data["empty"]


def test_what_began_before_the_window_is_drawn_where_the_window_begins(client, make_connection):
    target = make_connection()
    begin = START + 2 * MINUTE
    add(*(result(target.pk, begin + n * HOUR, **REFUSED) for n in range(3)))
    query = f"from={begin:%Y-%m-%dT%H:%M}&to={begin + timedelta(days=1):%Y-%m-%dT%H:%M}"
    data = client.get(f"/connections/{target.pk}/series/?{query}").json()
    assert data["from"] == data["x"][0] == data["marks"][0]["x"] == begin.timestamp()
    assert data["x"][1] < (begin + HOUR).timestamp()


def test_cache_hits_are_percent(client, make_connection):
    target = make_connection()
    add(result(target.pk, START, kind=Kind.HEALTH, cache_hit_ratio=0.995))
    data = client.get(f"/connections/{target.pk}/series/?{RANGE}&chart=cache").json()
    assert (data["unit"], data["series"][0]["values"]) == ("%", [99.5])


def test_a_chart_is_of_the_home_vantage_unless_another_is_named(client, make_connection):
    target = make_connection()
    add(result(target.pk, START, query_ms=1), result(target.pk, START, query_ms=200, vantage="tokyo"))
    address = f"/connections/{target.pk}/series/?{RANGE}"
    assert client.get(address).json()["series"][0]["values"] == [1]
    assert client.get(f"{address}&vantage=tokyo").json()["series"][0]["values"] == [200]


@pytest.mark.parametrize("vantage", ["home", "tokyo"])
def test_every_chart_and_the_strip_say_where_from(client, make_connection, vantage):
    target = make_connection()
    for chart in charts.TITLES:
        data = client.get(f"/connections/{target.pk}/series/?chart={chart}&vantage={vantage}").json()
        assert data["title"] == f"{charts.TITLES[chart]} from {vantage}"
        assert re.fullmatch(f"From {vantage}, nothing .* in the last 24 h.", data["empty"])
    strip = client.get(f"/connections/{target.pk}/strip/?vantage={vantage}").json()
    assert strip["title"] == f"Success from {vantage}"


def test_the_strip_tells_each_stretch(client, make_connection):
    target = make_connection()
    add(
        result(target.pk, START),
        result(target.pk, START + HOUR, **REFUSED),
        result(target.pk, START + 2 * HOUR, **OURS),
    )
    data = client.get(f"/connections/{target.pk}/strip/?{RANGE}").json()
    cells = {cell["from"]: cell for cell in data["cells"]}
    assert len(cells) == len(data["cells"]) <= 96
    assert cells[START.timestamp()]["state"] == "good"
    assert cells[(START + HOUR).timestamp()] == {
        "from": int((START + HOUR).timestamp()),
        "to": int((START + HOUR + 15 * MINUTE).timestamp()),
        "state": "bad",
        "text": "None of 1 checks worked",
    }
    assert cells[(START + 2 * HOUR).timestamp()]["state"] == "ours"
    assert cells[(START + 3 * HOUR).timestamp()]["state"] == "none"


@pytest.mark.parametrize(
    "query",
    [
        "chart=nonsense",
        "chart=%00",
        "window=5y",
        "from=2025-05-02&to=2025-05-01",
        "from=2025-05-01&to=2025-05-01",
        "from=2300-01-01",
        "from=1000-01-01",
        "vantage=%00",
        "vantage=a%20b",
    ],
)
def test_what_cannot_be_drawn_is_said_in_json(client, make_connection, query):
    target = make_connection()
    for address in (
        f"/connections/{target.pk}/series/",
        "/history/series/",
        f"/connections/{target.pk}/strip/",
    ):
        if "chart" in query and "strip" in address:
            continue
        response = client.get(f"{address}?connection={target.pk}&{query}")
        assert response.status_code == 422
        assert response.json()["error"].endswith(".")


def test_unknown_connections_are_not_found(client, db):
    for address in (
        "/connections/424242/series/",
        "/connections/424242/strip/",
        "/history/series/?connection=424242",
    ):
        response = client.get(address)
        assert response.status_code == 404
        assert "no such connection" in response.json()["error"]


def test_a_chart_without_a_connection_or_with_nine_is_refused(client, make_connection):
    assert "Name a connection" in client.get("/history/series/").json()["error"]
    query = "&".join(f"connection={make_connection(f'target {n}').pk}" for n in range(9))
    assert "at most 8" in client.get(f"/history/series/?{query}").json()["error"]


def test_a_read_that_takes_too_long_is_given_up_with_a_sentence(edition):
    if edition is Edition.COMMUNITY:
        pytest.skip("The community edition's build cannot be interrupted.")
    late = pytest.raises(Refused, match=r"longer than 0.05 s to read. Narrow the time")
    with late, patience(0.05), database.cursor() as cursor:
        cursor.execute("SELECT pg_sleep(20)")
    with database.cursor() as cursor:
        cursor.execute("SHOW statement_timeout")
        assert cursor.fetchone() == ("0",)


def test_points_are_bounded_whatever_the_rate_of_checks(make_connection):
    target = make_connection()
    add(*(result(target.pk, at) for at in every(timedelta(seconds=90), START, 950)))
    data = charts.chart("latency", [target], Window(START, START + 24 * HOUR), "home")
    assert 250 < len(data["x"]) <= 300
