"""A deleted connection is out of sight at once, comes back whole when that is undone, and is gone for good later."""

from datetime import timedelta

import pytest
from django.db import connection as database
from django.test import Client
from django.utils import timezone

from config.celery import app
from connections import deleting, housekeeping, rotation
from connections.deleting import Gone, NameTaken
from connections.models import Connection
from probes import dispatch
from probes.models import Kind, Purge, Run
from tests.connections.conftest import HTMX
from tests.rigs.results import add, result

pytestmark = pytest.mark.django_db


class Counter:
    number = 0

    def __call__(self, execute, sql, params, many, context):
        self.number += 1
        return execute(sql, params, many, context)


@pytest.fixture
def orders(make_connection) -> Connection:
    return make_connection("orders", password="secret")


def long_ago(stored: Connection) -> None:
    late = timezone.now() - deleting.KEPT - timedelta(seconds=1)
    Connection.with_deleted.filter(pk=stored.pk).update(deleted_at=late)


def offers(client: Client) -> str:
    return client.get("/connections/").text


def test_it_is_nowhere_to_be_seen_and_its_row_still_there(client, orders):
    assert client.post(f"/connections/{orders.pk}/delete/").url == "/connections/"
    assert not Connection.objects.exists()
    for path in ("", "edit/", "duplicate/", "delete/"):
        assert client.get(f"/connections/{orders.pk}/{path}").status_code == 404, path
    for path in ("/", "/runs/", "/history/", "/admin/connections/connection/"):
        assert f"/{orders.pk}/" not in client.get(path).text.split('id="toasts"')[0], path
    assert Connection.with_deleted.get().open_password() == "secret"


def test_no_run_waits_for_it(orders, make_connection):
    other = make_connection("other")
    run = dispatch.request_run(kind=Kind.CONNECTION, connections=[orders, other], source=Run.Source.PAGE)
    deleting.hide(orders)
    run.refresh_from_db()
    assert (run.total, run.is_open) == (1, True)
    deleting.hide(other)
    run.refresh_from_db()
    assert (run.total, run.is_open) == (0, False)


def test_nobody_can_ask_for_a_test_of_it(client, orders):
    deleting.hide(orders)
    before = Run.objects.count()
    assert client.post(f"/connections/{orders.pk}/test/").status_code == 404
    client.post("/connections/test/", {"connection": [orders.pk]})
    client.post("/test-all/")
    assert Run.objects.count() == before


def test_every_page_offers_to_undo_it_for_half_a_minute(client, orders):
    client.post(f"/connections/{orders.pk}/delete/")
    for path in ("/", "/connections/", "/runs/"):
        assert f'action="/connections/{orders.pk}/restore/"' in client.get(path).text
    session = client.session
    session["deleted"] = [(pk, name, until - 31) for pk, name, until in session["deleted"]]
    session.save()
    assert "restore" not in offers(client)


def test_only_whoever_deleted_it_is_offered_that(client, orders, django_user_model):
    client.post(f"/connections/{orders.pk}/delete/")
    other = Client()
    other.force_login(django_user_model.objects.create(username="grace"))
    assert "restore" not in offers(other)


def test_undone_it_is_as_it_was_and_tested_at_once(client, orders):
    now = timezone.now()
    add(result(orders.pk, now))
    Connection.objects.filter(pk=orders.pk).update(tags=["prod"])
    client.post(f"/connections/{orders.pk}/delete/")
    assert client.post(f"/connections/{orders.pk}/restore/").url == f"/connections/{orders.pk}/"
    back = Connection.objects.get(pk=orders.pk)
    assert (back.name, back.tags, back.open_password()) == ("orders", ["prod"], "secret")
    assert Run.objects.filter(source=Run.Source.SAVED, finished_at=None).count() == 1
    assert "Recent results" in client.get(f"/connections/{orders.pk}/").text
    assert "restore" not in offers(client)


def test_its_name_is_free_at_once_and_undoing_says_so(client, orders, make_connection):
    client.post(f"/connections/{orders.pk}/delete/")
    taken = make_connection("Orders")
    page = client.post(f"/connections/{orders.pk}/restore/", follow=True).text
    assert "Another connection is called “orders” by now." in page
    assert f"/connections/{orders.pk}/restore/" in page
    with pytest.raises(NameTaken):
        deleting.restore(orders.pk)
    Connection.objects.filter(pk=taken.pk).update(name="elsewhere")
    assert deleting.restore(orders.pk).name == "orders"


def test_two_of_one_name_can_both_be_deleted(make_connection, orders):
    deleting.hide(orders)
    deleting.hide(make_connection("orders"))
    assert Connection.with_deleted.deleted().count() == 2


def test_undoing_twice_and_undoing_nothing_change_nothing(client, orders):
    deleting.hide(orders)
    deleting.restore(orders.pk)
    runs = Run.objects.count()
    assert client.post(f"/connections/{orders.pk}/restore/").url == f"/connections/{orders.pk}/"
    assert Run.objects.count() == runs
    with pytest.raises(Gone):
        deleting.restore(999_999)


def test_a_pair_is_parted_and_brought_together_again(orders, make_connection):
    pooled = make_connection("orders pooled", pooled=True)
    orders.twin = pooled
    orders.save()
    deleting.hide(orders)
    pooled.refresh_from_db()
    assert pooled.twin is None
    deleting.restore(orders.pk)
    pooled.refresh_from_db()
    assert pooled.twin == orders


def test_a_twin_that_found_another_keeps_it(orders, make_connection):
    pooled, other = make_connection("orders pooled", pooled=True), make_connection("other")
    orders.twin = pooled
    orders.save()
    deleting.hide(orders)
    other.twin = pooled
    other.save()
    assert deleting.restore(orders.pk).twin is None
    pooled.refresh_from_db()
    assert pooled.twin == other


def test_both_of_a_pair_can_be_deleted(orders, make_connection):
    pooled = make_connection("orders pooled", pooled=True)
    orders.twin = pooled
    orders.save()
    deleting.hide(orders)
    deleting.hide(pooled)
    assert deleting.restore(pooled.pk).twin is None
    assert deleting.restore(orders.pk).twin == pooled


def test_later_it_is_gone_for_good_with_its_secrets_and_results(client, orders, make_connection):
    kept = make_connection("kept")
    client.post(f"/connections/{orders.pk}/delete/")
    assert deleting.finish() == 0
    long_ago(orders)
    assert deleting.finish() == 1
    assert list(Connection.with_deleted.all()) == [kept]
    assert Purge.objects.get().connection_id == orders.pk
    assert "It is too late" in client.post(f"/connections/{orders.pk}/restore/", follow=True).text


def test_beat_asks_for_the_end_on_the_housekeeping_queue(orders):
    entry = app.conf.beat_schedule["finish-deleting"]
    assert entry["options"]["queue"] == "housekeeping"
    deleting.hide(orders)
    long_ago(orders)
    assert entry["task"] == housekeeping.finish_deleting.name
    housekeeping.finish_deleting()
    assert not Connection.with_deleted.exists()


def test_what_may_come_back_is_sealed_again_with_the_others(orders, settings):
    deleting.hide(orders)
    settings.VAULT_KEYS = ["bmV3ZXIta2V5LWZvci10ZXN0cy1vZi0zMi1ieXRlcyE=", *settings.VAULT_KEYS]
    assert rotation.rotate_all().resealed == 1


def test_the_list_stays_where_it_is_and_the_page_of_the_deleted_leads_to_the_list(client, make_connection):
    first, second = make_connection("first"), make_connection("second")
    here = {**HTMX, "HX-Current-URL": "http://testserver/connections/?q=fi"}
    assert client.post(f"/connections/{first.pk}/delete/", headers=here)["HX-Refresh"] == "true"
    here["HX-Current-URL"] = f"http://testserver/connections/{second.pk}/"
    assert client.post(f"/connections/{second.pk}/delete/", headers=here)["HX-Redirect"] == "/connections/"


def test_undoing_needs_a_post_a_token_and_somebody_signed_in(client, stranger, user, orders):
    deleting.hide(orders)
    path = f"/connections/{orders.pk}/restore/"
    assert client.get(path).status_code == 405
    assert stranger.post(path).url.startswith("/login/")
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(user)
    assert strict.post(path).status_code == 403
    assert not Connection.objects.exists()


def test_its_secrets_are_in_no_session(client, orders):
    client.post(f"/connections/{orders.pk}/delete/")
    assert client.session["deleted"][0][:2] == [orders.pk, "orders"]
    assert orders.password_sealed not in str(dict(client.session))


def test_a_list_costs_no_query_more(client, orders):
    with database.execute_wrapper(count := Counter()):
        client.get("/connections/")
    client.post(f"/connections/{orders.pk}/delete/")
    with database.execute_wrapper(after := Counter()):
        client.get("/connections/")
    assert after.number <= count.number
