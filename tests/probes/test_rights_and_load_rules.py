"""Who may ask for what, and that a database has one load test at a time."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import AnonymousUser, Permission, User
from django.utils import timezone

from probes import broker, dispatch, outbox, plans, reaper
from probes.engine.plan import PlanError
from probes.models import Kind, Latest, Run
from probes.states import State, state_of
from tests.rigs.pump import pump, take, waiting

pytestmark = pytest.mark.django_db(transaction=True)

OWN_SQL = {"workload": "sql", "sql": "SELECT 2"}


@pytest.fixture
def target(make_connection):
    made = make_connection()
    Run.objects.all().delete()
    broker.client().delete("probes.home")
    return made


@pytest.fixture
def somebody(db):
    return User.objects.create(username="grace", password="!")


def ask(*connections, kind=Kind.LOAD, **kwargs) -> Run:
    return dispatch.request_run(
        kind=kind, connections=connections, **{"source": Run.Source.PAGE, "params": {"seconds": 1}, **kwargs}
    )


@pytest.mark.parametrize(
    "params", [{"clients": 0}, {"clients": 2**63}, {"speed": 1}, {"seconds": float("nan")}]
)
def test_a_plan_that_is_refused_leaves_nothing_behind(target, user, params):
    with pytest.raises(PlanError):
        ask(target, user=user, params=params)
    assert Run.objects.count() == 0
    assert waiting("load.home") == 0


@pytest.mark.parametrize(("params", "word"), [(OWN_SQL, "statements"), ({"all_slots": True}, "connection")])
def test_without_the_right_it_is_refused_by_name(target, somebody, params, word):
    for user in (somebody, AnonymousUser(), None):
        with pytest.raises(dispatch.NotPermitted, match=word):
            ask(target, user=user, params=params)
    assert Run.objects.count() == 0


@pytest.mark.parametrize("source", [Run.Source.COMMAND, Run.Source.SCHEDULE, Run.Source.SAVED])
def test_the_system_itself_has_no_rights_beyond_those_of_everybody(target, source):
    with pytest.raises(dispatch.NotPermitted):
        ask(target, source=source, params=OWN_SQL)
    assert ask(target, source=source).is_open


def test_with_the_right_it_is_accepted(target, somebody):
    somebody.user_permissions.add(Permission.objects.get(codename="run_own_sql"))
    assert ask(target, user=User.objects.get(pk=somebody.pk), params=OWN_SQL).params == OWN_SQL


def test_a_superuser_has_every_right(target, user):
    assert ask(target, user=user, params={**OWN_SQL, "all_slots": True}).is_open


def test_a_second_load_test_of_the_same_database_is_refused_until_the_first_has_ended(
    target, make_connection
):
    same = make_connection("another name for it", host=target.host.upper())
    Run.objects.filter(source=Run.Source.SAVED).delete()
    first = ask(target)
    for one in (target, same):
        with pytest.raises(dispatch.LoadUnderWay, match=one.name):
            ask(one)
    dispatch.cancel_run(first)
    assert ask(same).is_open


def test_a_pooled_twin_leads_to_the_same_database(target, make_connection):
    pooled = make_connection("through the pooler", port=6432, pooled=True, twin=target)
    target.refresh_from_db()
    for first, second in [(target, pooled), (pooled, target)]:
        run = ask(first)
        with pytest.raises(dispatch.LoadUnderWay, match=second.name):
            ask(second)
        dispatch.cancel_run(run)


def test_a_load_test_comes_from_one_place(target):
    with pytest.raises(dispatch.SeveralPlaces, match="one vantage"):
        ask(target, vantages=["home", "tokyo"])
    assert not Run.objects.filter(kind=Kind.LOAD).exists()
    assert ask(target, vantages=["home", "home"]).is_open


def test_another_database_of_the_same_server_may_be_tested(target, make_connection):
    other = make_connection("other", database="postgres")
    ask(target)
    assert ask(other).is_open


def test_other_kinds_run_beside_a_load_test(target):
    ask(target)
    for kind in (Kind.CONNECTION, Kind.LATENCY, Kind.HEALTH):
        assert ask(target, kind=kind, params={}).is_open


def test_each_load_test_is_a_job_of_its_own_and_others_are_batched(make_connection):
    targets = [make_connection(f"target {number}", database=f"db{number}") for number in range(5)]
    assert ask(*targets).jobs.count() == 5
    for kind in (Kind.CONNECTION, Kind.LATENCY, Kind.HEALTH):
        assert ask(*targets, kind=kind, params={}).jobs.count() == 2


def test_a_vantage_that_is_named_twice_counts_once(target):
    run = ask(target, kind=Kind.HEALTH, params={}, vantages=["home", "home", "tokyo"])
    assert (run.total, run.jobs.count()) == (2, 2)


@pytest.mark.parametrize("kind", list(Kind))
def test_a_message_carries_the_limit_that_its_own_plan_needs(make_connection, kind):
    targets = [make_connection(f"target {number}", connect_timeout=7) for number in range(20)]
    Run.objects.all().delete()
    broker.client().flushall()
    ask(*targets[:1] if kind == Kind.LOAD else targets, kind=kind, params={})
    queue = "load.home" if kind == Kind.LOAD else "probes.home"
    _, _, headers = take(queue)
    plan = plans.plan_of(kind.of_engine, {})
    count = 1 if kind == Kind.LOAD else 10
    assert headers["timelimit"] == [plans.job_seconds(plan, [7] * count) + outbox.HAND_OVER_SECONDS, None]


def test_a_load_test_may_wait_long_behind_others(target):
    run = ask(target, params={"seconds": 3600})
    long_ago = timezone.now() - timedelta(hours=2)
    run.jobs.update(published_at=long_ago, due_at=long_ago)
    reaper.reap()
    assert (run.jobs.count(), waiting("load.home")) == (1, 1)


def test_a_message_of_a_short_test_that_waits_for_an_hour_is_sent_again(target):
    run = ask(target, kind=Kind.HEALTH, params={})
    long_ago = timezone.now() - timedelta(hours=2)
    run.jobs.update(published_at=long_ago, due_at=long_ago)
    reaper.reap()
    assert (run.jobs.count(), waiting("probes.home")) == (2, 2)


def test_each_kind_has_a_newest_result_of_its_own(make_connection):
    target = make_connection()
    pump()
    first = Latest.objects.get(connection=target)
    ask(target, kind=Kind.HEALTH, params={})
    ask(target, kind=Kind.LATENCY, params={"samples": 2})
    ask(target, params={"clients": 500, "seconds": 1})
    pump()
    newest = {one.kind: one for one in Latest.objects.filter(connection=target)}
    assert newest.keys() == set(Kind.values)
    assert newest["connection"].run_id == first.run_id
    assert newest["load"].error_code == "slots_exceeded"
    assert state_of(newest["connection"]) is State.HEALTHY
