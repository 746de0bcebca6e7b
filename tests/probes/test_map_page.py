"""The map's page: everything in the map is in its table, too."""

import pytest
from django.urls import reverse

from tests.rigs.places import dublin, home, measured, tokyo

HOSTILE = [
    "<script>alert(1)</script>",
    "\"quotes\" and 'quotes'",
    '{{ "mer"|add:"ged" }}',
    "\u202eright to left",
]


def page(client, query: str = "", **headers) -> str:
    answer = client.get(reverse("map") + query, headers=headers)
    assert answer.status_code == 200
    return answer.content.decode()


def row(html: str, pk: int) -> str:
    return html.split(f'<tr id="map-row-{pk}"')[1].split("</tr>")[0]


def test_every_connection_has_a_row_with_what_the_map_shows(client, make_connection):
    home(dublin())
    target = make_connection("tokyo-1", region=tokyo(), provider="google")
    measured(target, query_ms=231.4)
    told = row(page(client), target.pk)
    for text in (
        "tokyo-1",
        "Google Cloud",
        "Tokyo, JP",
        "Slow",
        "231.4 ms",
        "9,586 km",
        "94.0 ms",
        "2.5 \u00d7 the fibre floor",
    ):
        assert text in told


def test_a_connection_without_a_region_says_where_to_set_it(client, make_connection):
    target = make_connection()
    assert f'<a href="{reverse("connection-edit", args=[target.pk])}">Set a region</a>' in row(
        page(client), target.pk
    )


def test_a_vantage_without_a_region_says_where_to_set_it(client, make_connection):
    make_connection()
    vantage = home()
    assert (
        f'<a href="{reverse("admin:probes_vantage_change", args=[vantage.pk])}">Set its region</a>'
        in page(client)
    )


def test_the_filters_of_the_address_hide_rows_and_keep_them_in_the_page(client, make_connection):
    here = make_connection("aws", provider="aws")
    there = make_connection("neon", provider="neon")
    measured(here, query_ms=5.0)
    for query, hidden in [
        ("", set()),
        ("?provider=aws", {there.pk}),
        ("?state=unknown", {here.pk}),
        ("?provider=aws&state=unknown", {here.pk, there.pk}),
        ("?state=%00nonsense", {here.pk, there.pk}),
    ]:
        html = page(client, query)
        found = {pk for pk in (here.pk, there.pk) if " hidden" in row(html, pk).split(">")[0]}
        assert found == hidden, query


@pytest.mark.parametrize("name", HOSTILE)
def test_names_are_text(client, make_connection, name: str):
    make_connection(name)
    html = page(client)
    assert "<script>alert(1)" not in html
    assert "merged" not in html


def test_without_connections_the_page_says_what_to_do(client):
    html = page(client)
    assert reverse("connection-new") in html
    assert "data-map=" not in html


def test_an_open_page_fetches_only_its_live_part(client, make_connection):
    make_connection()
    part = page(client, **{"HX-Request": "true", "HX-Target": "live"})
    assert part.startswith('<main id="live"')
    assert 'data-live="/ws/fleet/"' in part


def test_the_dashboard_has_a_map_that_asks_for_the_same_data(client, make_connection):
    make_connection()
    html = client.get(reverse("dashboard")).content.decode()
    assert 'data-map="card"' in html
    assert f'data-src="{reverse("map-places")}"' in html
