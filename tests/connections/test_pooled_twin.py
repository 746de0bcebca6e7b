"""A connection may name its pooled twin, and either of the two leads to the other."""

import pytest
from django.db import IntegrityError, transaction

from connections import twins
from connections.models import Connection

pytestmark = pytest.mark.django_db


@pytest.fixture
def direct(make_connection) -> Connection:
    return make_connection("orders")


@pytest.fixture
def pooled(make_connection) -> Connection:
    return make_connection("orders pooled", pooled=True)


def named_twin(connection: Connection) -> str | None:
    connection.refresh_from_db()
    return connection.twin.name if connection.twin else None


def post(client, connection: Connection, twin: str, **changed: str):
    fields = {
        "name": connection.name,
        "host": connection.host,
        "port": connection.port,
        "database": connection.database,
        "username": connection.username,
        "sslmode": connection.sslmode,
        "connect_timeout": 5,
        "active": "on",
        "twin": twin,
        **({"pooled": "on"} if connection.pooled else {}),
        **changed,
    }
    return client.post(f"/connections/{connection.pk}/edit/", fields)


def test_naming_a_twin_on_one_side_is_seen_from_both(client, direct, pooled):
    assert post(client, direct, "orders pooled").status_code == 302
    assert (named_twin(direct), named_twin(pooled)) == ("orders pooled", "orders")


def test_the_form_of_either_side_shows_the_other(client, direct, pooled):
    direct.twin = pooled
    direct.save()
    assert 'name="twin" value="orders"' in client.get(f"/connections/{pooled.pk}/edit/").text
    assert 'name="twin" value="orders pooled"' in client.get(f"/connections/{direct.pk}/edit/").text


def test_taking_the_name_away_on_either_side_ends_the_pair(client, direct, pooled):
    direct.twin = pooled
    direct.save()
    assert post(client, pooled, "").status_code == 302
    assert (named_twin(direct), named_twin(pooled)) == (None, None)


def test_another_twin_sets_the_first_one_free(client, direct, pooled, make_connection):
    other = make_connection("other pooler", pooled=True)
    direct.twin = pooled
    direct.save()
    assert post(client, direct, "other pooler").status_code == 302
    assert [named_twin(one) for one in (direct, other, pooled)] == ["other pooler", "orders", None]


def test_a_deleted_twin_is_no_twin(direct, pooled):
    direct.twin = pooled
    direct.save()
    pooled.delete()
    assert named_twin(direct) is None


def test_two_that_go_the_same_way_are_no_pair(client, direct, make_connection):
    make_connection("also direct")
    response = post(client, direct, "also direct")
    assert response.status_code == 422
    assert twins.SAME_WAY in response.text
    assert 'value="also direct"' in response.text


def test_one_side_cannot_change_its_way_while_it_has_a_twin(client, direct, pooled):
    direct.twin = pooled
    direct.save()
    assert twins.SAME_WAY in post(client, direct, "orders pooled", pooled="on").text


def test_nobody_is_their_own_twin(client, direct):
    assert twins.ITSELF in post(client, direct, "orders", pooled="on").text
    with pytest.raises(IntegrityError, match="not_its_own_twin"), transaction.atomic():
        Connection.objects.filter(pk=direct.pk).update(twin=direct)


def test_a_connection_has_one_twin(client, direct, pooled, make_connection):
    direct.twin = pooled
    direct.save()
    response = post(client, make_connection("third"), "orders pooled")
    assert response.status_code == 422
    assert twins.TAKEN in response.text
    assert named_twin(pooled) == "orders"


@pytest.mark.parametrize("twin", ["nobody", "<script>alert(1)</script>", "\x00", "x" * 5000])
def test_a_name_that_nobody_has_is_refused_and_kept(client, direct, twin):
    response = post(client, direct, twin)
    assert response.status_code == 422
    assert "<script>alert" not in response.text


def test_a_copy_has_no_twin(client, direct, pooled):
    direct.twin = pooled
    direct.save()
    assert 'name="twin" value' not in client.get(f"/connections/{direct.pk}/duplicate/").text


def test_pairing_is_noticed_by_somebody_who_edits_the_other_side(client, direct, pooled):
    opened = pooled.updated_at.isoformat()
    post(client, direct, "orders pooled")
    response = post(client, pooled, "", updated_at=opened)
    assert response.status_code == 422
    assert named_twin(direct) == "orders pooled"
