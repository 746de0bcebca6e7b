"""Writes one answer: briefs the model, lets it call tools within bounds, and says how it ended."""

import json
import logging
import threading
import time
from collections.abc import Sequence
from typing import Any

from django.utils import timezone

from assistant import access, briefing, context, drafts, fragments, privacy, tools, verify
from assistant.models import AnswerState, Conversation, Message
from assistant.ollama import Call, Piece, Stream
from assistant.problems import OllamaError
from assistant.redact import Redactor
from connections.models import Connection
from probes import switches

logger = logging.getLogger(__name__)

TOTAL_SECONDS = 300.0
MOST_LETTERS = 24_000
MOST_ROUNDS = 6
"""Turns in which a model may call tools."""
MOST_CALLS = 12
MOST_ARGUMENTS = 2_000
"""Letters of one call's arguments."""
MOST_NAME = 100

REPEATED = json.dumps({"error": "This was asked before with the same arguments; its answer is above. Go on."})
NO_MORE = json.dumps({"error": "No more calls are answered. Write the answer from what you have."})

closing = threading.Event()
"""Set when the worker ends: answers end with it, saying so."""


class Cut(Exception):
    """The answer ends before its model wanted to; what is written is kept."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def write(answer_id: int) -> None:
    """Writes a waiting answer; one that was taken, stopped or deleted meanwhile is left alone."""
    now = timezone.now()
    waiting = Message.objects.filter(pk=answer_id, state=AnswerState.WAITING)
    if not waiting.update(state=AnswerState.STREAMING, started_at=now, beat_at=now):
        return
    answer = Message.objects.select_related("conversation__owner").get(pk=answer_id)
    try:
        _Writer(answer).write()
    except Exception:
        end(
            answer,
            AnswerState.FAILED,
            "internal",
            "This is a fault of ours, which the log describes. Ask again.",
        )
        raise


def end(answer: Message, state: AnswerState, error: str = "", problem: str = "", **fields: Any) -> None:
    """Ends the answer, unless somebody else did, and tells its pages."""
    ended = Message.objects.filter(pk=answer.pk).end(state, error, problem, **fields)
    drafts.forget(answer.pk)
    if not ended:
        return
    answer.refresh_from_db()
    fragments.push_message(answer)
    if state == AnswerState.DONE and Message.objects.replaced_by(answer).delete()[0]:
        fragments.changed(answer.conversation_id)
    owner = answer.conversation.owner
    if error:
        switches.track("chatbot.error", user=owner)
    if state == AnswerState.DONE:
        taken = (timezone.now() - answer.created_at).total_seconds() * 1000
        switches.track("chatbot.response.time", user=owner, value=taken)


def give_up_abandoned() -> None:
    """Ends answers whose writer is gone, and those that nobody began to write."""
    for answer in Message.objects.abandoned().select_related("conversation__owner"):
        if answer.state == AnswerState.STREAMING:
            problem = "The worker that wrote this answer is gone. Ask again."
        else:
            problem = "No worker took this question. Is the pool of the queue assistant running? Ask again."
        end(answer, AnswerState.FAILED, "lost", problem, text=drafts.newest(answer))


class _Writer:
    def __init__(self, answer: Message) -> None:
        self._answer = answer
        self._model = answer.model
        self._draft = drafts.Draft(answer)
        self._reader = privacy.reader_for_model()
        self._since = privacy.told_since()
        self._known = frozenset(answer.conversation.references)
        self._began = time.monotonic()
        self._messages: list[dict[str, Any]] = []
        self._asked: set[str] = set()
        self._calls = 0

    def write(self) -> None:
        try:
            self._draft.keep_up()
            fragments.push_message(self._answer)
            self._converse()
        except drafts.Ended:
            return
        except access.SwitchedOff as off:
            self._finish(AnswerState.STOPPED, "switched-off", f"{off} What was written until then is kept.")
        except Cut as cut:
            self._finish(AnswerState.STOPPED, cut.code, str(cut))
        except OllamaError as error:
            self._finish(AnswerState.FAILED, error.code, str(error))
        else:
            self._finish(AnswerState.DONE)

    def _finish(self, state: AnswerState, error: str = "", problem: str = "") -> None:
        text = self._draft.text[:MOST_LETTERS]
        # What was told and not cited is no longer needed; a long conversation would gather thousands.
        cited = verify.cited(text, self._draft.references.mapping())
        self._draft.references.keep({*self._known, *cited})
        self._keep_references()
        end(self._answer, state, error, problem, text=text)

    def _keep_references(self) -> None:
        """Before anything cites them. One that was stopped gives labels to nothing: another may be written by now."""
        kept = self._draft.references.as_json()
        self._answer.conversation.references = kept
        mine = Message.objects.filter(pk=self._answer.pk, state=AnswerState.STREAMING)
        Conversation.objects.filter(messages__in=mine).update(references=kept, changed_at=timezone.now())

    def _converse(self) -> None:
        schemas = [tool.schema() for tool in tools.TOOLS]
        try:
            self._attempt(schemas if context.has_room_for(schemas) else [])
        except OllamaError as error:
            if error.code != "no-tools":
                raise
            self._attempt([])

    def _attempt(self, schemas: Sequence[dict[str, Any]]) -> None:
        window = context.Window.of(tools=bool(schemas))
        *before, question = self._turns()
        facts = briefing.brief(
            question.text, reader=self._reader, budget=window.facts, references=self._draft.references
        )
        self._keep_references()
        self._messages = context.messages(facts.text, before, question.text, window)
        for _ in range(MOST_ROUNDS):
            calls = self._turn(schemas)
            if not calls:
                return
            for call in calls:
                self._draft.keep_up()
                answer = self._call(call, context.room(self._messages, schemas))
                self._messages.append({"role": "tool", "tool_name": call.name[:MOST_NAME], "content": answer})
        self._turn([])

    def _turns(self) -> list[Message]:
        """What may be told of what was said before this answer; the last is its question, to which another answer may
        stand already."""
        said = list(self._answer.conversation.messages.defer("sent").filter(pk__lt=self._answer.pk))
        while said[-1].is_answer:
            said.pop()
        *before, question = said
        turns = [*(one for one in before if self._since is None or one.created_at > self._since), question]
        redact, connections = Redactor(self._reader), Connection.objects.only("name", "host", "username")
        for turn in turns:
            if not turn.is_answer:
                turn.text = redact.question(turn.text, connections)
        return turns

    def _turn(self, schemas: Sequence[dict[str, Any]]) -> list[Call]:
        """Lets the model speak until it ends or wants tools; returns what it asks of them. Raises for silence."""
        self._note_sent(schemas)
        begun, calls = len(self._draft.text), list[Call]()
        with Stream(self._model, self._messages, schemas) as stream:
            while True:
                piece = stream.next(self._draft.pause()) or Piece()
                self._draft.add(piece.text)
                calls += piece.calls
                self._check()
                self._draft.keep_up()
                if piece.end == "length":
                    raise Cut("too-long", "The model reached the length that an answer may have.")
                if piece.end:
                    break
        said = self._draft.text[begun:]
        calls = calls[:MOST_CALLS] if schemas else []
        if not calls and not said.strip():
            raise OllamaError("blank", "The model wrote nothing. Ask again or choose another model.")
        asked = [{"function": {"name": one.name[:MOST_NAME], "arguments": _short(one)}} for one in calls]
        self._messages.append(
            {"role": "assistant", "content": said, **({"tool_calls": asked} if asked else {})}
        )
        if calls and said:
            self._draft.add("\n\n")
        return calls

    def _check(self) -> None:
        if closing.is_set():
            raise Cut("restarted", "The worker that wrote this answer was stopped. Ask again.")
        if time.monotonic() - self._began > TOTAL_SECONDS:
            raise Cut("too-late", f"The answer was cut after {TOTAL_SECONDS:.0f} seconds.")
        if len(self._draft.text) > MOST_LETTERS:
            raise Cut("too-long", f"The answer was cut after {MOST_LETTERS:,} characters.")

    def _call(self, call: Call, room: int) -> str:
        """What a tool answers, or why it does not: a model that repeats itself is told so, and then no more."""
        self._check()
        arguments = json.dumps(call.arguments, sort_keys=True)
        key = f"{call.name}({arguments})"
        self._calls += 1
        if self._calls > MOST_CALLS or room < context.LEAST_ROOM:
            return NO_MORE
        if key in self._asked:
            return REPEATED
        if len(arguments) > MOST_ARGUMENTS:
            return json.dumps({"error": f"Arguments may have at most {MOST_ARGUMENTS} characters."})
        self._asked.add(key)
        answer = tools.call(
            call.name, call.arguments, reader=self._reader, references=self._draft.references, room=room
        )
        self._keep_references()
        return answer.text

    def _note_sent(self, schemas: Sequence[dict[str, Any]]) -> None:
        """Kept before it is sent, word for word."""
        names = [schema["function"]["name"] for schema in schemas]
        self._answer.sent = json.dumps({"tools": names, "messages": self._messages})
        Message.objects.filter(pk=self._answer.pk).update(sent=self._answer.sent)
        fragments.push_sent(self._answer)


def _short(call: Call) -> dict[str, Any]:
    """The arguments as they go back to the model; monstrous ones do not."""
    arguments = dict(call.arguments)
    return arguments if len(json.dumps(arguments)) <= MOST_ARGUMENTS else {}
