"""Conversations, their questions and the answers to these; a message belongs to whoever owns its conversation."""

from datetime import timedelta
from typing import Any, Self

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.db import models
from django.db.models import Q
from django.utils import timezone

SILENT_AFTER = timedelta(seconds=30)
"""An answer whose writer, which saves it every second, said nothing for so long has no writer any more."""
WAITED_AFTER = timedelta(seconds=300)
LONGEST_TITLE = 80
LONGEST_MODEL = 200


class ConversationQuerySet(models.QuerySet["Conversation"]):
    def of(self, user: AbstractBaseUser | AnonymousUser) -> Self:
        """Those that this person may read and write: their own."""
        return self.filter(owner_id=user.pk) if user.is_authenticated else self.none()

    def about(self, words: str) -> Self:
        """Those whose title or messages hold the words."""
        held = Message.objects.filter(conversation=models.OuterRef("pk"), text__icontains=words)
        return self.filter(Q(title__icontains=words) | models.Exists(held)) if words else self


class Conversation(models.Model):
    """A thread of questions and answers. ``references`` are what [r12] stands for, in all its answers."""

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="conversations"
    )
    title = models.CharField(max_length=LONGEST_TITLE)
    model = models.CharField(max_length=LONGEST_MODEL, blank=True)
    references = models.JSONField(default=dict, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    changed_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = ConversationQuerySet.as_manager()

    class Meta:
        ordering = ["-changed_at", "-pk"]
        indexes = [models.Index(fields=["owner", "-changed_at"])]

    def __str__(self) -> str:
        return f"Conversation {self.pk}"

    @property
    def model_name(self) -> str:
        """Who answers: the model that its owner chose, or the one that everybody gets."""
        return self.model or settings.OLLAMA_MODEL


class AnswerState(models.TextChoices):
    WAITING = "waiting", "Waiting"
    STREAMING = "streaming", "Being written"
    DONE = "done", "Done"
    STOPPED = "stopped", "Stopped"
    FAILED = "failed", "Failed"


OPEN_STATES = [AnswerState.WAITING, AnswerState.STREAMING]


class MessageQuerySet(models.QuerySet["Message"]):
    def open(self) -> Self:
        return self.filter(state__in=OPEN_STATES)

    def abandoned(self) -> Self:
        """Answers whose writer is gone, and those that nobody began to write for minutes."""
        now = timezone.now()
        silent = Q(state=AnswerState.STREAMING, beat_at__lt=now - SILENT_AFTER)
        return self.filter(silent | Q(state=AnswerState.WAITING, created_at__lt=now - WAITED_AFTER))

    def replaced_by(self, answer: "Message") -> Self:
        """Earlier answers to the same question."""
        said = self.filter(conversation=answer.conversation_id, pk__lt=answer.pk)
        question = said.filter(role=Message.Role.QUESTION).order_by("-pk").values("pk")[:1]
        return said.filter(role=Message.Role.ANSWER, pk__gt=models.Subquery(question))

    def end(self, state: AnswerState, error: str = "", problem: str = "", **fields: Any) -> bool:
        """Whether this call, and no earlier one, ended what was open among them."""
        now = timezone.now()
        ended = self.open().update(state=state, error=error, problem=problem, finished_at=now, **fields)
        return bool(ended)


class Message(models.Model):
    """A question, or an answer with what became of it.

    ``sent`` is the JSON of exactly what the model was sent. ``error`` is a stable code and ``problem`` the sentence
    for people; both may be set on an answer that has a text, which was then cut short.
    """

    class Role(models.TextChoices):
        QUESTION = "user", "Question"
        ANSWER = "assistant", "Answer"

    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="messages")
    role = models.CharField(max_length=16, choices=Role.choices)
    text = models.TextField(blank=True)
    state = models.CharField(max_length=16, choices=AnswerState.choices, default=AnswerState.DONE)
    error = models.CharField(max_length=32, blank=True)
    problem = models.TextField(blank=True)
    model = models.CharField(max_length=LONGEST_MODEL, blank=True)
    sent = models.TextField(blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    started_at = models.DateTimeField(null=True, editable=False)
    beat_at = models.DateTimeField(null=True, editable=False)
    finished_at = models.DateTimeField(null=True, editable=False)

    objects = MessageQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["conversation"], condition=Q(state__in=OPEN_STATES), name="one_open_answer"
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_role_display()} {self.pk}"

    @property
    def is_answer(self) -> bool:
        return self.role == self.Role.ANSWER

    @property
    def is_open(self) -> bool:
        return self.state in OPEN_STATES
