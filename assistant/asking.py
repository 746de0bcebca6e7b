"""Asking the assistant: the one way in for page and API. Whoever asks reaches only what is theirs.

A question and its waiting answer commit together; the answer's number then goes to the queue. If the broker is away,
the answer has failed, saying so, and can be asked for again.
"""

import logging
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import cast

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.db import IntegrityError, transaction
from django.utils import timezone

from assistant import access, answering, drafts, fragments, ollama, tasks, wire
from assistant.models import AnswerState, Conversation, Message
from assistant.models.conversations import LONGEST_MODEL, LONGEST_TITLE
from assistant.problems import OllamaError
from probes import queues, switches

logger = logging.getLogger(__name__)

LONGEST_QUESTION = 4_000
MOST_CONVERSATIONS = 1_000
MOST_MESSAGES = 400
"""Of one conversation: its page can show them all."""
MOST_AT_ONCE = 20
"""Answers of one person that wait or are being written: the pool writes a few more, for others."""


class Refused(Exception):
    """What was asked is not done; the message says why. ``code`` is stable."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def begin(user: AbstractBaseUser | AnonymousUser, text: str, model: str = "") -> Message:
    """A new conversation with its first question; returns the waiting answer. Raises `Refused`, `SwitchedOff`."""
    access.require(user)
    question = _question(text)
    if Conversation.objects.of(user).count() >= MOST_CONVERSATIONS:
        raise Refused("too-many", f"{MOST_CONVERSATIONS:,} conversations are kept. Delete some first.")
    with transaction.atomic():
        conversation = Conversation.objects.create(
            owner_id=cast(int, user.pk), title=_title(question), model=_model(model)
        )
        return _ask(conversation, question)


def ask(conversation: Conversation, text: str) -> Message:
    """The next question; returns the waiting answer. Raises `Refused`, `SwitchedOff`."""
    access.require(conversation.owner)
    question = _question(text)
    with _one_at_a_time(conversation):
        return _ask(conversation, question)


def edit(question: Message, text: str) -> Message:
    """Asks this instead: what followed goes. Raises `Refused`, `SwitchedOff`."""
    access.require(question.conversation.owner)
    if question.is_answer:
        raise Refused("not-a-question", "Only a question can be edited.")
    asked = _question(text)
    with _one_at_a_time(question.conversation):
        question.conversation.messages.filter(pk__gte=question.pk).delete()
        return _ask(question.conversation, asked)


def retry(answer: Message) -> Message:
    """Asks for another answer to the last question. What is written of this one stays until the other is done, unless
    an earlier answer stays already. Raises `Refused`, `SwitchedOff`."""
    access.require(answer.conversation.owner)
    with _one_at_a_time(answer.conversation):
        last = answer.conversation.messages.last()
        if last is None or last.pk != answer.pk or not answer.is_answer:
            raise Refused(
                "not-the-last", "Only the last answer can be asked for again; edit the question instead."
            )
        if not last.text or Message.objects.replaced_by(last).exists():
            last.delete()
        return _await(answer.conversation)


def models(user: AbstractBaseUser | AnonymousUser) -> list[ollama.Model]:
    """The models to choose from. Raises `OllamaError`."""
    try:
        found = ollama.models()
    except OllamaError:
        switches.track("chatbot.error", user=user)
        switches.track("chatbot.connection.status", user=user, value=0.0)
        raise
    switches.track("chatbot.connection.status", user=user, value=1.0)
    return found


def stop(answer: Message) -> bool:
    """Whether this ended the answer; what is written of it is kept. Its writer closes its stream at once."""
    ended = Message.objects.filter(pk=answer.pk).end(AnswerState.STOPPED, text=drafts.newest(answer))
    drafts.forget(answer.pk)
    if ended:
        fragments.changed(answer.conversation_id)
    return ended


def rename(conversation: Conversation, title: str) -> None:
    """Raises `Refused`."""
    words = _one_line(title)[:LONGEST_TITLE]
    if not words:
        raise Refused("empty", "A conversation needs a name.")
    Conversation.objects.filter(pk=conversation.pk).update(title=words)
    fragments.changed(conversation.pk)


def choose_model(conversation: Conversation, model: str) -> None:
    """Who answers from now on; "" for the one that everybody gets. Raises `Refused`."""
    Conversation.objects.filter(pk=conversation.pk).update(model=_model(model))
    fragments.changed(conversation.pk)


def delete(conversation: Conversation) -> None:
    """With all its messages; an answer that is being written ends."""
    open_answers = list(conversation.messages.open().values_list("pk", flat=True))
    number = conversation.pk
    conversation.delete()
    for answer_id in open_answers:
        drafts.forget(answer_id)
    fragments.changed(number)


@contextmanager
def _one_at_a_time(conversation: Conversation) -> Iterator[None]:
    """Holds the conversation while something is asked in it. Raises `Refused` when an answer is under way."""
    busy = Refused("busy", "An answer is being written in this conversation. Wait for it, or stop it first.")
    try:
        with transaction.atomic():
            if not Conversation.objects.select_for_update().filter(pk=conversation.pk).exists():
                raise Refused("gone", "This conversation was deleted.")
            if conversation.messages.open().exists():
                raise busy
            yield
    except IntegrityError:
        # The database itself admits one open answer.
        raise busy from None


def _ask(conversation: Conversation, question: str) -> Message:
    if conversation.messages.count() >= MOST_MESSAGES:
        raise Refused("full", f"A conversation has at most {MOST_MESSAGES} messages. Begin another one.")
    conversation.messages.create(role=Message.Role.QUESTION, text=question)
    transaction.on_commit(partial(switches.track, "chatbot.message.sent", user=conversation.owner))
    return _await(conversation)


def _await(conversation: Conversation) -> Message:
    if Message.objects.filter(conversation__owner=conversation.owner_id).open().count() >= MOST_AT_ONCE:
        raise Refused(
            "too-many", f"{MOST_AT_ONCE} of your questions wait for their answers. Wait for one, or stop it."
        )
    answer = conversation.messages.create(
        role=Message.Role.ANSWER, state=AnswerState.WAITING, model=conversation.model_name
    )
    Conversation.objects.filter(pk=conversation.pk).update(changed_at=timezone.now())
    transaction.on_commit(partial(_publish, answer))
    return answer


def _publish(answer: Message) -> None:
    try:
        tasks.answer.apply_async(args=[answer.pk], queue=queues.ASSISTANT)
    except queues.AWAY as error:
        logger.warning("Answer %s was not asked for, because the broker is away: %s", answer.pk, error)
        answering.end(
            answer,
            AnswerState.FAILED,
            "broker-away",
            "The message broker is away. Ask again when it is back.",
        )
        return
    fragments.changed(answer.conversation_id)


def _question(text: str) -> str:
    """The question as it is kept. Raises `Refused` for none, for one that is too long, and for what is no text."""
    words = unicodedata.normalize("NFC", text.replace("\r\n", "\n").strip())
    if not words:
        raise Refused("empty", "Write a question first.")
    if len(words) > LONGEST_QUESTION:
        raise Refused(
            "too-long",
            f"A question has at most {LONGEST_QUESTION:,} characters; this one has {len(words):,}.",
        )
    if wire.clean(words) != words or "\ufffd" in words:
        raise Refused("not-text", "The question holds characters that are no text. Was a file pasted?")
    return words


def _title(question: str) -> str:
    words = _one_line(question)
    return words if len(words) <= LONGEST_TITLE else f"{words[: LONGEST_TITLE - 1].rstrip()}…"


def _one_line(text: str) -> str:
    return " ".join(wire.clean(text).split())


def _model(name: str) -> str:
    words = _one_line(name)
    if words != name.strip() or len(words) > LONGEST_MODEL:
        raise Refused("no-such-model", "That is not the name of a model.")
    return words
