import html

import pytest
from django.test import Client

from connections.forms import ConnectionForm
from connections.models import Connection
from tests.connections.conftest import HTMX

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    'it\'s 100% "quoted" & more',
    "{{ 7|add:7 }}{% now 'Y' %}",
    "база 🔑 قاعدة",
    "\u202egnp.exe",
]


@pytest.mark.parametrize("path", ["/connections/new/", "/connections/1/edit/", "/connections/1/duplicate/"])
def test_a_stranger_is_sent_to_the_sign_in_page(stranger, path):
    assert stranger.get(path).url.startswith("/login/")
    assert stranger.post("/connections/1/delete/").url.startswith("/login/")
    assert stranger.post("/connections/parse/").url.startswith("/login/")


@pytest.mark.parametrize("page", ["edit", "duplicate", "delete"])
def test_a_connection_that_is_gone_is_not_found(client, page):
    assert client.get(f"/connections/999999/{page}/").status_code == 404


def test_a_connection_is_made_with_everything_that_was_typed(client, user, fields, regions):
    typed = {
        **fields,
        "tags": "prod, eu,prod,",
        "region": "AWS-EU-WEST-1",
        "provider": "aiven",
        "pooled": "on",
    }
    response = client.post("/connections/new/", typed)
    made = Connection.objects.get()
    assert response.url == f"/connections/{made.pk}/"
    assert (made.name, made.host, made.port, made.database, made.username) == (
        "orders",
        "db.example.org",
        5432,
        "app",
        "ada",
    )
    assert (made.sslmode, made.connect_timeout, made.pooled, made.active) == ("verify-full", 7, True, True)
    assert (made.provider, made.region.code, made.tags) == ("aiven", "aws-eu-west-1", ["prod", "eu"])
    assert (made.created_by, made.simulated) == (user, False)


def test_htmx_is_sent_to_the_new_connection(client, fields):
    response = client.post("/connections/new/", fields, headers=HTMX)
    assert response["HX-Redirect"] == f"/connections/{Connection.objects.get().pk}/"


def test_htmx_gets_only_the_form_back_when_something_is_wrong(client, fields):
    response = client.post("/connections/new/", {**fields, "port": "0"}, headers=HTMX)
    assert response.text.lstrip().startswith("<form")
    assert "<html" not in response.text


def test_a_url_alone_makes_a_connection_even_without_javascript(client, regions):
    url = "postgresql://ada:p%40ss@db.c1.us-east-1.rds.amazonaws.com:6432/app?sslmode=verify-full"
    assert client.post("/connections/new/", {"name": "orders", "dsn": url}).status_code == 302
    made = Connection.objects.get()
    assert (made.host, made.port, made.database) == ("db.c1.us-east-1.rds.amazonaws.com", 6432, "app")
    assert (made.open_password(), made.sslmode, made.pooled) == ("p@ss", "verify-full", True)
    assert (made.provider, made.region.code) == ("aws", "aws-us-east-1")


def test_fill_in_answers_with_the_fields_filled_in_and_keeps_the_rest(client, regions):
    typed = {
        "dsn": "postgresql://ada@ep-x-pooler.us-east-2.aws.neon.tech/app",
        "name": "orders",
        "tags": "a, b",
    }
    response = client.post("/connections/parse/", typed, headers=HTMX)
    assert response.text.lstrip().startswith('<div id="connection-fields">')
    values = {
        name: response.context["form"][name].value()
        for name in ("name", "host", "provider", "region", "tags")
    }
    assert values == {
        "name": "orders",
        "host": "ep-x-pooler.us-east-2.aws.neon.tech",
        "provider": "neon",
        "region": "aws-us-east-2",
        "tags": "a, b",
    }
    assert response.context["form"]["pooled"].value() is True
    assert response.context["form"]["active"].value() is False


def test_a_url_that_cannot_be_read_says_so_beside_its_box_and_touches_no_field(client):
    response = client.post("/connections/parse/", {"dsn": "postgresql://ada@h:0/app"}, headers=HTMX)
    assert response.status_code == 422
    assert response["HX-Retarget"] == "#dsn-problem"
    assert "1 to 65535" in response.text


def test_edit_opens_with_every_stored_value(client, make_connection, regions, fields):
    client.post("/connections/new/", {**fields, "region": "do-nyc", "tags": "a, b", "provider": "render"})
    stored = Connection.objects.get()
    form = client.get(f"/connections/{stored.pk}/edit/").context["form"]
    shown = {name: form[name].value() for name in form.fields if name not in ("password", "dsn")}
    assert shown == {
        "name": "orders",
        "host": "db.example.org",
        "port": 5432,
        "database": "app",
        "username": "ada",
        "sslmode": "verify-full",
        "sslrootcert": "",
        "sslcert": "",
        "sslkey": None,
        "remove_password": None,
        "remove_sslkey": None,
        "connect_timeout": 7,
        "pooled": False,
        "twin": None,
        "provider": "render",
        "region": "do-nyc",
        "active": True,
        "tags": "a, b",
    }
    text = client.get(f"/connections/{stored.pk}/edit/").text
    for value in ("orders", "db.example.org", "do-nyc", "a, b", stored.updated_at.isoformat()):
        assert f'value="{value}"' in text


def test_a_region_that_was_cleared_stays_cleared_while_the_host_stays(client, fields, regions):
    fields["host"] = "db.c1.us-east-1.rds.amazonaws.com"
    client.post("/connections/new/", fields)
    stored = Connection.objects.get()
    client.post(f"/connections/{stored.pk}/edit/", {**fields, "region": ""})
    stored.refresh_from_db()
    assert stored.region is None


def test_moving_a_simulated_connection_makes_it_real(client, make_connection, fields):
    demo = make_connection("orders", host="db.example.org", port=5432, simulated_rtt_ms=80)
    client.post(f"/connections/{demo.pk}/edit/", fields)
    demo.refresh_from_db()
    assert demo.simulated_rtt_ms == 80
    client.post(f"/connections/{demo.pk}/edit/", {**fields, "host": "other.example"})
    demo.refresh_from_db()
    assert not demo.simulated


def test_duplicate_shows_a_new_form_filled_in_and_saves_nothing(client, make_connection, regions):
    stored = make_connection("n" * 63, tags=["a"])
    make_connection("n" * 58 + " copy")
    response = client.get(f"/connections/{stored.pk}/duplicate/")
    form = response.context["form"]
    assert form["name"].value() == "n" * 56 + " copy 2"
    assert (form["host"].value(), form["tags"].value()) == ("127.0.0.1", "a")
    assert 'action="/connections/new/"' in response.text
    assert "secrets are not copied" in response.text
    assert Connection.objects.count() == 2


def test_without_javascript_delete_asks_on_a_page_of_its_own(client, make_connection):
    stored = make_connection()
    assert "<html" in client.get(f"/connections/{stored.pk}/delete/").text
    assert client.post(f"/connections/{stored.pk}/delete/").url == "/connections/"


def test_a_name_taken_while_the_form_was_checked_is_an_error_beside_it(make_connection, fields):
    form = ConnectionForm(fields)
    assert form.is_valid()
    make_connection("Orders")
    assert not form.saved()
    assert "Another connection has this name" in form.errors["name"][0]


@pytest.mark.parametrize("page", ["new", "parse", "1/edit", "1/delete"])
def test_nothing_is_written_without_a_csrf_token(user, make_connection, page):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(user)
    assert strict.post(f"/connections/{page}/", {"dsn": "postgresql://ada@h"}).status_code == 403


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_shown_as_text_everywhere(client, make_connection, name):
    stored = make_connection(name[:63], database=name[:63], username=name[:63], tags=[name[:32]])
    paths = [f"/connections/{stored.pk}/{page}/" for page in ("edit", "duplicate", "delete")]
    paths += ["/admin/connections/connection/", f"/admin/connections/connection/{stored.pk}/change/"]
    for path in paths:
        text = client.get(path).text
        assert html.escape(name[:60])[:12] in text or "duplicate" in path, path
        assert "<script>alert" not in text, path
        assert "<img src=x" not in text, path


def test_our_templates_need_nothing_that_the_content_policy_forbids(client, make_connection):
    text = client.get(f"/connections/{make_connection().pk}/edit/", headers=HTMX).text
    assert " style=" not in text
    assert " onclick=" not in text
    assert "<script" not in text
