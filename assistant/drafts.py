"""An answer while it is written: shown at most twenty times a second, saved every second, given up when told to.

Its newest text is in Redis for pages that just load, because the row in the database is up to a second behind. The
key is also how a writer learns that it should stop: whoever ends an answer removes it.
"""

import logging
import time
from typing import cast

import redis
from django.utils import timezone

from assistant import access, fragments, markdown
from assistant.facts import References
from assistant.models import AnswerState, Message
from probes import broker

logger = logging.getLogger(__name__)

PUBLISH_SECONDS = 0.05
REST_FACTOR = 4
"""Showing may take a fifth of a writer's time: a long paragraph is shown less often."""
LOOK_SECONDS = 0.25
SAVE_SECONDS = 1.0
KEPT_SECONDS = 3600


class Ended(Exception):
    """Somebody else ended this answer: it was stopped, deleted, or given up for lost."""


class Draft:
    def __init__(self, answer: Message) -> None:
        self.text = ""
        self.references = References.from_json(answer.conversation.references)
        self._answer = answer
        self._changed = False
        now = time.monotonic()
        self._publish_at = self._look_at = self._save_at = now
        _keep(answer.pk, "", new=True)

    def add(self, text: str) -> None:
        self.text += text
        self._changed = self._changed or bool(text)

    def pause(self) -> float:
        """Seconds until `keep_up` has something to do."""
        due = min(self._look_at, self._save_at)
        return (min(due, self._publish_at) if self._changed else due) - time.monotonic()

    def keep_up(self) -> None:
        """Does what is due. Raises `Ended`, and `access.SwitchedOff` when that happened meanwhile."""
        now = time.monotonic()
        if self._changed and now >= self._publish_at:
            self._publish(now)
        if now >= self._save_at:
            self._save()
            self._save_at = now + SAVE_SECONDS
        elif now >= self._look_at:
            self._look()
            self._look_at = now + LOOK_SECONDS

    def _publish(self, began: float) -> None:
        if not _keep(self._answer.pk, self.text):
            self._save()
        shown = markdown.html(self.text, self.references.mapping(), settled=False)
        fragments.push_draft(self._answer, shown)
        self._changed = False
        spent = time.monotonic() - began
        self._publish_at = began + max(PUBLISH_SECONDS, REST_FACTOR * spent)

    def _look(self) -> None:
        if not _is_kept(self._answer.pk):
            self._save()

    def _save(self) -> None:
        """The row decides whether the answer is still wanted; the key may have gone with a broker."""
        access.require(self._answer.conversation.owner)
        mine = Message.objects.filter(pk=self._answer.pk, state=AnswerState.STREAMING)
        if not mine.update(text=self.text, beat_at=timezone.now()):
            raise Ended
        _keep(self._answer.pk, self.text, new=True)


def newest(answer: Message) -> str:
    """The text of an answer as far as it is written."""
    try:
        kept = cast(bytes | None, broker.client().get(_key(answer.pk)))
    except redis.RedisError:
        return answer.text
    text = (kept or b"").decode()
    return text if len(text) > len(answer.text) else answer.text


def forget(answer_id: int) -> None:
    """Tells the writer, if there is one, that the answer has ended."""
    try:
        broker.client().delete(_key(answer_id))
    except redis.RedisError as error:
        logger.warning("A writer learns only from the database that its answer has ended: %s", error)


def _keep(answer_id: int, text: str, *, new: bool = False) -> bool:
    """Whether the answer is still wanted, as far as Redis knows."""
    try:
        return bool(broker.client().set(_key(answer_id), text, ex=KEPT_SECONDS, xx=not new))
    except redis.RedisError:
        return True


def _is_kept(answer_id: int) -> bool:
    try:
        return bool(broker.client().exists(_key(answer_id)))
    except redis.RedisError:
        return True


def _key(answer_id: int) -> str:
    return f"meridian:answer:{answer_id}"
