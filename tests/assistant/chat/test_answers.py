"""An answer from its question to its end: what is kept, what is sent, and how it ends early."""

import itertools
import json
import threading

import pytest
from django.db import connection
from django.utils import timezone
from kombu.exceptions import OperationalError

from assistant import answering, asking, context, drafts, ollama, tools
from assistant.facts import Figure, Reference
from assistant.models import AnswerState, Conversation, Message
from assistant.models.conversations import SILENT_AFTER, WAITED_AFTER
from connections.models import Connection
from probes import broker, live
from tests.rigs.ollama import NO_TOOLS, answer, calls, cuts, ends, says

pytestmark = pytest.mark.django_db
in_threads = pytest.mark.django_db(transaction=True)
"""What another thread is to see must be committed."""


@pytest.fixture
def ask(user):
    """Asks in a new conversation, or in one that is there; writes the answer unless told to wait."""

    def asked(text: str = "Why is Tokyo slow?", conversation: Conversation | None = None, *, wait=False):
        waiting = asking.ask(conversation, text) if conversation else asking.begin(user, text)
        if not wait:
            answering.write(waiting.pk)
        return Message.objects.select_related("conversation__owner").get(pk=waiting.pk)

    return asked


@pytest.fixture
def tool(monkeypatch):
    """A tool that a test offers to the model; returns the arguments that it was called with."""
    called: list[dict] = []

    def read(name, arguments, *, reader, references, room):
        called.append(dict(arguments))
        if name != "latest":
            return tools.Answer(json.dumps({"error": "There is no such tool."}))
        label = references.label(Reference("/runs/1/", "Latency of tokyo", (Figure(84.0, "ms"),)))
        return tools.Answer(json.dumps({"p50_ms": 84, "ref": label}))

    offered = tools.Tool("latest", "The latest result.", {}, lambda *_: ())
    monkeypatch.setattr(tools, "TOOLS", [offered])
    monkeypatch.setattr(tools, "call", read)
    return called


def in_a_thread(answer_id: int) -> threading.Thread:
    def write() -> None:
        answering.write(answer_id)
        connection.close()

    thread = threading.Thread(target=write)
    thread.start()
    return thread


def until_written(message: Message, words: str) -> None:
    while words not in drafts.newest(message):
        assert threading.active_count() > 1
        message.refresh_from_db()


def test_an_answer_is_kept_with_what_was_sent(ask, serve):
    server = serve(answer("It is ", "far away."))
    written = ask()
    assert (written.state, written.text, written.error) == (AnswerState.DONE, "It is far away.", "")
    assert written.finished_at > written.started_at
    sent = json.loads(written.sent)["messages"]
    assert sent == server.requests[0]["messages"]
    assert [one["role"] for one in sent] == ["system", "user"]
    assert sent[-1]["content"] == "Why is Tokyo slow?"


def test_the_conversation_is_named_after_its_first_question(ask, serve):
    serve()
    assert ask("  What\nchanged? ").conversation.title == "What changed?"
    assert len(ask("word " * 100).conversation.title) <= 80


def test_earlier_turns_are_sent_but_failed_ones_are_not(ask, serve):
    server = serve(answer("First."), [cuts], answer("Third."))
    conversation = ask("One?").conversation
    assert ask("Two?", conversation).state == AnswerState.FAILED
    ask("Three?", conversation)
    said = [one["content"] for one in server.requests[-1]["messages"][1:]]
    assert said[:2] == ["One?", "First."]
    assert said[-1] == "Three?"


def test_a_long_conversation_loses_its_oldest_turns_and_never_the_facts(ask, serve, settings):
    settings.OLLAMA_CONTEXT = 4_096
    server = serve(answer("x" * 900))
    conversation = ask("question 0").conversation
    for number in range(1, 7):
        ask(f"question {number}", conversation)
    messages = server.requests[-1]["messages"]
    assert messages[0]["role"] == "system"
    assert messages[0]["content"] == server.requests[0]["messages"][0]["content"]
    assert messages[1]["role"] == "user"
    assert "question 0" not in str(messages)
    assert messages[-1]["content"] == "question 6"
    assert sum(len(one["content"]) for one in messages) < settings.OLLAMA_CONTEXT * 3 * 0.75


def test_a_tool_is_called_and_its_answer_goes_back_to_the_model(ask, serve, tool):
    def cites():
        label = json.loads(server.requests[1]["messages"][-1]["content"])["ref"]
        return says(f"84 ms [{label}]")[0]

    server = serve(calls("latest", connection="tokyo") + ends(), [cites, *ends()])
    written = ask()
    assert tool == [{"connection": "tokyo"}]
    said = server.requests[1]["messages"]
    assert said[-2]["tool_calls"][0]["function"] == {"name": "latest", "arguments": {"connection": "tokyo"}}
    assert (said[-1]["role"], said[-1]["tool_name"]) == ("tool", "latest")
    label = json.loads(said[-1]["content"])["ref"]
    assert written.text == f"84 ms [{label}]"
    assert written.conversation.references[label]["url"] == "/runs/1/"


def test_an_answer_that_was_stopped_takes_no_label_of_the_next_one(ask, serve, tool, monkeypatch):
    read, theirs = tools.call, {"r1": {"url": "/runs/2/", "about": "", "figures": []}}

    def stopped_meanwhile(*args, **options):
        asking.stop(Message.objects.open().get())
        Conversation.objects.update(references=theirs)
        return read(*args, **options)

    monkeypatch.setattr(tools, "call", stopped_meanwhile)
    serve(calls("latest", connection="tokyo") + ends(), answer("84 ms [r1]"))
    assert ask().conversation.references == theirs


def test_a_call_that_is_repeated_a_hundred_times_is_answered_once(ask, serve, tool):
    server = serve(calls("latest", times=100) + ends())
    ask()
    assert tool == [{}]
    assert len(server.requests) == answering.MOST_ROUNDS + 1
    assert "asked before" in server.requests[1]["messages"][-1]["content"]
    assert not server.requests[-1]["tools"]


@pytest.mark.parametrize("turn", [ends(), answer(" ", "\n"), calls("latest", times=100) + ends()])
def test_a_model_that_writes_nothing_has_failed_and_says_so(ask, serve, tool, turn):
    serve(turn)
    written = ask()
    assert (written.state, written.error) == (AnswerState.FAILED, "blank")
    assert written.problem == "The model wrote nothing. Ask again or choose another model."


def test_a_tool_has_the_room_that_is_left_in_the_window(ask, serve, settings):
    settings.OLLAMA_CONTEXT = 6_144
    Connection.objects.bulk_create(
        Connection(name=f"{number} {'copy ' * 12}", host="x", database="x", username="x")
        for number in range(60)
    )
    server = serve(calls("list_connections", limit=40) + ends(), answer("Many."))
    assert ask("How many? " * 300).state == AnswerState.DONE
    first, second = server.requests
    told = second["messages"][-1]["content"]
    assert len(told) <= context.room(first["messages"], first["tools"])
    facts, note = json.loads(told).values()
    assert len(facts) > 5
    assert note.startswith(f"These are the first {len(facts)} of 40.")


def test_all_that_is_sent_leaves_the_model_its_part_of_the_window(ask, serve, settings):
    Connection.objects.bulk_create(
        Connection(name=f"{number} {'copy ' * 12}", host="x", database="x", username="x")
        for number in range(60)
    )
    turns = [
        says("Let me look. " * 60) + calls("list_connections", limit=number) + ends()
        for number in range(40, 34, -1)
    ]
    server = serve(*turns, answer("Many."))
    assert ask().state == AnswerState.DONE
    assert "No more calls" in server.requests[-1]["messages"][-1]["content"]
    most = settings.OLLAMA_CONTEXT * context.LETTERS_A_TOKEN
    told = [one for one in server.requests if "No more calls" not in str(one["messages"][-1])]
    assert 1 < len(told) < len(server.requests) - 1
    sent = len(json.dumps([told[-1]["messages"], told[-1]["tools"]], ensure_ascii=False))
    assert 0.6 * most < sent < (1 - context.ANSWER_SHARE) * most + 500


def test_a_small_window_has_no_tools_more_facts_and_a_shorter_answer(ask, serve, settings):
    settings.OLLAMA_CONTEXT = 4_096
    server = serve(answer("It is far."))
    ask()
    assert not server.requests[0]["tools"]
    assert server.requests[0]["options"]["num_predict"] == 1_024


def test_different_calls_are_bounded_too(ask, serve, tool):
    numbers = itertools.count()

    def another():
        return calls("latest", number=next(numbers))[0]

    server = serve([another] * 40 + ends())
    ask()
    assert len(tool) == answering.MOST_CALLS
    assert "No more calls" in server.requests[2]["messages"][-1]["content"]


@pytest.mark.parametrize(
    "wrong",
    [
        calls("drop_database"),
        calls("latest" * 1_000),
        calls("latest", text="x" * 100_000),
        calls("latest", nothing="\x00\ud800", number=float("nan")),
    ],
)
def test_calls_that_make_no_sense_end_no_answer(ask, serve, tool, wrong):
    serve(wrong + ends(), answer("Then without."))
    written = ask()
    assert (written.state, written.text) == (AnswerState.DONE, "Then without.")


def test_a_model_without_tools_is_told_more_at_once(ask, serve, tool, monkeypatch):
    budgets = []
    real = answering.briefing.brief

    def brief(question, *, budget, **more):
        budgets.append(budget)
        return real(question, budget=budget, **more)

    monkeypatch.setattr(answering.briefing, "brief", brief)
    server = serve(NO_TOOLS, answer("Without."))
    assert ask().text == "Without."
    assert not server.requests[1]["tools"]
    assert budgets[1] > budgets[0]


@in_threads
def test_a_stop_keeps_what_was_written_and_reaches_the_server(ask, serve):
    server = serve([*says("So far "), 60.0])
    waiting = ask(wait=True)
    thread = in_a_thread(waiting.pk)
    until_written(waiting, "So far")
    assert asking.stop(waiting)
    thread.join(10)
    assert not thread.is_alive()
    assert server.left.wait(5)
    waiting.refresh_from_db()
    assert (waiting.state, waiting.text) == (AnswerState.STOPPED, "So far ")
    assert not asking.stop(waiting)


def test_an_answer_that_was_stopped_before_it_began_is_not_written(ask, serve):
    server = serve()
    waiting = ask(wait=True)
    asking.stop(waiting)
    answering.write(waiting.pk)
    assert server.requests == []


def test_a_second_delivery_of_the_same_answer_does_nothing(ask, serve):
    server = serve()
    written = ask()
    answering.write(written.pk)
    assert len(server.requests) == 1


@in_threads
def test_deleting_the_conversation_ends_its_answer(ask, serve):
    server = serve([*says("So far "), 60.0])
    waiting = ask(wait=True)
    thread = in_a_thread(waiting.pk)
    until_written(waiting, "So far")
    asking.delete(waiting.conversation)
    thread.join(10)
    assert not thread.is_alive()
    assert server.left.wait(5)
    assert not Message.objects.exists()


@in_threads
@pytest.mark.parametrize("closes", ["the flag", "the setting"])
def test_switching_the_assistant_off_ends_an_answer_politely(ask, serve, settings, closed_chat, closes):
    server = serve([*says("So far "), 60.0])
    waiting = ask(wait=True)
    thread = in_a_thread(waiting.pk)
    until_written(waiting, "So far")
    if closes == "the flag":
        closed_chat()
    else:
        settings.CHAT_ENABLED = False
    thread.join(10)
    assert not thread.is_alive()
    assert server.left.wait(5)
    waiting.refresh_from_db()
    assert (waiting.state, waiting.error, waiting.text) == (AnswerState.STOPPED, "switched-off", "So far ")
    assert "switched off" in waiting.problem


def test_a_waiting_answer_is_not_written_once_the_assistant_is_off(ask, serve, closed_chat):
    server = serve()
    waiting = ask(wait=True)
    closed_chat()
    answering.write(waiting.pk)
    waiting.refresh_from_db()
    assert waiting.error == "switched-off"
    assert server.requests == []


def test_a_worker_that_ends_ends_its_answers(ask, serve, monkeypatch):
    ending = threading.Event()
    ending.set()
    monkeypatch.setattr(answering, "closing", ending)
    serve([60.0])
    written = ask()
    assert (written.state, written.error) == (AnswerState.STOPPED, "restarted")


def test_a_model_that_never_ends_is_cut_and_says_so(ask, serve, monkeypatch):
    monkeypatch.setattr(answering, "MOST_LETTERS", 2_000)
    server = serve(itertools.repeat(says("again and ")[0]))
    written = ask()
    assert (written.state, written.error) == (AnswerState.STOPPED, "too-long")
    assert len(written.text) == 2_000
    assert "cut after 2,000 characters" in written.problem
    assert server.left.wait(5)


def test_an_answer_that_takes_too_long_is_cut_and_says_so(ask, serve, monkeypatch):
    def time_is_up():
        monkeypatch.setattr(answering, "TOTAL_SECONDS", 0.0)
        return says("and on")[0]

    serve([*says("So far "), time_is_up, 60.0])
    written = ask()
    assert written.error == "too-late"
    assert written.text.startswith("So far ")


def test_a_model_that_reached_its_own_limit_is_said_to_be_cut(ask, serve):
    serve(says("Half an ans") + ends("length"))
    assert (ask().error, ask().state) == ("too-long", AnswerState.STOPPED)


def test_an_ollama_that_is_killed_amid_an_answer_leaves_what_was_written(ask, serve):
    serve([*says("So far "), cuts])
    written = ask()
    assert (written.state, written.error, written.text) == (AnswerState.FAILED, "cut", "So far ")


def test_an_absent_ollama_fails_the_answer_with_what_to_do(ask, settings):
    settings.OLLAMA_BASE_URL = "http://127.0.0.1:9"
    written = ask()
    assert (written.state, written.error) == (AnswerState.FAILED, "not-running")
    assert "ollama serve" in written.problem


def test_a_fault_of_ours_ends_the_answer_too(ask, serve, monkeypatch):
    serve()
    monkeypatch.setattr(answering.briefing, "brief", lambda *args, **more: 1 / 0)
    waiting = ask(wait=True)
    with pytest.raises(ZeroDivisionError):
        answering.write(waiting.pk)
    waiting.refresh_from_db()
    assert (waiting.state, waiting.error) == (AnswerState.FAILED, "internal")


def test_answers_whose_writer_is_gone_are_given_up(ask, serve):
    serve()
    lost, fresh, forgotten = (ask(wait=True) for _ in range(3))
    now = timezone.now()
    Message.objects.filter(pk=lost.pk).update(state=AnswerState.STREAMING, beat_at=now - 2 * SILENT_AFTER)
    drafts._keep(lost.pk, "So far", new=True)
    Message.objects.filter(pk=forgotten.pk).update(created_at=now - 2 * WAITED_AFTER)
    answering.give_up_abandoned()
    states = {one.pk: (one.state, one.error) for one in Message.objects.exclude(state=AnswerState.DONE)}
    assert states[lost.pk] == states[forgotten.pk] == (AnswerState.FAILED, "lost")
    assert states[fresh.pk] == (AnswerState.WAITING, "")
    lost.refresh_from_db()
    assert lost.text == "So far"


def test_a_writer_that_only_calls_tools_shows_that_it_lives(ask, serve, monkeypatch):
    beats = []

    def read(*args, **options):
        beats.append(Message.objects.open().get().beat_at)
        return tools.Answer("{}")

    monkeypatch.setattr(drafts, "SAVE_SECONDS", 0.0)
    monkeypatch.setattr(tools, "call", read)
    serve(calls("slowest") + calls("failing") + calls("health") + ends(), answer("Fine."))
    ask()
    assert beats == sorted(set(beats))
    assert len(beats) == 3


def test_a_writer_goes_on_when_the_broker_forgot_everything(ask, serve):
    serve(
        [
            *says("So far "),
            lambda: broker.client().flushall() and says("and on ")[0],
            0.5,
            *answer("to the end."),
        ]
    )
    assert ask().text == "So far and on to the end."


@in_threads
def test_a_question_while_the_broker_is_away_has_failed_and_can_be_asked_again(ask, serve, monkeypatch):
    serve(answer("Now."))

    def away(**options):
        raise OperationalError("away")

    with monkeypatch.context() as patched:
        patched.setattr(asking.tasks.answer, "apply_async", away)
        failed = ask(wait=True)
    assert (failed.state, failed.error) == (AnswerState.FAILED, "broker-away")
    again = asking.retry(failed)
    answering.write(again.pk)
    again.refresh_from_db()
    assert again.text == "Now."


def test_an_answer_stays_until_another_one_is_done(ask, serve):
    server = serve(answer("First."), [cuts], [*says("Half"), cuts], answer("Second."))
    first = ask()
    texts = []
    for _ in range(3):
        again = asking.retry(Message.objects.last())
        assert first.conversation.messages.count() == 3
        answering.write(again.pk)
        texts.append(list(first.conversation.messages.values_list("text", flat=True)[1:]))
    assert texts == [["First.", ""], ["First.", "Half"], ["Second."]]
    assert [one["content"] for one in server.requests[-1]["messages"][1:]] == ["Why is Tokyo slow?"]


def test_an_answer_that_cannot_be_asked_for_again_is_kept(ask, serve, monkeypatch):
    serve(answer("First."))
    first = ask()
    monkeypatch.setattr(asking, "MOST_AT_ONCE", 0)
    with pytest.raises(asking.Refused):
        asking.retry(first)
    first.refresh_from_db()
    assert first.text == "First."


def test_pages_are_told_at_most_twenty_times_a_second(ask, serve):
    serve([step for word in range(150) for step in (*says(f"{word} "), 0.002)] + ends())
    written = ask()
    seconds = (written.finished_at - written.started_at).total_seconds()
    told = live.seq(live.chat_group(written.conversation_id))
    assert told <= 20 * seconds + 6
    assert written.text.endswith("149 ")


def test_the_model_that_a_conversation_chose_answers_from_then_on(ask, serve):
    server = serve(models={"qwen2.5:7b": 4_000_000_000, "llama3.2:3b": 2_000_000_000})
    conversation = ask().conversation
    asking.choose_model(conversation, "llama3.2:3b")
    conversation.refresh_from_db()
    assert ask("And now?", conversation).model == "llama3.2:3b"
    assert server.requests[-1]["model"] == "llama3.2:3b"
    assert ollama.models()
