import pytest

from connections.models import Connection, Region

LIST = "/admin/connections/connection/"


def test_the_admin_makes_a_connection_by_the_same_rules(client, user, fields):
    refused = client.post(f"{LIST}add/", {**fields, "host": "two words"})
    assert "Remove the spaces" in refused.text
    assert client.post(f"{LIST}add/", fields).status_code == 302
    made = Connection.objects.get()
    assert (made.password(), made.created_by) == (fields["password"], user)


def test_the_admin_keeps_a_password_that_was_left_empty(client, fields, make_connection):
    stored = make_connection("orders", password="hunter2", host=fields["host"], port=5432)
    typed = {**fields, "password": "", "database": "other"}
    assert client.post(f"{LIST}{stored.pk}/change/", typed).status_code == 302
    stored.refresh_from_db()
    assert (stored.database, stored.password()) == ("other", "hunter2")


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
