"""What was said before is held to what the model may be told now."""

import pytest

from assistant import answering, asking
from assistant.models import Conversation, Disclosure, Message
from connections.models import Connection
from tests.rigs.known_history import Known
from tests.rigs.ollama import Ollama, answer, calls, ends


@pytest.fixture
def ask(user):
    def asked(text: str, conversation: Conversation | None = None) -> Conversation:
        waiting = asking.ask(conversation, text) if conversation else asking.begin(user, text)
        answering.write(waiting.pk)
        return Message.objects.select_related("conversation__owner").get(pk=waiting.pk).conversation

    return asked


def sent(server: Ollama) -> list[str]:
    """What the model was sent last, without the rules and facts."""
    return [one.get("content", "") for one in server.requests[-1]["messages"][1:]]


def test_what_was_said_with_a_switch_on_is_not_sent_again_once_it_is_off(ask, serve, db):
    allowed = Disclosure.objects.create(hosts=True)
    server = serve(answer("It is db9.example.internal."), answer("Yes."))
    conversation = ask("Which host is slow?")
    ask("Since when?", conversation)
    assert "It is db9.example.internal." in sent(server)
    allowed.hosts = False
    allowed.save()
    ask("And why?", conversation)
    assert sent(server) == ["And why?"]
    ask("Really?", conversation)
    assert sent(server) == ["And why?", "Yes.", "Really?"]


def test_a_connection_named_after_its_host_is_asked_about_by_its_number(ask, serve, known: Known):
    dublin = known.of["dublin-1"]
    Connection.objects.filter(pk=dublin.pk).update(name=dublin.host)
    name = f"connection {dublin.pk}"
    server = serve(calls("health", connection=name) + ends(), answer("It is down."))
    conversation = ask(f"Why is {dublin.host.upper()} down?")
    assert sent(server)[0] == f"Why is {name} down?"
    assert f"# Newest tests: «{name}»" in server.requests[0]["messages"][0]["content"]
    assert "its health was not checked yet" in sent(server)[-1]
    ask("And since when?", conversation)
    assert dublin.host not in str(server.requests).lower()
    assert conversation.messages.first().text == f"Why is {dublin.host.upper()} down?"
