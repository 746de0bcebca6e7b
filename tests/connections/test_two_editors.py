"""Whoever saves last does not silently undo what somebody else saved meanwhile."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection as database
from django.test import Client

from tests.connections.conftest import HTMX

CHANGED = "Somebody changed this connection while you were editing"


@pytest.fixture
def stored(make_connection, fields):
    return make_connection("orders", password="hunter2", host=fields["host"], port=5432)


@pytest.fixture
def edited(fields):
    return {**fields, "password": ""}


def opened(client, stored):
    """The stamp that the form sends back."""
    return client.get(f"/connections/{stored.pk}/edit/").context["form"].stamp


def test_the_second_to_save_is_told_and_keeps_what_was_typed(client, stored, edited):
    path, stamp = f"/connections/{stored.pk}/edit/", opened(client, stored)
    first = client.post(path, {**edited, "updated_at": stamp, "database": "first"})
    second = client.post(path, {**edited, "updated_at": stamp, "database": "second"}, headers=HTMX)
    assert (first.status_code, second.status_code) == (302, 422)
    assert CHANGED in second.text
    assert second.context["form"]["database"].value() == "second"
    stored.refresh_from_db()
    assert stored.database == "first"


def test_saving_again_after_being_told_works(client, stored, edited):
    path, stamp = f"/connections/{stored.pk}/edit/", opened(client, stored)
    client.post(path, {**edited, "updated_at": stamp, "database": "first"})
    told = client.post(path, {**edited, "updated_at": stamp, "database": "second"})
    stored.refresh_from_db()
    shown = stored.updated_at.isoformat()
    assert f'name="updated_at" value="{shown}"' in told.text
    again = client.post(path, {**edited, "updated_at": shown, "database": "second"})
    assert again.status_code == 302
    stored.refresh_from_db()
    assert stored.database == "second"


def test_a_mistake_beside_it_does_not_hide_that_somebody_changed_it(client, stored, edited):
    path, stamp = f"/connections/{stored.pk}/edit/", opened(client, stored)
    client.post(path, {**edited, "updated_at": stamp, "database": "first"})
    told = client.post(path, {**edited, "updated_at": stamp, "connect_timeout": "0"})
    assert set(told.context["form"].errors) == {"__all__", "connect_timeout"}


def test_a_mistake_of_one_s_own_keeps_the_stamp_and_saving_works(client, stored, edited):
    path, stamp = f"/connections/{stored.pk}/edit/", opened(client, stored)
    refused = client.post(path, {**edited, "updated_at": stamp, "connect_timeout": "0"})
    assert refused.context["form"].stamp == stamp
    assert CHANGED not in refused.text
    assert client.post(path, {**edited, "updated_at": stamp}).status_code == 302


def test_a_ticked_removal_survives_being_told(client, stored, edited):
    path, stamp = f"/connections/{stored.pk}/edit/", opened(client, stored)
    client.post(path, {**edited, "updated_at": stamp, "database": "first"})
    told = client.post(path, {**edited, "updated_at": stamp, "remove_password": "on"})
    assert told.context["form"]["remove_password"].value() is True
    assert 'name="remove_password"' in told.text
    stored.refresh_from_db()
    assert stored.open_password() == "hunter2"


@pytest.mark.parametrize("stamp", ["2001-01-01T00:00:00+00:00", "nonsense", "<b>", "\x00"])
def test_a_stamp_that_is_not_the_stored_one_counts_as_changed(client, stored, edited, stamp):
    response = client.post(f"/connections/{stored.pk}/edit/", {**edited, "updated_at": stamp})
    assert response.status_code == 422
    assert CHANGED in response.text
    assert "<b>" not in response.text


def test_without_a_stamp_nothing_is_compared(client, stored, edited):
    assert client.post(f"/connections/{stored.pk}/edit/", {**edited, "database": "x"}).status_code == 302


def test_a_trial_does_not_compare_the_stamp(client, stored, edited):
    typed = {**edited, "updated_at": "2001-01-01T00:00:00+00:00", "pk": str(stored.pk)}
    response = client.post("/connections/try/", typed)
    assert response.status_code == 200
    assert CHANGED not in response.text


def test_a_new_connection_and_a_copy_have_no_stamp(client, stored):
    for path in ("/connections/new/", f"/connections/{stored.pk}/duplicate/"):
        assert 'name="updated_at"' not in client.get(path).text


@pytest.mark.django_db(transaction=True)
def test_of_two_who_save_in_the_same_moment_one_is_told(client, user, stored, edited):
    path, stamp = f"/connections/{stored.pk}/edit/", opened(client, stored)

    def save(name: str) -> int:
        own = Client()
        own.force_login(user)
        try:
            return own.post(path, {**edited, "updated_at": stamp, "database": name}).status_code
        finally:
            database.close()

    with ThreadPoolExecutor(2) as pool:
        statuses = list(pool.map(save, ["first", "second"]))
    assert sorted(statuses) == [302, 422]
    stored.refresh_from_db()
    assert stored.database == ["first", "second"][statuses.index(302)]
