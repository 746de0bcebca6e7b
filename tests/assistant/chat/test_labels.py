"""What [r12] stands for: the same as soon as it is written, when its answer was stopped, and in every later turn."""

import re

import pytest

from assistant import answering, asking
from assistant.facts import Reference, References
from assistant.models import AnswerState, Conversation, Message
from tests.rigs.known_history import Known
from tests.rigs.ollama import answer, says


@pytest.fixture
def ask(user, known: Known):
    """Asks in a new conversation, or in one that is there, and has the answer written."""

    def asked(text: str, conversation: Conversation | None = None) -> Message:
        waiting = asking.ask(conversation, text) if conversation else asking.begin(user, text)
        answering.write(waiting.pk)
        return Message.objects.select_related("conversation__owner").get(pk=waiting.pk)

    return asked


def test_they_are_links_as_soon_as_they_are_written(ask, serve, client, monkeypatch):
    pages = []

    def loaded(written, html):
        pages.append(client.get(f"/assistant/{written.conversation_id}/").text)

    monkeypatch.setattr(answering.fragments, "push_draft", loaded)
    serve(answer("See [r1]."))
    ask("Why is tokyo-1 slow?")
    assert re.search(r'See <a class="reference" href="/[^"]+">\[r1\]</a>', pages[0])


def test_those_of_an_answer_that_was_stopped_stay_its_own(ask, serve, monkeypatch):
    server = serve([*says("Tokyo is slower [r1]."), 60.0], answer("It is down."))
    with monkeypatch.context() as patched:
        patched.setattr(answering.fragments, "push_draft", lambda written, html: asking.stop(written))
        stopped = ask("Why is tokyo-1 slow?")
    assert (stopped.state, stopped.text) == (AnswerState.STOPPED, "Tokyo is slower [r1].")
    kept = stopped.conversation.references
    assert "r1" in kept
    again = ask("Why is dublin-1 down?", stopped.conversation).conversation.references
    assert {label: again[label]["url"] for label in kept} == {
        label: one["url"] for label, one in kept.items()
    }
    told = set(re.findall(r"\[(r\d+)\]", server.requests[1]["messages"][0]["content"]))
    assert told - set(kept)


def test_only_those_that_are_cited_are_kept_once_an_answer_has_ended(ask, serve):
    serve(answer("Slow [r2, r3]."), answer("Down [r3]."))
    first = ask("Why is tokyo-1 slow?").conversation
    assert list(first.references) == ["r2", "r3"]
    assert list(ask("Why is that so?", first).conversation.references) == ["r2", "r3"]


def test_a_label_is_not_given_twice_in_a_conversation():
    references = References()
    assert [references.label(Reference(url)) for url in ("/a/", "/b/", "/c/")] == ["r1", "r2", "r3"]
    references.keep({"r2", "r3"})
    assert [references.label(Reference(url)) for url in ("/a/", "/b/")] == ["r4", "r2"]
    references.keep({"r2", "r4"})
    later = References.from_json(references.as_json())
    assert [later.label(Reference(url)) for url in ("/c/", "/a/")] == ["r5", "r4"]
