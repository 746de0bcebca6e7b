"""The admin shows what there is, asks for tests like a page does, and shows nobody a secret."""

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.utils.html import escape

from connections.catalogue import load_regions
from connections.models import Connection, Region
from probes import dispatch, schedules
from probes.models import Kind, Run, Vantage
from probes.schedules import Draft
from tests.rigs.certificates import Authority
from tests.rigs.pump import pump, waiting

CONNECTIONS, RUNS = "/admin/connections/connection/", "/admin/probes/run/"
PASSWORD = "p@ss/w:rd#hunter2"


@pytest.fixture
def pair():
    return Authority().issue("ada")


def do(client, action: str, *ids: object):
    return client.post(CONNECTIONS, {"action": action, "index": "0", "_selected_action": ids}, follow=True)


def ask(client, *connections: Connection) -> Run:
    do(client, "test_now", *[one.pk for one in connections])
    return Run.objects.get(source=Run.Source.ADMIN)


def page_of(client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200
    return answer.text


def test_every_list_and_every_row_of_it_is_readable(client, make_connection):
    load_regions()
    stored = make_connection("<b>orders</b>")
    run = ask(client, stored)
    vantage, _ = Vantage.objects.get_or_create(code="home")
    region = Region.objects.get(code="aws-us-east-1")
    for path, shown in [
        (CONNECTIONS, escape("<b>orders</b>")),
        (f"{CONNECTIONS}{stored.pk}/change/", escape("<b>orders</b>")),
        ("/admin/connections/region/", "aws-us-east-1"),
        (f"/admin/connections/region/{region.pk}/change/", region.city),
        ("/admin/probes/vantage/", "home"),
        (f"/admin/probes/vantage/{vantage.pk}/change/", "home"),
        (RUNS, "ada"),
        (f"{RUNS}{run.pk}/change/", "Admin"),
    ]:
        text = page_of(client, path)
        assert shown in text
        assert "<b>orders</b>" not in text


@pytest.mark.parametrize(
    "path",
    [
        f"{CONNECTIONS}?q=%25&active__exact=1",
        f"{CONNECTIONS}?q=%F0%9F%90%98",
        f"{RUNS}?state__exact=finished&kind__exact=connection",
        "/admin/connections/region/?q=dublin&provider__exact=aws",
        "/admin/probes/vantage/?active__exact=1",
    ],
)
def test_every_list_can_be_searched_and_filtered(client, make_connection, path):
    make_connection()
    page_of(client, path)


def test_test_now_asks_for_one_run_of_what_was_selected(client, user, make_connection):
    first, second, other = (make_connection(name) for name in ("first", "second", "other"))
    Run.objects.all().delete()
    answer = do(client, "test_now", first.pk, second.pk)
    run = Run.objects.get()
    assert (run.kind, run.source, run.requested_by, run.total) == (
        Kind.CONNECTION,
        Run.Source.ADMIN,
        user,
        2,
    )
    tested = {pk for job in run.jobs.all() for pk in job.connection_ids}
    assert tested == {first.pk, second.pk}
    assert other.pk not in tested
    assert "Testing 2 connections" in answer.text
    assert f'href="/runs/{run.pk}/"' in answer.text
    assert client.get(f"/runs/{run.pk}/").status_code == 200


@pytest.mark.parametrize(
    ("action", "kind", "said"),
    [
        ("latency_now", Kind.LATENCY, "Testing the latency of 2 connections"),
        ("health_now", Kind.HEALTH, "Checking the health of 2 connections"),
    ],
)
def test_latency_and_health_can_be_asked_for_too(client, make_connection, action, kind, said):
    first, second = make_connection("first"), make_connection("second")
    answer = do(client, action, first.pk, second.pk)
    run = Run.objects.get(source=Run.Source.ADMIN)
    assert (run.kind, run.params, run.total) == (kind, {}, 2)
    assert said in answer.text
    assert f'href="/runs/{run.pk}/"' in answer.text


@pytest.mark.django_db(transaction=True)
def test_what_test_now_asked_for_is_tested(client, make_connection):
    good, refusing = make_connection("good"), make_connection("refusing", port=1)
    pump()
    run = ask(client, good, refusing)
    assert waiting("probes.home") == 2
    pump()
    run.refresh_from_db()
    assert (run.state, run.done, run.failed) == (Run.State.FINISHED, 2, 1)


def test_test_now_tests_what_rests_too(client, make_connection):
    run = ask(client, make_connection("resting", active=False))
    assert run.total == 1


def test_test_now_of_nothing_says_so(client, make_connection):
    make_connection()
    before = Run.objects.count()
    answer = do(client, "test_now")
    assert "Items must be selected" in answer.text
    assert Run.objects.count() == before


@pytest.mark.parametrize("ids", [["999999999"], ["0"], ["-1"]])
def test_test_now_of_rows_that_are_gone_says_so(client, make_connection, ids):
    make_connection()
    before = Run.objects.count()
    answer = do(client, "test_now", *ids)
    assert answer.status_code == 200
    assert "There is nothing to test" in answer.text
    assert Run.objects.count() == before


def test_test_now_leaves_out_a_row_that_is_gone(client, make_connection):
    kept, gone = make_connection("kept"), make_connection("gone")
    pk = gone.pk
    gone.delete()
    answer = do(client, "test_now", kept.pk, pk)
    assert "Testing 1 connection" in answer.text
    assert Run.objects.get(source=Run.Source.ADMIN).total == 1


def test_no_page_of_the_admin_shows_a_secret(client, make_connection, pair):
    typed = {
        "name": "orders",
        "host": "127.0.0.1",
        "port": "1",
        "database": "app",
        "username": "ada",
        "password": PASSWORD,
        "sslmode": "verify-ca",
        "sslrootcert": pair.certificate,
        "sslcert": pair.certificate,
        "sslkey": pair.key,
        "connect_timeout": "5",
        "active": "on",
    }
    assert client.post(f"{CONNECTIONS}add/", typed).status_code == 302
    stored = Connection.objects.get()
    assert client.post(f"{CONNECTIONS}{stored.pk}/change/", typed | {"port": "2"}).status_code == 302
    refused = client.post(f"{CONNECTIONS}{stored.pk}/change/", typed | {"port": "0"})
    assert refused.status_code == 200
    run = ask(client, stored)
    dispatch.cancel_run(run)
    stored.refresh_from_db()
    secrets = [PASSWORD, escape(PASSWORD), stored.password_sealed, stored.sslkey_sealed]
    secrets += [line for line in pair.key.splitlines() if "PRIVATE KEY" not in line]
    pages = [
        refused.text,
        *[
            page_of(client, path)
            for path in (
                "/admin/",
                CONNECTIONS,
                f"{CONNECTIONS}{stored.pk}/change/",
                f"{CONNECTIONS}{stored.pk}/history/",
                f"{CONNECTIONS}{stored.pk}/delete/",
                RUNS,
                f"{RUNS}{run.pk}/change/",
                f"{RUNS}{run.pk}/history/",
                f"{RUNS}{run.pk}/delete/",
            )
        ],
        do(client, "delete_selected", stored.pk).text,
    ]
    client.post(f"{CONNECTIONS}{stored.pk}/delete/", {"post": "yes"})
    assert not Connection.objects.exists()
    entries = LogEntry.objects.values_list("object_repr", "change_message")
    assert len(entries) == 3
    for text in [*pages, repr(list(entries))]:
        for secret in secrets:
            assert secret not in text


def test_the_tables_of_beat_are_nobodys_to_change(client):
    index = client.get("/admin/").text
    assert "Meridian" in index
    assert "/admin/probes/schedule/" in index
    assert "django_celery_beat" not in index


def test_runs_are_neither_added_nor_changed_by_hand(client, make_connection):
    run = ask(client, make_connection())
    assert client.get(f"{RUNS}add/").status_code == 403
    assert client.post(f"{RUNS}add/", {"kind": "connection", "total": "1"}).status_code == 403
    fields = {"kind": "load", "source": "api", "state": "finished", "total": "7", "done": "7", "failed": "0"}
    assert client.post(f"{RUNS}{run.pk}/change/", fields).status_code == 403
    before = Run.objects.filter(pk=run.pk).values().get()
    assert (before["kind"], before["total"]) == ("connection", 1)
    text = page_of(client, f"{RUNS}{run.pk}/change/")
    assert 'name="_save"' not in text
    assert f'href="/runs/{run.pk}/"' in text or "View on site" in text


@pytest.mark.django_db(transaction=True)
def test_deleting_a_run_leaves_its_connections(client, make_connection):
    stored = make_connection()
    run = ask(client, stored)
    pump()
    assert client.post(f"{RUNS}{run.pk}/delete/", {"post": "yes"}).status_code == 302
    assert not Run.objects.filter(pk=run.pk).exists()
    assert Connection.objects.get() == stored
    assert client.get("/").status_code == 200
    assert client.get(f"/connections/{stored.pk}/").status_code == 200


def test_a_run_that_is_under_way_is_not_deleted(client, make_connection):
    run = ask(client, make_connection())
    chosen = {"action": "delete_selected", "_selected_action": [run.pk], "post": "yes"}
    assert client.post(f"{RUNS}{run.pk}/delete/", {"post": "yes"}).status_code == 403
    assert client.post(RUNS, chosen).status_code == 403
    dispatch.cancel_run(run)
    assert client.post(RUNS, chosen).status_code == 302
    assert not Run.objects.filter(pk=run.pk).exists()


def test_a_region_that_is_deleted_takes_no_connection_with_it(client, make_connection):
    load_regions()
    region = Region.objects.get(code="aws-us-east-1")
    stored = make_connection(region=region)
    answer = client.post(f"/admin/connections/region/{region.pk}/delete/", {"post": "yes"})
    assert answer.status_code in {200, 302}
    stored.refresh_from_db()
    assert stored.region in {None, region}


@pytest.mark.parametrize("may", [True, False])
def test_a_statement_of_ones_own_is_shown_to_those_who_may_run_one(user, make_connection, may):
    own = {"clients": 1, "seconds": 1, "workload": "sql", "sql": "SELECT from_the_vault"}
    draft = Draft(name="own", kind=Kind.LOAD, params=own, every_seconds=3600)
    schedule = schedules.create(draft, user=user)
    run = Run.objects.create(kind=Kind.LOAD, params=own, source=Run.Source.PAGE, total=1)
    reader = User.objects.create(username="grace", password="!", is_staff=True)
    rights = ["view_run", "view_schedule", *(["run_own_sql"] if may else [])]
    reader.user_permissions.set(Permission.objects.filter(codename__in=rights))
    signed_in = Client()
    signed_in.force_login(reader)
    for path in (f"{RUNS}{run.pk}/change/", f"/admin/probes/schedule/{schedule.pk}/change/"):
        assert ("from_the_vault" in page_of(signed_in, path)) is may
