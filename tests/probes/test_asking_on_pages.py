"""Pages ask for every kind of test: with options in a sheet, for one, for the selected, for all, and once more."""

import json
import re
from uuid import UUID

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.template.loader import render_to_string
from django.test import Client

from probes.models import Kind, Run, Vantage
from probes.views.asking import NOTHING

pytestmark = pytest.mark.django_db(transaction=True)
HTMX = {"HX-Request": "true"}
LATENCY = {"samples": "20", "interval_ms": "0", "warm_up": "0", "cold_connects": "1"}
LOAD = {"clients": "2", "seconds": "1", "loop": "closed", "spacing": "even", "workload": "select1"} | {
    "max_error_share": "10",
    "processes": "1",
}


@pytest.fixture
def plain(db) -> Client:
    """Somebody without any right of their own."""
    somebody = Client()
    somebody.force_login(get_user_model().objects.create(username="bob", password="!"))
    return somebody


def newest(kind: str) -> Run:
    return Run.objects.filter(kind=kind).first()


def toast(response) -> str:
    return json.loads(response["HX-Trigger"])["toast"]["text"]


@pytest.mark.parametrize(("kind", "fields"), [("latency", LATENCY), ("load", LOAD)])
def test_the_sheet_is_shown_sent_and_leads_to_the_run(client, user, make_connection, kind, fields):
    connection = make_connection("orders")
    path = f"/connections/{connection.pk}/{kind}/"
    sheet = client.get(path, headers=HTMX).text
    assert sheet.lstrip().startswith("<h2")
    assert f'hx-post="{path}"' in sheet
    response = client.post(path, fields, headers=HTMX)
    run = newest(kind)
    assert response["HX-Redirect"] == f"/runs/{run.pk}/"
    assert (run.requested_by, run.source, run.total) == (user, Run.Source.PAGE, 1)
    assert client.get(f"/runs/{run.pk}/").status_code == 200


def test_without_scripts_the_sheet_is_a_page(client, make_connection):
    connection = make_connection()
    path = f"/connections/{connection.pk}/latency/"
    assert "<html" in client.get(path).text
    assert client.post(path, LATENCY).url == f"/runs/{newest('latency').pk}/"
    assert newest("latency").params["samples"] == 20


def test_the_page_with_the_options_stays_a_page_when_something_is_wrong(client, make_connection):
    path = f"/connections/{make_connection().pk}/latency/"
    # Swapped in by htmx, the sheet alone would take the place of the frame.
    assert f'hx-post="{path}"' not in client.get(path).text
    again = client.post(path, LATENCY | {"samples": "many"})
    assert again.status_code == 422
    assert "<html" in again.text
    assert 'value="many"' in again.text


@pytest.mark.parametrize(
    ("kind", "field", "value"),
    [
        ("latency", "samples", "0"),
        ("latency", "warm_up", "<b>"),
        ("load", "clients", "501"),
        ("load", "ramp", "5, 1"),
    ],
)
def test_bad_input_is_kept_and_said_at_its_field(client, make_connection, kind, field, value):
    connection = make_connection()
    fields = {**(LATENCY if kind == "latency" else LOAD), field: value}
    response = client.post(f"/connections/{connection.pk}/{kind}/", fields, headers=HTMX)
    assert response.status_code == 422
    assert f'id="id_{field}_error"' in response.text
    assert f'value="{value.replace("<", "&lt;").replace(">", "&gt;")}"' in response.text
    assert newest(kind) is None


def test_a_second_load_test_of_the_database_is_refused_in_the_sheet(client, make_connection):
    connection = make_connection("orders")
    path = f"/connections/{connection.pk}/load/"
    assert client.post(path, LOAD, headers=HTMX).status_code == 200
    response = client.post(path, LOAD, headers=HTMX)
    assert response.status_code == 422
    assert "orders is under way" in response.text
    assert Run.objects.filter(kind="load").count() == 1


def test_somebody_without_the_right_is_offered_no_sql_of_their_own(plain, make_connection):
    connection = make_connection()
    path = f"/connections/{connection.pk}/load/"
    sheet = plain.get(path, headers=HTMX).text
    assert 'value="sql"' not in sheet
    assert "all_slots" not in sheet
    assert "scratch" not in sheet.lower().replace("scratch table, which must be", "")
    refused = plain.post(path, {**LOAD, "workload": "sql", "sql": "SELECT 1"}, headers=HTMX)
    assert refused.status_code == 422
    assert plain.post(path, LOAD, headers=HTMX)["HX-Redirect"]


def test_run_again_of_what_takes_a_right_tells_whoever_lacks_it(client, plain, make_connection):
    connection = make_connection()
    own = {**LOAD, "workload": "sql", "sql": "SELECT 1", "statement_seconds": "1"}
    client.post(f"/connections/{connection.pk}/load/", own)
    run = newest("load")
    client.post(f"/runs/{run.pk}/cancel/")
    answer = plain.post(f"/runs/{run.pk}/again/", headers=HTMX)
    assert "statements of their own" in toast(answer)


@pytest.mark.parametrize("kind", ["connection", "latency", "health"])
def test_run_again_asks_for_the_same_of_the_same(client, make_connection, kind):
    connection = make_connection()
    if kind == "latency":
        client.post(f"/connections/{connection.pk}/latency/", LATENCY)
    else:
        client.post(f"/connections/{connection.pk}/{'test' if kind == 'connection' else kind}/")
    first = newest(kind)
    answer = client.post(f"/runs/{first.pk}/again/", headers=HTMX)
    again = Run.objects.get(pk=UUID(answer["HX-Redirect"].split("/")[2]))
    assert again.pk != first.pk
    assert (again.kind, again.params, again.total) == (first.kind, first.params, 1)
    assert {pk for job in again.jobs.all() for pk in job.connection_ids} == {connection.pk}


def test_run_again_of_what_was_deleted_says_so(client, make_connection):
    connection = make_connection()
    client.post(f"/connections/{connection.pk}/health/")
    run = newest("health")
    client.post(f"/runs/{run.pk}/cancel/")
    connection.delete()
    assert toast(client.post(f"/runs/{run.pk}/again/", headers=HTMX)) == NOTHING


def test_a_sheet_can_start_from_what_a_run_was_asked(client, make_connection):
    connection = make_connection()
    client.post(f"/connections/{connection.pk}/latency/", LATENCY)
    sheet = client.get(
        f"/connections/{connection.pk}/latency/?like={newest('latency').pk}", headers=HTMX
    ).text
    assert 'name="samples" value="20"' in sheet
    for like in ("", "x", "0" * 32):
        sheet = client.get(f"/connections/{connection.pk}/latency/?like={like}", headers=HTMX).text
        assert 'name="samples" value="100"' in sheet


def test_the_selected_and_all_are_examined_in_one_run(client, make_connection):
    first, second, third = (make_connection(name) for name in ("first", "second", "third"))
    client.post("/connections/health/", {"connection": [first.pk, second.pk]}, headers=HTMX)
    assert newest("health").total == 2
    client.post("/health-all/", headers=HTMX)
    assert newest("health").total == 3
    sheet = client.get(
        f"/connections/latency/?connection={second.pk}&connection={third.pk}", headers=HTMX
    ).text
    assert "2 connections" in sheet
    client.post("/connections/latency/", {**LATENCY, "connection": [second.pk, third.pk]}, headers=HTMX)
    assert newest("latency").total == 2


def test_the_selected_are_put_under_load_by_one_sheet(client, plain, make_connection):
    chosen = [make_connection(name).pk for name in ("first", "second")]
    path = "/connections/load/"
    sheet = client.get(path, {"connection": chosen}, headers=HTMX).text
    assert "Load test of 2 connections" in sheet
    assert "scratch-title" not in sheet
    assert 'value="sql"' not in plain.get(path, {"connection": chosen}, headers=HTMX).text
    client.post(path, {**LOAD, "connection": chosen}, headers=HTMX)
    assert newest("load").total == 2
    assert f'hx-get="{path}"' in client.get("/").text


@pytest.mark.parametrize(("kind", "fields"), [("latency", LATENCY), ("load", LOAD)])
def test_a_sheet_of_a_single_selected_one_asks_for_it(client, make_connection, kind, fields):
    path, chosen = f"/connections/{kind}/", make_connection()
    sheet = client.get(path, {"connection": chosen.pk}, headers=HTMX).text
    sent = re.findall(r'name="connection" value="(\d+)"', sheet)
    client.post(path, {**fields, "connection": sent}, headers=HTMX)
    assert newest(kind).total == 1


@pytest.mark.parametrize("ids", [[], ["x"], ["9" * 5000], ["-1"], ["0"]])
def test_a_selection_of_nothing_is_told(client, ids):
    assert toast(client.post("/connections/health/", {"connection": ids}, headers=HTMX)) == NOTHING
    for path, fields in (("/connections/latency/", LATENCY), ("/connections/load/", LOAD)):
        assert toast(client.get(path, {"connection": ids}, headers=HTMX)) == NOTHING
        answer = client.post(path, {**fields, "connection": ids}, headers=HTMX)
        assert answer.status_code == 422
        assert NOTHING in answer.text


@pytest.fixture
def places(db) -> None:
    for code in ("home", "tokyo"):
        Vantage.objects.update_or_create(code=code)
    Vantage.objects.update_or_create(code="retired", defaults={"active": False})


def test_a_test_can_be_asked_from_the_places_that_there_are(client, make_connection, places):
    path = f"/connections/{make_connection().pk}/latency/"
    sheet = client.get(path, headers=HTMX).text
    assert checked(sheet) == {"home": True, "tokyo": False}
    client.post(path, {**LATENCY, "vantages": ["home", "tokyo"]}, headers=HTMX)
    run = newest("latency")
    assert (run.total, sorted(job.vantage for job in run.jobs.all())) == (2, ["home", "tokyo"])
    client.post(f"/runs/{run.pk}/cancel/")
    assert checked(client.get(f"{path}?like={run.pk}", headers=HTMX).text) == {"home": True, "tokyo": True}


def test_a_load_test_is_asked_from_one_of_them(client, make_connection, places):
    path = f"/connections/{make_connection().pk}/load/"
    assert checked(client.get(path, headers=HTMX).text, "radio") == {"home": True, "tokyo": False}
    both = client.post(path, {**LOAD, "vantages": ["home", "tokyo"]}, headers=HTMX)
    assert (both.status_code, newest("load")) == (422, None)
    assert "comes from one vantage" in both.text
    client.post(path, {**LOAD, "vantages": ["tokyo"]}, headers=HTMX)
    run = newest("load")
    assert [job.vantage for job in run.jobs.all()] == ["tokyo"]
    client.post(f"/runs/{run.pk}/cancel/")
    like = client.get(f"{path}?like={run.pk}", headers=HTMX).text
    assert checked(like, "radio") == {"home": False, "tokyo": True}


def checked(sheet: str, kind: str = "checkbox") -> dict[str, bool]:
    boxes = re.findall(rf'<input type="{kind}" name="vantages" value="(\w+)"([^>]*)>', sheet)
    return {code: "checked" in attributes for code, attributes in boxes}


@pytest.mark.parametrize("vantages", [[], ["retired"], ["nowhere"], ["home", "<b>"]])
def test_a_place_that_there_is_not_is_refused_in_the_sheet(client, make_connection, places, vantages):
    path = f"/connections/{make_connection().pk}/latency/"
    answer = client.post(path, {**LATENCY, "samples": "33", "vantages": vantages}, headers=HTMX)
    assert answer.status_code == 422
    assert 'id="id_vantages_error"' in answer.text
    assert 'value="33"' in answer.text
    assert newest("latency") is None


def test_one_place_is_no_choice(client, make_connection):
    Vantage.objects.update_or_create(code="home")
    assert "vantages" not in client.get(f"/connections/{make_connection().pk}/load/", headers=HTMX).text


def test_a_get_starts_nothing(client, make_connection):
    connection = make_connection()
    before = Run.objects.count()
    for path in ("latency", "load"):
        assert client.get(f"/connections/{connection.pk}/{path}/", LATENCY | LOAD).status_code == 200
    for path in (f"/connections/{connection.pk}/health/", "/connections/health/", "/health-all/"):
        assert client.get(path).status_code == 405
    assert Run.objects.count() == before


@pytest.mark.parametrize(
    "path",
    [
        "/connections/1/latency/",
        "/connections/1/load/",
        "/connections/1/health/",
        "/connections/1/scratch/",
        "/connections/latency/",
        "/connections/load/",
        "/connections/health/",
        "/health-all/",
        f"/runs/{UUID(int=7)}/again/",
    ],
)
def test_a_post_without_a_token_is_refused(user, path):
    careful = Client(enforce_csrf_checks=True)
    careful.force_login(user)
    assert careful.post(path).status_code == 403


def test_somebody_given_the_right_may_run_sql_of_their_own(make_connection):
    somebody = get_user_model().objects.create(username="eve", password="!")
    somebody.user_permissions.add(Permission.objects.get(codename="run_own_sql"))
    signed_in, connection = Client(), make_connection()
    signed_in.force_login(somebody)
    own = {**LOAD, "workload": "sql", "sql": "SELECT '</pre><b>'", "statement_seconds": "1"}
    answer = signed_in.post(f"/connections/{connection.pk}/load/", own, headers=HTMX)
    assert newest(Kind.LOAD).params["sql"] == "SELECT '</pre><b>'"
    shown = signed_in.get(answer["HX-Redirect"]).text
    assert "&lt;/pre&gt;&lt;b&gt;" in shown


def test_a_statement_is_shown_to_those_who_may_run_their_own(client, plain, make_connection):
    own = {**LOAD, "workload": "sql", "sql": "SELECT 'ada''s card'", "statement_seconds": "1"}
    client.post(f"/connections/{make_connection().pk}/load/", own)
    page = f"/runs/{newest(Kind.LOAD).pk}/"
    assert "s card" in client.get(page).text
    for headers in ({}, {"HX-Request": "true", "HX-Target": "live"}):
        shown = plain.get(page, headers=headers).text
        assert "Own SQL" in shown
        assert "s card" not in shown
    pushed = render_to_string("probes/_run_head.html", {"run": newest(Kind.LOAD), "oob": True})
    assert "s card" not in pushed
