"""The assistant's page: only one's own, safe, searchable, exportable, and clear about what is refused."""

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from assistant import answering, asking, drafts
from assistant.models import AnswerState, Conversation, Message
from probes import switches
from tests.rigs.ollama import MODEL, OUT_OF_MEMORY, answer

pytestmark = pytest.mark.django_db

SNAPSHOT = {"HX-Request": "true", "HX-Target": "live"}
HTMX = {"HX-Request": "true"}


@pytest.fixture
def waiting(user) -> Message:
    return asking.begin(user, "Why is Tokyo slow?")


@pytest.fixture
def other(db) -> Client:
    somebody = get_user_model().objects.create(username="eve", password="!", is_superuser=True)
    client = Client()
    client.force_login(somebody)
    return client


@pytest.fixture
def tracked(monkeypatch) -> list[tuple[str, float | None]]:
    seen: list[tuple[str, float | None]] = []
    monkeypatch.setattr(
        switches, "track", lambda event, *, user=None, value=None: seen.append((event, value))
    )
    return seen


def ended(waiting: Message, text: str, state: AnswerState = AnswerState.DONE) -> Message:
    Message.objects.filter(pk=waiting.pk).end(state, text=text)
    waiting.refresh_from_db()
    return waiting


def test_the_empty_page_suggests_questions(client):
    page = client.get("/assistant/?question=What+is+down%3F").text
    assert "data-suggestion" in page
    assert ">What is down?</textarea>" in page
    assert 'aria-current="page"' in page


def test_a_question_begins_a_conversation_and_leads_to_its_page(client):
    sent = client.post("/assistant/new/", {"text": "What changed?"})
    conversation = Conversation.objects.get()
    assert sent.headers["Location"] == f"/assistant/{conversation.pk}/"
    page = client.get(sent.headers["Location"]).text
    assert "What changed?" in page
    assert f'data-live="/ws/assistant/{conversation.pk}/"' in page
    assert "Waiting for a worker" in page


def test_a_page_that_loads_amid_an_answer_shows_all_that_is_written(client, waiting):
    Message.objects.filter(pk=waiting.pk).update(state=AnswerState.STREAMING, text="Saved")
    drafts._keep(waiting.pk, "Saved and newer", new=True)
    page = client.get(f"/assistant/{waiting.conversation_id}/").text
    assert "Saved and newer" in page
    assert "data-stop" in page


def test_an_answer_is_text_whatever_it_says(client, waiting):
    said = "<script>alert(1)</script> <img src=x onerror=y> [a](javascript:b) ![c](http://d/e.png) <b>f</b> http://g.h"
    ended(waiting, said)
    page = client.get(f"/assistant/{waiting.conversation_id}/").text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    log = page[page.index('id="live"') : page.index('id="ask"')]
    assert "<script" not in log
    assert "<img" not in log
    assert "javascript:b)" in log
    assert 'href="javascript' not in log
    assert 'href="http' not in log


def test_a_reference_becomes_a_link_and_a_figure_without_one_is_marked(client, waiting):
    kept = {"r1": {"url": "/runs/7/", "about": "Tokyo", "figures": [{"value": 84.0, "unit": "ms"}]}}
    Conversation.objects.update(references=kept)
    ended(waiting, "It took 84 ms [r1], not **91 ms**.\n\n1. First\n2. Second, see [r9]")
    page = client.get(f"/assistant/{waiting.conversation_id}/").text
    assert '<a class="reference" href="/runs/7/">[r1]</a>' in page
    assert '<a class="verified" href="/runs/7/"' in page
    assert '<strong><span class="unverified"' in page
    assert "<ol>" in page
    assert "see [r9]" in page


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   \n",
        "x" * 100_000,
        "\x00\x01\x02",
        "\ufffd",
    ],
)
def test_what_is_no_question_is_refused_with_a_reason_and_keeps_nothing(client, text):
    answer = client.post("/assistant/new/", {"text": text}, headers=HTMX)
    assert answer.status_code == 204
    assert '"warning"' in answer.headers["HX-Trigger"]
    assert not Conversation.objects.exists()


def test_two_answers_at_once_in_one_conversation_are_refused(client, waiting):
    path = f"/assistant/{waiting.conversation_id}/ask/"
    refused = client.post(path, {"text": "And now?"}, headers=HTMX)
    assert "being written" in refused.headers["HX-Trigger"]
    ended(waiting, "Yes.")
    assert client.post(path, {"text": "And now?"}, headers=SNAPSHOT).status_code == 200
    assert Message.objects.count() == 4


def test_the_database_itself_admits_one_open_answer(waiting, monkeypatch):
    monkeypatch.setattr("assistant.models.conversations.MessageQuerySet.exists", lambda self: False)
    with pytest.raises(asking.Refused, match="being written"):
        asking.ask(waiting.conversation, "And now?")


def test_editing_a_question_replaces_what_followed(client, waiting):
    ended(waiting, "First.")
    question = Message.objects.get(role=Message.Role.QUESTION)
    page = client.post(
        f"/assistant/messages/{question.pk}/edit/", {"text": "Why is Oslo slow?"}, headers=SNAPSHOT
    )
    assert "Why is Oslo slow?" in page.text
    assert [one.text for one in Message.objects.all()] == ["Why is Oslo slow?", ""]


def test_only_the_last_answer_is_asked_for_again(client, waiting):
    ended(waiting, "First.")
    client.post(f"/assistant/messages/{waiting.pk}/retry/")
    again = Message.objects.open().get()
    assert (again.state, again.text) == (AnswerState.WAITING, "")
    ended(again, "Second.")
    asking.ask(again.conversation, "And now?")
    refused = client.post(f"/assistant/messages/{again.pk}/retry/", headers=HTMX)
    assert "HX-Trigger" in refused.headers


def test_stopping_keeps_what_was_written(client, waiting):
    Message.objects.filter(pk=waiting.pk).update(state=AnswerState.STREAMING)
    drafts._keep(waiting.pk, "So far", new=True)
    page = client.post(f"/assistant/messages/{waiting.pk}/stop/", headers=SNAPSHOT).text
    assert "So far" in page
    assert 'data-state="stopped"' in page


def test_conversations_are_found_by_their_words(client, user, waiting):
    asking.begin(user, "Something else")
    ended(waiting, "It is the distance.")
    found = client.get("/assistant/?q=DISTANCE").text
    assert "Why is Tokyo slow?" in found
    assert "Something else" not in found
    assert "No conversation holds" in client.get("/assistant/?q=%00nothing").text


def test_conversations_that_are_not_listed_are_counted(client, user, waiting, monkeypatch):
    assert "which the search finds" not in client.get("/assistant/").text
    monkeypatch.setattr("assistant.views.MOST_LISTED", 1)
    asking.begin(user, "Something else")
    assert "1 older, which the search finds." in client.get("/assistant/").text


def test_a_conversation_is_renamed_and_deleted(client, waiting):
    path = f"/assistant/{waiting.conversation_id}/"
    assert "Far away" in client.post(f"{path}rename/", {"title": " Far\naway "}, headers=SNAPSHOT).text
    assert "HX-Trigger" in client.post(f"{path}rename/", {"title": " "}, headers=HTMX).headers
    client.post(f"{path}delete/")
    assert client.get(path).status_code == 404
    gone = client.get(path, headers=SNAPSHOT)
    assert gone.status_code == 200
    assert 'data-live=""' in gone.text


def test_it_is_exported_as_markdown_with_its_references(client, waiting):
    Conversation.objects.update(
        references={
            f"r{number}": {"url": f"/runs/{number}/", "about": "Tokyo", "figures": []} for number in (1, 2, 3)
        }
    )
    ended(waiting, "Because [r1, r2].")
    file = client.get(f"/assistant/{waiting.conversation_id}/export/")
    assert file.headers["Content-Disposition"] == 'attachment; filename="why-is-tokyo-slow.md"'
    assert "# Why is Tokyo slow?" in file.text
    assert "Because [r1, r2]." in file.text
    assert "- [r1] Tokyo: http://testserver/runs/1/" in file.text
    assert "- [r2] Tokyo: http://testserver/runs/2/" in file.text
    assert "r3" not in file.text


def test_of_a_long_conversation_the_newest_messages_are_shown_and_a_link_to_the_earlier_ones(
    client, waiting, django_assert_max_num_queries
):
    ended(waiting, "Answer 0.")
    for number in range(1, 100):
        roles = (Message.Role.QUESTION, Message.Role.ANSWER)
        texts = (f"Question n{number}?", f"Answer n{number}.")
        Message.objects.bulk_create(
            Message(conversation=waiting.conversation, role=role, text=text, sent="{}")
            for role, text in zip(roles, texts, strict=True)
        )
    Message.objects.filter(text="Answer n99.").update(
        sent='{"tools": ["slowest"], "messages": [{"role": "user", "content": "Word for word"}]}'
    )
    path = f"/assistant/{waiting.conversation_id}/"
    with django_assert_max_num_queries(20):
        page = client.get(path).text
    assert page.count("<article") == 50
    assert "Answer n99." in page
    assert "Word for word" in page
    assert '<a href="?earlier=1">150 earlier messages</a>' in page
    whole = client.get(f"{path}?earlier=1").text
    assert whole.count("<article") == 200
    assert "earlier messages" not in whole


def test_somebody_elses_conversation_does_not_exist(other, waiting):
    question = Message.objects.get(role=Message.Role.QUESTION)
    path = f"/assistant/{waiting.conversation_id}/"
    for get in (path, f"{path}export/", f"/assistant/messages/{waiting.pk}/sent/"):
        assert other.get(get).status_code == 404
    for post in ("ask/", "rename/", "model/", "delete/"):
        assert other.post(f"{path}{post}", {"text": "x", "title": "x", "model": "x"}).status_code == 404
    for post, pk in (("stop", waiting.pk), ("retry", waiting.pk), ("edit", question.pk)):
        assert other.post(f"/assistant/messages/{pk}/{post}/", {"text": "x"}).status_code == 404
    assert "Tokyo" not in other.get("/assistant/").text
    waiting.refresh_from_db()
    assert waiting.state == AnswerState.WAITING


def test_the_admin_shows_how_it_went_and_nothing_of_what_was_said(client, waiting):
    ended(waiting, "A secret answer")
    for path in (
        "/admin/assistant/conversation/",
        f"/admin/assistant/conversation/{waiting.conversation_id}/change/",
    ):
        page = client.get(path)
        assert page.status_code == 200
        assert "Tokyo" not in page.text
        assert "secret answer" not in page.text


def test_while_the_flag_is_off_nothing_is_shown_or_taken(client, waiting, closed_chat):
    closed_chat()
    path = f"/assistant/{waiting.conversation_id}/"
    for get in ("/assistant/", path):
        page = client.get(get)
        assert page.status_code == 403
        assert "switched off" in page.text
        assert "Tokyo" not in page.text
    part = client.get(path, headers=SNAPSHOT)
    assert part.status_code == 200
    assert 'data-live=""' in part.text
    assert "switched off" in client.post("/assistant/new/", {"text": "x"}, headers=HTMX).headers["HX-Trigger"]
    assert Conversation.objects.count() == 1


def test_models_are_offered_with_the_chosen_one_marked(client, serve, tracked):
    serve(models={MODEL: 4_683_087_332, "llama3.2:3b": 2_000_000_000})
    page = client.get("/assistant/models/", headers={"HX-Request": "true", "HX-Target": "models"}).text
    assert f'value="{MODEL}" selected' in page
    assert 'value="llama3.2:3b"' in page
    assert ("chatbot.connection.status", 1.0) in tracked


def test_a_model_that_is_not_installed_is_said_with_its_command(client, serve):
    serve(models={"llama3.2:3b": 2_000_000_000})
    assert f"ollama pull {MODEL}" in client.get("/assistant/models/").text


def test_while_ollama_is_away_the_page_says_so_and_offers_insights(client, settings, tracked):
    settings.OLLAMA_BASE_URL = "http://127.0.0.1:9"
    page = client.get("/assistant/models/").text
    assert "ollama serve" in page
    assert "/insights/" in page
    assert ("chatbot.connection.status", 0.0) in tracked
    assert ("chatbot.error", None) in tracked


def test_messages_errors_and_times_are_counted(
    user, serve, tracked, monkeypatch, django_capture_on_commit_callbacks
):
    serve(answer("Yes."), OUT_OF_MEMORY)
    with django_capture_on_commit_callbacks(execute=True):
        waiting = [asking.begin(user, text) for text in ("One?", "Two?")]
    for one in waiting:
        answering.write(one.pk)
    monkeypatch.setattr(asking, "MOST_AT_ONCE", 0)
    with django_capture_on_commit_callbacks(execute=True), pytest.raises(asking.Refused):
        asking.begin(user, "Too many?")
    events = [event for event, _ in tracked]
    assert events.count("chatbot.message.sent") == 2
    assert events.count("chatbot.error") == 1
    [taken] = [value for event, value in tracked if event == "chatbot.response.time"]
    assert 0 < taken < 60_000
