"""Connections over the API: by the form's own rules, and no secret ever comes out."""

import json

import pytest

from connections.models import Connection
from probes.models import Run

pytestmark = pytest.mark.django_db

SECRET = "s3cret/@:#pass"
DSN = "postgresql://ada:s3cret%2F%40%3A%23pass@db.example.org:6432/shop?sslmode=verify-full"
FIELDS = {"name": "shop", "host": "db.example.org", "database": "shop", "username": "ada"}


def test_a_connection_is_created_from_fields(asked, somebody, region):
    given = {**FIELDS, "port": 5433, "password": SECRET, "region": region.code, "tags": ["eu", "prod"]}
    answer = asked.post("/connections", given)
    assert answer.status_code == 201
    assert answer.json() | {**given, "password": ""} == answer.json() | {"password": ""}
    made = Connection.objects.get(pk=answer.json()["id"])
    assert (made.open_password(), made.created_by, made.region) == (SECRET, somebody, region)
    assert Run.objects.get().source == Run.Source.SAVED


def test_a_connection_is_created_from_one_url(asked):
    made = asked.post("/connections", {"name": "shop", "dsn": DSN}).json()
    assert (made["host"], made["port"], made["database"]) == ("db.example.org", 6432, "shop")
    assert (made["username"], made["sslmode"], made["pooled"]) == ("ada", "verify-full", True)
    assert Connection.objects.get().open_password() == SECRET


def test_a_backslash_before_u0000_is_text_like_any_other(asked):
    name = r"shop\u0000"
    assert asked.post("/connections", {**FIELDS, "name": name}).json()["name"] == name


def test_what_is_named_beside_a_url_counts_more_than_the_url(asked):
    made = asked.post(
        "/connections", {"name": "shop", "dsn": DSN, "sslmode": "require", "pooled": False}
    ).json()
    assert (made["sslmode"], made["pooled"]) == ("require", False)


def test_a_url_that_means_another_database_is_refused(asked):
    answer = asked.post("/connections", {**FIELDS, "dsn": DSN, "host": "other.example.org"})
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == ["body.dsn"]


def test_no_answer_holds_a_secret(asked):
    made = asked.post("/connections", {"name": "shop", "dsn": DSN, "active": False})
    pk = made.json()["id"]
    answers = [made, asked.get("/connections"), asked.get(f"/connections/{pk}")]
    answers += [asked.patch(f"/connections/{pk}", {"password": SECRET + "2"})]
    answers += [asked.post("/connections", {"name": "shop", "dsn": DSN})]
    answers += [asked.post("/connections", {"name": "x", "dsn": f"postgresql://a:{SECRET}@h/b"})]
    assert {answer.status_code for answer in answers} == {200, 201, 422}
    sealed = Connection.objects.get().password_sealed
    for answer in answers:
        assert SECRET not in json.dumps(answer.json(), ensure_ascii=False)
        assert sealed not in answer.content.decode()
    assert made.json()["has_password"] is True


def test_a_change_keeps_what_is_not_named(asked, make_connection):
    target = make_connection(tags=["a"], active=False, password=SECRET)
    before = asked.get(f"/connections/{target.pk}").json()
    answer = asked.patch(f"/connections/{target.pk}", {"name": "renamed"})
    assert answer.status_code == 200
    changed = {name for name, value in answer.json().items() if before[name] != value}
    assert changed == {"name", "updated_at"}
    target.refresh_from_db()
    assert target.open_password() == SECRET


def test_a_change_by_url_keeps_what_the_url_does_not_say(asked, make_connection, region):
    chosen = {"sslmode": "verify-full", "connect_timeout": 3, "pooled": False, "provider": "fly"}
    target = make_connection(active=False, region=region, **chosen)
    url = "postgresql://ada:new@ep-x-pooler.us-east-2.aws.neon.tech/shop"
    changed = asked.patch(f"/connections/{target.pk}", {"dsn": url}).json()
    assert changed == changed | chosen | {
        "region": region.code,
        "host": "ep-x-pooler.us-east-2.aws.neon.tech",
    }


@pytest.mark.parametrize("removed", [None, ""])
def test_a_password_is_changed_only_when_named_and_removed_by_nothing(asked, make_connection, removed):
    target = make_connection(active=False)
    asked.patch(f"/connections/{target.pk}", {"password": "new"})
    target.refresh_from_db()
    assert target.open_password() == "new"
    assert asked.patch(f"/connections/{target.pk}", {"password": removed}).json()["has_password"] is False


def test_a_stored_password_never_goes_to_another_server(asked, make_connection):
    target = make_connection(active=False)
    answer = asked.patch(f"/connections/{target.pk}", {"host": "thief.example.org"})
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == ["body.password"]
    assert asked.patch(f"/connections/{target.pk}", {"dsn": DSN}).status_code == 200
    target.refresh_from_db()
    assert (target.host, target.open_password(), target.name) == ("db.example.org", SECRET, "target")


def test_whoever_read_an_older_state_overwrites_nothing(asked, make_connection):
    target = make_connection(active=False)
    read = asked.get(f"/connections/{target.pk}").json()
    first = asked.patch(f"/connections/{target.pk}", {"name": "one", "updated_at": read["updated_at"]})
    assert first.status_code == 200
    second = asked.patch(f"/connections/{target.pk}", {"name": "two", "updated_at": read["updated_at"]})
    assert second.status_code == 409
    target.refresh_from_db()
    assert target.name == "one"


def test_a_name_is_given_once(asked, make_connection):
    make_connection("Shop")
    answer = asked.post("/connections", FIELDS)
    assert answer.status_code == 422
    assert answer.json()["errors"] == [
        {"field": "body.name", "message": "Another connection has this name. Choose a different one."}
    ]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "\u0007"),
        ("name", "x" * 64),
        ("host", "a b"),
        ("host", "postgresql://x"),
        ("port", 0),
        ("port", 65536),
        ("port", 10**30),
        ("port", "many"),
        ("database", ""),
        ("username", ""),
        ("password", "a\nb"),
        ("sslmode", "maybe"),
        ("sslcert", "no PEM"),
        ("sslkey", "no PEM"),
        ("sslrootcert", "no PEM"),
        ("connect_timeout", 61),
        ("region", "nowhere"),
        ("provider", "nobody"),
        ("twin", "nobody"),
        ("tags", ["x" * 33]),
        ("tags", [str(number) for number in range(11)]),
        ("tags", "a,b"),
        ("active", "perhaps"),
        ("dsn", "mysql://x"),
        ("colour", "red"),
    ],
)
def test_what_is_wrong_is_said_at_its_field(asked, field, value):
    given = {field: value, "name": "x"} if field == "dsn" else {**FIELDS, field: value}
    answer = asked.post("/connections", given)
    assert answer.status_code == 422
    assert any(field in error["field"] for error in answer.json()["errors"]), answer.json()
    assert not Connection.objects.exists()


def test_the_list_is_filtered_and_comes_in_pages(asked, make_connection, region):
    make_connection("b", region=region, tags=["x"], active=False)
    make_connection("a", provider="neon", active=False)
    make_connection("c", active=False, host="127.0.0.2")
    first = asked.get("/connections?limit=2").json()
    rest = asked.get("/connections?limit=2&offset=2").json()
    assert [one["name"] for one in first["items"] + rest["items"]] == ["a", "b", "c"]
    assert first["count"] == 3
    for query, names in {
        "q=127.0.0.2": ["c"],
        "provider=neon": ["a"],
        f"region={region.code}": ["b"],
        "tag=x": ["b"],
        "active=true": [],
    }.items():
        assert [one["name"] for one in asked.get(f"/connections?{query}").json()["items"]] == names, query


def test_a_deleted_connection_is_gone_and_comes_back(asked, make_connection):
    target = make_connection(active=False)
    assert asked.delete(f"/connections/{target.pk}").status_code == 204
    for answer in (asked.get(f"/connections/{target.pk}"), asked.delete(f"/connections/{target.pk}")):
        assert answer.status_code == 404
    assert asked.post(f"/connections/{target.pk}/restore").json()["name"] == "target"
    assert asked.post("/connections/999999/restore").status_code == 404


def test_a_name_that_was_taken_meanwhile_keeps_a_connection_away(asked, make_connection):
    target = make_connection(active=False)
    asked.delete(f"/connections/{target.pk}")
    make_connection(active=False)
    assert asked.post(f"/connections/{target.pk}/restore").status_code == 409


def test_regions_are_listed(asked, region):
    assert [one["code"] for one in asked.get("/regions").json()] == [region.code]
