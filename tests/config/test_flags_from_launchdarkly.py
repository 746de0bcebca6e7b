"""Flags come over LaunchDarkly's own stream, change at once, and are in doubt when the service cannot answer."""

import os
import threading
from collections.abc import Callable, Iterator

import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.urls import reverse

from assistant import answering
from assistant.models import AnswerState, Message
from config import flags, launchdarkly
from config.flags import FLAGS, Flags
from probes import switches
from tests.config.stack.conftest import eventually
from tests.rigs.flags import answered_by
from tests.rigs.launchdarkly import KEY, LaunchDarkly, when
from tests.rigs.ollama import Ollama, answer

ADMINISTRATOR = User(pk=7, username="ada", email="ada@example.org", first_name="Ada", is_superuser=True)
ORDINARY = User(pk=8, username="bob", email="bob@example.org", last_name="Builder")


@pytest.fixture
def point(settings) -> Callable[[LaunchDarkly], None]:
    def at(service: LaunchDarkly) -> None:
        settings.LAUNCHDARKLY_SDK_KEY = KEY
        settings.LAUNCHDARKLY_BASE_URL = service.url
        settings.LAUNCHDARKLY_STREAM_URL = settings.LAUNCHDARKLY_EVENTS_URL = service.url

    return at


@pytest.fixture
def service(point) -> Iterator[LaunchDarkly]:
    with LaunchDarkly() as running:
        point(running)
        yield running


@pytest.fixture
def asked(service) -> Iterator[Flags]:
    with answered_by(launchdarkly.streaming()) as installed:
        yield installed


def read(key: str) -> tuple[object, str]:
    reading = flags.installed.read(key, switches.SYSTEM)
    return reading.value, reading.source


def test_what_the_service_says_holds_and_a_change_arrives_over_its_stream(service, asked):
    service.set(switches.HEALTH_CHECKS, False)
    service.set(switches.REFRESH_SECONDS, 15)
    assert not switches.is_on(switches.HEALTH_CHECKS)
    assert switches.number(switches.REFRESH_SECONDS) == 15
    assert switches.is_on(switches.LOAD_TESTING)
    changed = threading.Event()
    asked.source.watch(changed.set)
    service.set(switches.HEALTH_CHECKS, True)
    assert changed.wait(20)
    assert eventually(lambda: switches.is_on(switches.HEALTH_CHECKS))
    service.delete(switches.REFRESH_SECONDS)
    usual = FLAGS[switches.REFRESH_SECONDS].default
    assert eventually(lambda: switches.number(switches.REFRESH_SECONDS) == usual)


def test_a_rule_may_go_by_role_and_by_region(service, asked):
    service.set(switches.LOAD_TESTING, True, [when("role", "user")])
    service.set(switches.HEALTH_CHECKS, True, [when("region", "aws-us-east-1")])
    assert switches.is_on(switches.LOAD_TESTING, user=ADMINISTRATOR)
    assert not switches.is_on(switches.LOAD_TESTING, user=ORDINARY)
    assert switches.is_on(switches.LOAD_TESTING, user=AnonymousUser())
    assert switches.closed("health", "aws-us-east-1") == switches.HEALTH_CHECKS
    assert switches.closed("health", "aws-eu-west-1") == ""


def test_nothing_but_a_number_a_role_and_a_region_is_told_of_anybody(service, asked):
    switches.is_on(switches.of_region("aws-us-east-1"), user=ADMINISTRATOR, region="aws-us-east-1")
    asked.close()
    context = service.next_event("index")["context"]
    assert context == {"kind": "user", "key": "7", "role": "administrator", "region": "aws-us-east-1"}


def test_what_is_counted_arrives_as_custom_events(service, asked):
    switches.track("chatbot.message.sent", user=ORDINARY)
    switches.track("chatbot.response.time", user=ORDINARY, value=1234.5)
    asked.close()
    sent, took = service.next_event("custom"), service.next_event("custom")
    assert (sent["key"], took["key"]) == ("chatbot.message.sent", "chatbot.response.time")
    assert took["metricValue"] == 1234.5
    assert "metricValue" not in sent
    assert sent["context"] == {"kind": "user", "key": "8", "role": "user"}


def test_what_happens_in_the_assistant_arrives_as_each_of_its_metrics(
    service, asked, client, user, settings, django_capture_on_commit_callbacks
):
    """From the page and the worker through the SDK: nothing is counted by hand here."""
    with Ollama(answer("Nothing changed.")) as model:
        settings.OLLAMA_BASE_URL = model.url
        client.get(reverse("assistant-models"))
        with django_capture_on_commit_callbacks(execute=True):
            client.post(reverse("assistant-begin"), {"text": "What changed?"})
        answering.write(Message.objects.get(state=AnswerState.WAITING).pk)
    client.get(reverse("assistant-models"))
    asked.close()
    arrived = [service.next_event("custom") for _ in range(5)]
    assert {one["context"]["key"] for one in arrived} == {str(user.pk)}
    told = [(one["key"], one.get("metricValue")) for one in arrived]
    [(_, taken)] = [one for one in told if one[0] == "chatbot.response.time"]
    assert 0 < taken < 60_000
    assert told == [
        ("chatbot.connection.status", 1.0),
        ("chatbot.message.sent", None),
        ("chatbot.response.time", taken),
        ("chatbot.error", None),
        ("chatbot.connection.status", 0.0),
    ]


def test_load_testing_is_closed_while_the_service_has_not_answered(service, monkeypatch):
    service.silent = True
    monkeypatch.setattr(launchdarkly, "START_SECONDS", 0.2)
    monkeypatch.setattr(launchdarkly, "RECONNECT_SECONDS", 0.05)
    with answered_by(launchdarkly.streaming()) as installed:
        assert read(switches.LOAD_TESTING) == (False, "In doubt")
        assert read(switches.HEALTH_CHECKS) == (True, "Default")
        assert "has not answered" in installed.read(switches.LOAD_TESTING, switches.SYSTEM).reason
        service.silent = False
        assert eventually(lambda: read(switches.LOAD_TESTING) == (True, "Default"))


def test_a_key_that_the_service_does_not_know_leaves_it_in_doubt_and_shows_nowhere(
    service, settings, monkeypatch, caplog
):
    monkeypatch.setattr(launchdarkly, "START_SECONDS", 0.2)
    settings.LAUNCHDARKLY_SDK_KEY = "sdk-not-the-right-one"
    with answered_by(launchdarkly.streaming()) as installed:
        assert eventually(
            lambda: "HTTP status 401" in installed.read(switches.LOAD_TESTING, switches.SYSTEM).reason
        )
        assert read(switches.LOAD_TESTING) == (False, "In doubt")
    assert "sdk-not-the-right-one" not in caplog.text


def test_a_service_that_went_silent_keeps_its_last_word_but_for_load_testing(service, asked, monkeypatch):
    service.set(switches.HEALTH_CHECKS, False)
    assert read(switches.HEALTH_CHECKS) == (False, "LaunchDarkly")
    service.set(switches.LOAD_TESTING, True)
    assert eventually(lambda: read(switches.LOAD_TESTING) == (True, "LaunchDarkly"))
    service.silent = True
    service.break_off()
    monkeypatch.setattr(launchdarkly, "PATIENCE_SECONDS", 0.0)
    assert eventually(lambda: read(switches.LOAD_TESTING) == (False, "In doubt"))
    assert read(switches.HEALTH_CHECKS) == (False, "LaunchDarkly")


def test_a_value_of_another_type_is_not_believed(service, asked):
    service.set(switches.LOAD_TESTING, "yes")
    service.set(switches.HEALTH_CHECKS, "no")
    service.set(switches.REFRESH_SECONDS, True)
    assert read(switches.LOAD_TESTING) == (False, "In doubt")
    assert read(switches.HEALTH_CHECKS) == (True, "Default")
    assert read(switches.REFRESH_SECONDS) == (60, "Default")


def test_a_process_that_was_forked_listens_by_itself(service, asked):
    """A child of Celery's pool is forked from a parent that may have asked before."""
    assert switches.is_on(switches.HEALTH_CHECKS)
    child = os.fork()
    if child == 0:
        closed = eventually(lambda: not switches.is_on(switches.HEALTH_CHECKS))
        os._exit(0 if closed else 1)
    assert eventually(lambda: service.streams == 2)
    service.set(switches.HEALTH_CHECKS, False)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_a_question_that_the_registry_does_not_know_is_a_fault_of_ours():
    with pytest.raises(KeyError):
        switches.is_on("enable-teleportation")
