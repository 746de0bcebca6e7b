"""The assistant for programs: the page's flows, one's own conversations, and nothing while it is switched off."""

import pytest
from django.contrib.auth.models import User

from assistant import answering, asking
from assistant.models import AnswerState, Conversation, Message
from probes import switches
from tests.api.conftest import Program

pytestmark = pytest.mark.django_db


@pytest.fixture
def program(program_of, somebody):
    return program_of(somebody)


@pytest.fixture
def waiting(somebody) -> Message:
    return asking.begin(somebody, "Why is Tokyo slow?")


def test_a_question_is_accepted_and_its_answer_read_later(program, settings):
    settings.OLLAMA_BASE_URL = "http://127.0.0.1:9"
    accepted = program.post("/chat/conversations", {"text": "Why is Tokyo slow?"})
    assert accepted.status_code == 202
    answer = accepted.json()["answer"]
    assert (answer["state"], answer["text"]) == ("waiting", "")
    answering.write(answer["id"])
    read = program.get(f"/chat/messages/{answer['id']}").json()
    assert (read["state"], read["error"]) == ("failed", "not-running")
    assert "ollama serve" in read["problem"]


def test_a_conversation_is_read_renamed_exported_and_deleted(program, waiting):
    Message.objects.filter(pk=waiting.pk).end(AnswerState.DONE, text="Because [r1].")
    Conversation.objects.update(references={"r1": {"url": "/runs/7/", "about": "Tokyo", "figures": []}})
    path = f"/chat/conversations/{waiting.conversation_id}"
    whole = program.get(path).json()
    assert [one["text"] for one in whole["messages"]] == ["Why is Tokyo slow?", "Because [r1]."]
    assert whole["references"] == [{"label": "r1", "url": "/runs/7/", "about": "Tokyo"}]
    assert program.patch(path, {"title": "Tokyo"}).json()["title"] == "Tokyo"
    assert program.get(f"{path}/export").text.startswith("# Tokyo")
    assert program.get("/chat/conversations?q=because").json()["count"] == 1
    assert program.get("/chat/conversations?q=nothing").json()["count"] == 0
    assert program.delete(path).status_code == 204
    assert program.get(path).status_code == 404


def test_nobody_keeps_the_whole_pool_busy(program, waiting, monkeypatch):
    monkeypatch.setattr(asking, "MOST_AT_ONCE", 1)
    answer = program.post("/chat/conversations", {"text": "And Berlin?"})
    assert (answer.status_code, "Wait for one, or stop it" in answer.json()["detail"]) == (409, True)
    assert Conversation.objects.count() == 1
    asking.stop(waiting)
    assert program.post("/chat/conversations", {"text": "And Berlin?"}).status_code == 202


def test_a_conversation_does_not_grow_without_end(program, waiting, monkeypatch):
    asking.stop(waiting)
    monkeypatch.setattr(asking, "MOST_MESSAGES", 2)
    path = f"/chat/conversations/{waiting.conversation_id}/questions"
    assert program.post(path, {"text": "And Berlin?"}).status_code == 409
    assert Message.objects.count() == 2
    assert program.post(f"/chat/messages/{waiting.pk}/retry").status_code == 202


def test_two_answers_at_once_are_a_conflict(program, waiting):
    path = f"/chat/conversations/{waiting.conversation_id}/questions"
    refused = program.post(path, {"text": "And now?"})
    assert refused.status_code == 409
    assert "being written" in refused.json()["detail"]
    stopped = program.post(f"/chat/messages/{waiting.pk}/stop")
    assert stopped.json()["state"] == "stopped"
    assert program.post(path, {"text": "And now?"}).status_code == 202


def test_an_answer_is_asked_for_again_and_a_question_edited(program, waiting):
    program.post(f"/chat/messages/{waiting.pk}/stop")
    again = program.post(f"/chat/messages/{waiting.pk}/retry").json()["answer"]
    assert program.patch(f"/chat/messages/{again['id']}", {"text": "x"}).status_code == 422
    program.post(f"/chat/messages/{again['id']}/stop")
    question = Message.objects.get(role=Message.Role.QUESTION)
    assert program.patch(f"/chat/messages/{question.pk}", {"text": "Why is Oslo slow?"}).status_code == 202
    assert Message.objects.first().text == "Why is Oslo slow?"


@pytest.mark.parametrize("text", ["", " ", "x" * 100_000, "\x00", "\x1b[0m", "\ufffd\ufffd"])
def test_what_is_no_question_is_refused(program, text):
    assert program.post("/chat/conversations", {"text": text}).status_code in {400, 422}
    assert not Conversation.objects.exists()


def test_somebody_elses_conversation_does_not_exist(program_of, waiting):
    other = program_of(User.objects.create(username="eve", password="!", is_superuser=True))
    path = f"/chat/conversations/{waiting.conversation_id}"
    message = f"/chat/messages/{waiting.pk}"
    asked = [
        *(other.get(one) for one in (path, f"{path}/export", message)),
        *(
            other.post(f"{one}", {"text": "x"})
            for one in (f"{path}/questions", f"{message}/retry", f"{message}/stop")
        ),
        *(other.patch(one, {"text": "x"}) for one in (message,)),
        other.patch(path, {"title": "x"}),
        other.delete(path),
    ]
    assert {one.status_code for one in asked} == {404}
    assert other.get("/chat/conversations").json()["count"] == 0


def test_without_a_token_nothing_is_told(db):
    assert Program().get("/chat/conversations").status_code == 401


def test_while_the_flag_is_off_everything_is_refused(program, waiting, monkeypatch):
    monkeypatch.setattr(switches, "is_on", lambda key, **about: key != switches.CHATBOT)
    for asked in (program.get("/chat/conversations"), program.post("/chat/conversations", {"text": "x"})):
        assert asked.status_code == 403
        assert "switched off" in asked.json()["detail"]


def test_models_are_listed_or_it_is_said_what_is_wrong(program, settings, monkeypatch):
    tracked: list[tuple[str, float | None]] = []
    monkeypatch.setattr(switches, "track", lambda event, *, user, value=None: tracked.append((event, value)))
    settings.OLLAMA_BASE_URL = "http://127.0.0.1:9"
    told = program.get("/chat/models").json()
    assert told["items"] == []
    assert "ollama serve" in told["problem"]
    assert tracked == [("chatbot.error", None), ("chatbot.connection.status", 0.0)]
