import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.test import Client

from connections.models import Connection, Region

LIST = "/admin/connections/connection/"


def test_the_admin_makes_a_connection_by_the_same_rules(client, user, fields):
    refused = client.post(f"{LIST}add/", {**fields, "host": "two words"})
    assert "Remove the spaces" in refused.text
    assert client.post(f"{LIST}add/", fields).status_code == 302
    made = Connection.objects.get()
    assert (made.open_password(), made.created_by) == (fields["password"], user)


def test_the_admin_keeps_a_password_that_was_left_empty(client, fields, make_connection):
    stored = make_connection("orders", password="hunter2", host=fields["host"], port=5432)
    typed = {**fields, "password": "", "database": "other"}
    assert client.post(f"{LIST}{stored.pk}/change/", typed).status_code == 302
    stored.refresh_from_db()
    assert (stored.database, stored.open_password()) == ("other", "hunter2")


@pytest.fixture
def onlooker(db) -> Client:
    """Somebody of the staff who may look at connections and no more."""
    person = get_user_model().objects.create(username="eve", password="!", is_staff=True)
    person.user_permissions.add(Permission.objects.get(codename="view_connection"))
    signed_in = Client()
    signed_in.force_login(person)
    return signed_in


def test_whoever_may_only_look_sees_a_connection_and_none_of_its_secrets(
    onlooker, make_connection, regions, pair
):
    direct = make_connection("direct", password="TOP-SECRET")
    stored = make_connection(
        "orders",
        password="TOP-SECRET",
        sslcert=pair.certificate,
        pooled=True,
        twin=direct,
        region=Region.objects.get(code="aws-eu-west-1"),
    )
    stored.set_sslkey(pair.key)
    stored.save()
    page = onlooker.get(f"{LIST}{stored.pk}/change/")
    assert page.status_code == 200
    for shown in (stored.host, "aws-eu-west-1", "direct"):
        assert shown in page.text
    for hidden in ("TOP-SECRET", "PRIVATE KEY", stored.password_sealed, "Remove the stored password"):
        assert hidden not in page.text


def test_the_admin_finds_by_the_same_search_as_the_page(client, make_connection):
    make_connection("orders", tags=["prod"])
    make_connection("stock")
    text = client.get(LIST, {"q": "prod"}).text
    assert "orders" in text
    assert "stock" not in text


@pytest.mark.parametrize("lookup", ["password_sealed__startswith", "sslkey_sealed__startswith"])
def test_nobody_finds_a_secret_by_filtering_on_it(client, make_connection, lookup):
    make_connection("orders")
    assert client.get(LIST, {lookup: "a"}).status_code == 400


def test_a_region_of_one_s_own_can_be_added(client):
    place = {
        "provider": "other",
        "name": "Cellar",
        "city": "Graz",
        "country": "AT",
        "latitude": "47.07",
        "longitude": "15.44",
    }
    refused = client.post("/admin/connections/region/add/", {**place, "code": "My Cellar"})
    assert "small letters and digits" in refused.text
    assert client.post("/admin/connections/region/add/", {**place, "code": "my-cellar"}).status_code == 302
    assert Region.objects.get(code="my-cellar").city == "Graz"
