"""What a URL in its box means beside what stands in the fields."""

import pytest

from connections.models import Connection

DISAGREE = "The URL and the fields disagree"
OTHERS = [
    "postgresql://ada:from-url@other.example/app",
    "postgresql://ada:from-url@db.example.org:5433/app",
    "postgresql://ada:from-url@db.example.org/else",
    "postgresql://eve:from-url@db.example.org/app",
    "postgresql://eve@db.example.org/app",
    "host=other.example user=ada password=from-url dbname=app",
]


@pytest.fixture
def filled(fields):
    """The fields as the URL filled them in; it alone holds the password."""
    return {**fields, "password": ""}


@pytest.mark.parametrize("url", OTHERS)
@pytest.mark.parametrize("password", ["", "typed"])
def test_a_url_that_says_something_else_than_the_fields_is_refused_beside_its_box(
    client, filled, url, password
):
    typed = {**filled, "dsn": url, "password": password}
    response = client.post("/connections/new/", typed)
    assert response.status_code == 422
    assert list(response.context["form"].errors) == ["dsn"]
    assert f'id="id_dsn_error">{DISAGREE}' in response.text
    assert "from-url" not in response.text
    assert not Connection.objects.exists()


@pytest.mark.parametrize("url", OTHERS)
def test_a_url_that_disagrees_changes_nothing_stored_and_lends_no_trial_its_password(
    client, filled, make_connection, url
):
    stored = make_connection("orders", password="hunter2", host="db.example.org", port=5432)
    typed = {**filled, "dsn": url}
    for path in (f"/connections/{stored.pk}/edit/", f"/admin/connections/connection/{stored.pk}/change/"):
        assert DISAGREE in client.post(path, typed).text
    trial = client.post("/connections/try/", {**typed, "pk": str(stored.pk)})
    assert trial.status_code == 422
    assert DISAGREE in trial.text
    stored.refresh_from_db()
    assert (stored.host, stored.database, stored.open_password()) == ("db.example.org", "meridian", "hunter2")


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://ada:from-url@db.example.org:5432/app?sslmode=disable&connect_timeout=3",
        "postgres://ada:from-url@DB.Example.ORG./app",
        "user=ada host=db.example.org dbname=app password=from-url",
    ],
)
def test_a_url_that_agrees_gives_its_password_and_nothing_else(client, filled, url):
    assert client.post("/connections/new/", {**filled, "dsn": url}).status_code == 302
    made = Connection.objects.get()
    assert (made.open_password(), made.sslmode, made.connect_timeout) == ("from-url", "verify-full", 7)


def test_fields_in_other_spelling_still_agree(client, filled):
    typed = {**filled, "host": " DB.Example.ORG. ", "dsn": "postgresql://ada:from-url@db.example.org/app"}
    assert client.post("/connections/new/", typed).status_code == 302
    assert Connection.objects.get().open_password() == "from-url"


def test_a_typed_password_counts_more_than_the_one_of_a_url_that_agrees(client, fields):
    typed = {**fields, "dsn": "postgresql://ada:from-url@db.example.org/app"}
    assert client.post("/connections/new/", typed).status_code == 302
    assert Connection.objects.get().open_password() == fields["password"]


def test_a_field_with_an_error_does_not_count_as_disagreement(client, filled):
    typed = {**filled, "port": "text", "dsn": "postgresql://ada:from-url@db.example.org/app"}
    response = client.post("/connections/new/", typed)
    assert list(response.context["form"].errors) == ["port"]


def test_without_a_host_the_url_replaces_the_endpoint_of_a_stored_connection(client, filled, make_connection):
    stored = make_connection("orders", password="hunter2", host="db.example.org", port=5432)
    typed = {**filled, "host": "", "dsn": "postgresql://eve:s@new.example/else"}
    assert client.post(f"/connections/{stored.pk}/edit/", typed).status_code == 302
    stored.refresh_from_db()
    assert (stored.host, stored.database, stored.username) == ("new.example", "else", "eve")
    assert stored.open_password() == "s"


def test_a_url_leaves_what_it_does_not_speak_of_as_it_was_chosen(client, filled, regions):
    chosen = {
        "sslmode": "verify-full",
        "connect_timeout": "3",
        "pooled": "on",
        "region": "do-nyc",
        "provider": "fly",
    }
    url = "postgresql://ada:s@ep-x.us-east-2.aws.neon.tech/app"
    typed = {**filled, **chosen, "host": "", "dsn": url}
    shown = client.post("/connections/parse/", {**typed, "host": "before.example"}).context["form"]
    assert {name: shown[name].value() for name in chosen} == chosen
    assert client.post("/connections/new/", typed).status_code == 302
    made = Connection.objects.get()
    assert (made.host, made.open_password()) == ("ep-x.us-east-2.aws.neon.tech", "s")
    assert (made.sslmode, made.connect_timeout, made.pooled) == ("verify-full", 3, True)
    assert (made.region.code, made.provider) == ("do-nyc", "fly")


def test_what_a_url_says_counts_more_than_what_was_chosen(client, filled):
    url = "postgresql://ada:s@h.example/app?sslmode=require&connect_timeout=5&pgbouncer=true"
    assert client.post("/connections/new/", {**filled, "host": "", "dsn": url}).status_code == 302
    made = Connection.objects.get()
    assert (made.sslmode, made.connect_timeout, made.pooled) == ("require", 5, True)


def test_what_one_url_s_host_told_goes_when_another_url_is_filled_in(client, filled, regions):
    typed = {
        **filled,
        "host": "ep-x-pooler.us-east-2.aws.neon.tech",
        "dsn": "postgresql://ada@db.example.org/app",
    }
    typed |= {"provider": "neon", "region": "aws-us-east-2", "pooled": "on"}
    shown = client.post("/connections/parse/", typed).context["form"]
    assert [shown[name].value() for name in ("provider", "region", "pooled")] == ["", "", False]


def test_without_a_host_a_url_without_a_password_takes_no_stored_one_along(client, filled, make_connection):
    stored = make_connection("orders", password="hunter2", host="db.example.org", port=5432)
    typed = {**filled, "host": "", "dsn": "postgresql://eve@new.example/else"}
    assert "Enter the password again" in client.post(f"/connections/{stored.pk}/edit/", typed).text
