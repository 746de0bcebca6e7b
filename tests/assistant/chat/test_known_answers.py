"""Whole answers over a history whose answers are known: the tools that are called, the marks of figures, and no more."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest
from django.urls import reverse

from assistant import answering, asking, tools
from assistant.facts import References
from assistant.models import AnswerState, Disclosure, Message
from assistant.verify import Evidence
from connections.models import Connection
from probes.models import Run
from tests.assistant.test_injected_instructions import ATTACKS, HARMLESS, poison, skeleton
from tests.assistant.test_twenty_questions import QUESTIONS
from tests.rigs.known_history import Known
from tests.rigs.ollama import Ollama, calls, ends, says

INVENTED = "It also took 987.6 ms"


@pytest.fixture
def ask(user, known: Known):
    def asked(text: str) -> Message:
        waiting = asking.begin(user, text)
        answering.write(waiting.pk)
        return Message.objects.select_related("conversation__owner").get(pk=waiting.pk)

    return asked


@pytest.fixture
def called(monkeypatch) -> list[tuple[str, Mapping[str, Any]]]:
    """The calls that reached a tool."""
    seen: list[tuple[str, Mapping[str, Any]]] = []
    real = tools.call

    def call(name, arguments, **options):
        seen.append((name, dict(arguments)))
        return real(name, arguments, **options)

    monkeypatch.setattr(tools, "call", call)
    return seen


def told(server: Ollama) -> list[str]:
    """The facts that the last tool answered."""
    return json.loads(server.requests[-1]["messages"][-1]["content"])["facts"]


def marks(written: Message) -> dict[str, list[str]]:
    references = References.from_json(written.conversation.references).mapping()
    found: dict[str, list[str]] = {"verified": [], "unverified": []}
    for span in Evidence(written.text, references).mark(written.text):
        found.setdefault(span.kind, []).append(span.text)
    return found


@pytest.mark.parametrize("question", QUESTIONS)
def test_what_a_tool_told_is_verified_and_what_is_invented_is_not(ask, serve, called, question: str):
    Disclosure.objects.create(statements=True, hosts=True, users=True)
    tool, arguments, answers = QUESTIONS[question]

    def repeats() -> Mapping[str, Any]:
        facts = [fact for fact in told(server) if any(answer in fact for answer in answers)]
        label = facts[0].rpartition("[")[2]
        return says("\n\n".join([*facts, f"{INVENTED} [{label}"]))[0]

    server = serve(calls(tool, **arguments) + ends(), [repeats, *ends()])
    written = ask(question)
    assert (written.state, called) == (AnswerState.DONE, [(tool, arguments)])
    found = marks(written)
    assert found["unverified"] == ["987.6 ms"]
    for figure in re.findall(r"\d[\d.,]* (?:ms|%)(?!\w)", "\n".join(answers)):
        assert figure in found["verified"]
    assert "reference" in found


@contextmanager
def unchanged(client, known: Known) -> Iterator[None]:
    """What pages show of the fleet, and what a model could be after."""
    urls = [reverse("insights"), reverse("dashboard"), reverse("connection-list")]

    def state() -> list[object]:
        pages = [Counter(skeleton(client.get(url).content.decode())) for url in urls]
        return [pages, Run.objects.count(), list(Connection.objects.order_by("pk").values())]

    before = state()
    yield
    assert state() == before


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_model_that_repeats_what_a_database_wrote_calls_and_changes_nothing_by_it(
    client, ask, serve, called, known: Known, attack: str
):
    Disclosure.objects.create(statements=True, hosts=True, users=True)

    def answered(text: str) -> Message:
        poison(known, text)
        called.clear()

        def echoes() -> Mapping[str, Any]:
            return says("\n\n".join([text, *told(server)[:5]]))[0]

        server = serve(calls("failing") + ends(), [echoes, *ends()])
        with unchanged(client, known):
            written = ask("What is down?")
        offered = [tool.name for tool in tools.TOOLS]
        for sent in server.requests:
            assert [one["function"]["name"] for one in sent["tools"]] == offered
        return written

    expected = marks(answered(HARMLESS))["verified"]
    written = answered(attack)
    assert (written.state, called) == (AnswerState.DONE, [("failing", {})])
    assert marks(written)["verified"] == expected
    page = client.get(f"/assistant/{written.conversation_id}/").text
    log = page[page.index('id="live"') : page.index('id="ask"')]
    assert not {"script", "img", "iframe"} & {tag for tag, _ in skeleton(log)}
    assert not re.findall(r'href="[^/]', log)
