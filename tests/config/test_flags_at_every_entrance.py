"""Every flag closes what it switches at every entrance that leads there; none is left out."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from html import unescape
from itertools import product
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from assistant import answering, asking
from config.flags import FLAGS, REGION_KEY, Entrance, Flags
from config.models import ApiToken
from connections.models import Connection, Region
from probes import broker, history, schedules, switches
from probes.models import Kind, Run, Schedule
from probes.schedules import Draft
from tests.api.conftest import Program
from tests.probes.test_options import LOAD
from tests.rigs.flags import holding
from tests.rigs.pump import pump

pytestmark = pytest.mark.django_db(transaction=True)

REGION = "aws-us-east-1"
SHORT = {"clients": 1, "seconds": 1}
HTMX = {"HX-Request": "true"}
Scope = Schedule.Scope


@dataclass
class Stage:
    """Somebody with every right, and one connection in a region. Nothing listens there: what is open fails at once.

    ``under`` lets the tested flag hold. A row returns what was said; "" when it was let through.
    """

    user: User
    page: Client
    program: Program
    connection: Connection
    under: Callable[[], AbstractContextManager[Flags]]


Row = Callable[[Stage], str]


def on_page(kind: Kind, stage: Stage) -> str:
    names = {Kind.CONNECTION: "probe-one", Kind.HEALTH: "health-one", Kind.LOAD: "load-one"}
    with stage.under():
        shown = stage.page.get(reverse("connection-detail", args=[stage.connection.pk])).text
        path = reverse(names[kind], args=[stage.connection.pk])
        answer = stage.page.post(path, LOAD if kind == Kind.LOAD else {}, headers=HTMX)
    if Run.objects.exists():
        return ""
    assert "disabled title=" in shown
    assert 'mb-0 switched-off"' in shown
    return answer.headers.get("HX-Trigger", "") + answer.text


def all_on_page(stage: Stage) -> str:
    with stage.under():
        shown = stage.page.get(reverse("dashboard")).text
        answers = [stage.page.post(reverse(name), headers=HTMX) for name in ("probe-all", "health-all")]
    if Run.objects.exists():
        return ""
    assert shown.count("disabled title=") >= 2
    return min(answer.headers["HX-Trigger"] for answer in answers)


def by_api(kind: Kind, stage: Stage) -> str:
    body = {"params": SHORT if kind == Kind.LOAD else {}}
    with stage.under():
        return refusal_of(stage.program.post(f"/connections/{stage.connection.pk}/{kind}", body))


def all_by_api(stage: Stage) -> str:
    with stage.under():
        return refusal_of(stage.program.post("/test/all-regions"))


def refusal_of(answer) -> str:
    return "" if answer.status_code == 202 else answer.json()["detail"]


def by_admin(kind: Kind, stage: Stage) -> str:
    """A load test has no action of its own there: it is started through a schedule."""
    if kind == Kind.LOAD:
        return by_admin_schedule(kind, stage)
    action = {Kind.CONNECTION: "test_now", Kind.HEALTH: "health_now"}[kind]
    chosen = {"action": action, "index": "0", "_selected_action": [stage.connection.pk]}
    with stage.under():
        shown = stage.page.post("/admin/connections/connection/", chosen, follow=True).text
    return "" if Run.objects.exists() else shown


def by_admin_schedule(kind: Kind, stage: Stage, scope: Scope = Scope.CONNECTIONS) -> str:
    chosen = {"action": "run_now", "index": "0", "_selected_action": [scheduled(kind, stage, scope).pk]}
    with stage.under():
        shown = stage.page.post("/admin/probes/schedule/", chosen, follow=True).text
    return "" if Run.objects.exists() else shown


def scheduled(kind: Kind, stage: Stage, scope: Scope) -> Schedule:
    chosen = [stage.connection.pk] if scope == Scope.CONNECTIONS else []
    params = SHORT if kind == Kind.LOAD else {}
    draft = Draft(
        name="now and then", kind=kind, params=params, scope=scope, connections=chosen, every_seconds=60
    )
    return schedules.create(draft, user=stage.user)


def by_schedule(kind: Kind, stage: Stage, scope: Scope = Scope.CONNECTIONS) -> str:
    schedule = scheduled(kind, stage, scope)
    with stage.under():
        assert schedules.tick(schedule.next_at) == 1
    return "" if Run.objects.exists() else schedule.ticks.get().reason


def by_command(kind: Kind, stage: Stage) -> str:
    options = ["--clients", "1", "--seconds", "1"] if kind == Kind.LOAD else []
    with stage.under():
        try:
            call_command("probe", kind, stage.connection.name, *options)
        except SystemExit:
            return ""
        except CommandError as refusal:
            return str(refusal)
    raise AssertionError("the command ended without an exit code")


def in_worker(kind: Kind, stage: Stage) -> str:
    """It was accepted before the flag was turned."""
    stage.program.post(
        f"/connections/{stage.connection.pk}/{kind}", {"params": SHORT if kind == Kind.LOAD else {}}
    )
    return carried_out(stage)


def carried_out(stage: Stage) -> str:
    with stage.under():
        pump()
    [result] = history.of_run(Run.objects.get())
    assert result.ours == (result.error_code == "switched_off")
    return result.hint if result.error_code == "switched_off" else ""


def all_in_worker(stage: Stage) -> str:
    stage.program.post("/test/all-regions")
    return carried_out(stage)


def chat_on_page(stage: Stage) -> str:
    with stage.under():
        answer = stage.page.get(reverse("assistant"))
    return "" if answer.status_code == 200 else answer.text


def chat_by_api(stage: Stage) -> str:
    with stage.under():
        return refusal_of(stage.program.post("/chat/conversations", {"text": "How is it?"}))


def chat_in_worker(stage: Stage) -> str:
    """The question was asked before the flag was turned. No model answers here."""
    waiting = asking.begin(stage.user, "How is it?")
    with stage.under():
        answering.write(waiting.pk)
    waiting.refresh_from_db()
    return waiting.problem if waiting.error == "switched-off" else ""


def has_button(stage: Stage) -> str:
    with stage.under():
        shown = stage.page.get(reverse("connection-list")).text
    return "" if "data-refresh>" in shown else switches.reason(switches.REFRESH_BUTTON)


def has_pace(stage: Stage) -> str:
    with stage.under():
        shown = stage.page.get(reverse("dashboard")).text
    return "" if 'data-refresh-seconds="7"' in shown else switches.reason(switches.REFRESH_SECONDS)


KINDS = {REGION_KEY: Kind.CONNECTION, switches.HEALTH_CHECKS: Kind.HEALTH, switches.LOAD_TESTING: Kind.LOAD}
OF_KIND = {
    Entrance.PAGE: on_page,
    Entrance.API: by_api,
    Entrance.ADMIN: by_admin,
    Entrance.SCHEDULE: by_schedule,
    Entrance.COMMAND: by_command,
    Entrance.WORKER: in_worker,
}
NOWHERE = {
    (switches.TEST_ALL_REGIONS, Entrance.COMMAND): "only chosen connections are named here",
    **{
        (switches.CHATBOT, entrance): "nothing is asked of the assistant here"
        for entrance in (Entrance.ADMIN, Entrance.SCHEDULE, Entrance.COMMAND)
    },
    **{
        (key, entrance): "it is about pages"
        for key in (switches.REFRESH_BUTTON, switches.REFRESH_SECONDS)
        for entrance in set(Entrance) - {Entrance.PAGE}
    },
}
ROWS: dict[tuple[str, Entrance], Row] = {
    **{
        (key, entrance): partial(row, kind)
        for key, kind in KINDS.items()
        for entrance, row in OF_KIND.items()
        if (key, entrance) not in NOWHERE
    },
    (switches.TEST_ALL_REGIONS, Entrance.PAGE): all_on_page,
    (switches.TEST_ALL_REGIONS, Entrance.API): all_by_api,
    (switches.TEST_ALL_REGIONS, Entrance.ADMIN): partial(by_admin_schedule, Kind.CONNECTION, scope=Scope.ALL),
    (switches.TEST_ALL_REGIONS, Entrance.SCHEDULE): partial(by_schedule, Kind.CONNECTION, scope=Scope.ALL),
    (switches.TEST_ALL_REGIONS, Entrance.WORKER): all_in_worker,
    (switches.CHATBOT, Entrance.PAGE): chat_on_page,
    (switches.CHATBOT, Entrance.API): chat_by_api,
    (switches.CHATBOT, Entrance.WORKER): chat_in_worker,
    (switches.REFRESH_BUTTON, Entrance.PAGE): has_button,
    (switches.REFRESH_SECONDS, Entrance.PAGE): has_pace,
}
OPEN, SHUT = {bool: True, int: 7}, {bool: False, int: 0}


@pytest.fixture
def stage(
    client, user, make_connection, db, tmp_path: Path
) -> Iterator[Callable[[dict[str, object]], Stage]]:
    region, _ = Region.objects.get_or_create(
        code=REGION,
        defaults={
            "name": "N. Virginia",
            "city": "Ashburn",
            "country": "US",
            "latitude": 39,
            "longitude": -77,
        },
    )
    connection = make_connection("orders", port=1, region=region)
    Run.objects.all().delete()
    broker.client().flushall()
    program = Program(ApiToken.issue(user, "tests", 1)[1])

    def of(values: dict[str, object]) -> Stage:
        under = partial(holding, tmp_path / "flags.json", values)
        return Stage(user, client, program, connection, under)

    return of


def test_each_flag_has_a_row_for_each_entrance_and_the_registry_says_the_same():
    assert ROWS.keys() | NOWHERE.keys() == set(product(FLAGS, Entrance))
    assert {pair for pair in product(FLAGS, Entrance) if pair[1] in FLAGS[pair[0]].checked} == ROWS.keys()


@pytest.mark.parametrize(("key", "entrance"), ROWS, ids=lambda part: str(part).replace("<region>", "of"))
def test_what_a_flag_closes_is_closed_there_and_says_by_what(stage, key, entrance):
    real = key.replace("<region>", REGION)
    assert switches.reason(real) in unescape(ROWS[key, entrance](stage({real: SHUT[FLAGS[key].type]})))


@pytest.mark.parametrize(("key", "entrance"), ROWS, ids=lambda part: str(part).replace("<region>", "of"))
def test_what_a_flag_opens_is_open_there(stage, key, entrance):
    real = key.replace("<region>", REGION)
    assert ROWS[key, entrance](stage({real: OPEN[FLAGS[key].type]})) == ""
