"""Conversations over HTTP, by the flows that the page uses. Nobody reaches any but their own."""

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from ninja import Query, Router, Schema, Status
from ninja.errors import HttpError
from pydantic import BaseModel, ConfigDict, Field

from assistant import access, asking, drafts, export
from assistant.facts import References
from assistant.models import AnswerState, Conversation, Message
from assistant.problems import OllamaError
from probes.api.schemas import Id, Limit, Offset

router = Router(tags=["Assistant"])

INVALID = {"empty", "too-long", "not-text", "no-such-model", "not-a-question"}
"""Refusals that lie in what was given; the others in what is there."""


class MessageOut(Schema):
    """A question, or an answer with what became of it. ``error`` is a stable code, ``problem`` a sentence."""

    id: int
    role: Message.Role
    text: str = Field(description="Markdown; of an answer that is being written, as far as it is.")
    state: AnswerState
    error: str
    problem: str
    model: str
    created_at: datetime
    finished_at: datetime | None

    @staticmethod
    def resolve_text(message: Message) -> str:
        return drafts.newest(message) if message.is_open else message.text


class ReferenceOut(Schema):
    """What a label such as r12 stands for: the page where its figures come from."""

    label: str
    url: str
    about: str


class ConversationOut(Schema):
    id: int
    title: str
    model: str = Field(description="Who answers.")
    created_at: datetime
    changed_at: datetime

    @staticmethod
    def resolve_model(conversation: Conversation) -> str:
        return conversation.model_name


class WholeConversationOut(ConversationOut):
    messages: list[MessageOut]
    references: list[ReferenceOut]

    @staticmethod
    def resolve_messages(conversation: Conversation) -> list[Message]:
        return list(conversation.messages.defer("sent"))

    @staticmethod
    def resolve_references(conversation: Conversation) -> list[ReferenceOut]:
        known = References.from_json(conversation.references).mapping()
        return [ReferenceOut(label=label, url=one.url, about=one.about) for label, one in known.items()]


class ConversationPage(Schema):
    items: list[ConversationOut]
    count: int = Field(description="How many there are, on all pages.")


class AnswerOut(Schema):
    """The answer that is waited for, and where it will stand."""

    conversation: int
    answer: MessageOut


class ModelOut(Schema):
    name: str
    bytes: int


class ModelsOut(Schema):
    """``problem`` says what is wrong with Ollama and what to do; there are no models then."""

    items: list[ModelOut]
    problem: str


class QuestionIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    text: str = Field(description=f"At most {asking.LONGEST_QUESTION:,} characters.")


class BeginIn(QuestionIn):
    model: str = Field("", description="Empty for the one that everybody gets.")


class ChangeIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    title: str | None = None
    model: str | None = None


class Part(BaseModel):
    q: str = Field("", max_length=200, description="Words that the title or a message holds.")
    limit: Limit = 100
    offset: Offset = 0


def guarded(operation: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(operation)
    def guarding(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        try:
            access.require(request.user)
            return operation(request, *args, **kwargs)
        except access.SwitchedOff as off:
            raise HttpError(403, str(off)) from None
        except asking.Refused as refused:
            raise HttpError(422 if refused.code in INVALID else 409, str(refused)) from None

    return guarding


@router.get("/conversations", response=ConversationPage, summary="List my conversations")
@guarded
def list_conversations(request: HttpRequest, part: Query[Part]) -> Any:
    found = Conversation.objects.of(request.user).about(part.q.replace("\0", ""))
    return {"items": found[part.offset : part.offset + part.limit], "count": found.count()}


@router.post("/conversations", response={202: AnswerOut}, summary="Ask in a new conversation")
@guarded
def begin(request: HttpRequest, given: BeginIn) -> Any:
    return _accepted(asking.begin(request.user, given.text, given.model))


@router.get(
    "/conversations/{int:conversation_id}", response=WholeConversationOut, summary="Read a conversation"
)
@guarded
def read(request: HttpRequest, conversation_id: Id) -> Any:
    return _mine(request, conversation_id)


@router.patch(
    "/conversations/{int:conversation_id}", response=ConversationOut, summary="Name it, or choose its model"
)
@guarded
def change(request: HttpRequest, conversation_id: Id, given: ChangeIn) -> Any:
    conversation = _mine(request, conversation_id)
    if given.title is not None:
        asking.rename(conversation, given.title)
    if given.model is not None:
        asking.choose_model(conversation, given.model)
    return _mine(request, conversation_id)


@router.delete("/conversations/{int:conversation_id}", response={204: None}, summary="Delete a conversation")
@guarded
def delete(request: HttpRequest, conversation_id: Id) -> Any:
    asking.delete(_mine(request, conversation_id))
    return Status(204, None)


@router.get("/conversations/{int:conversation_id}/export", summary="Export a conversation as Markdown")
@guarded
def exported(request: HttpRequest, conversation_id: Id) -> Any:
    text = export.markdown(_mine(request, conversation_id), request.build_absolute_uri("/"))
    return HttpResponse(text, content_type="text/markdown; charset=utf-8")


@router.post(
    "/conversations/{int:conversation_id}/questions",
    response={202: AnswerOut},
    summary="Ask the next question",
)
@guarded
def ask(request: HttpRequest, conversation_id: Id, given: QuestionIn) -> Any:
    """409 while an answer is being written in this conversation."""
    return _accepted(asking.ask(_mine(request, conversation_id), given.text))


@router.get("/messages/{int:message_id}", response=MessageOut, summary="Read a question or an answer")
@guarded
def read_message(request: HttpRequest, message_id: Id) -> Any:
    return _my_message(request, message_id)


@router.patch(
    "/messages/{int:message_id}", response={202: AnswerOut}, summary="Edit a question and ask again"
)
@guarded
def edit(request: HttpRequest, message_id: Id, given: QuestionIn) -> Any:
    """What followed the question is replaced."""
    return _accepted(asking.edit(_my_message(request, message_id), given.text))


@router.post("/messages/{int:message_id}/retry", response={202: AnswerOut}, summary="Ask for another answer")
@guarded
def retry(request: HttpRequest, message_id: Id) -> Any:
    return _accepted(asking.retry(_my_message(request, message_id)))


@router.post("/messages/{int:message_id}/stop", response=MessageOut, summary="Stop an answer")
def stop(request: HttpRequest, message_id: Id) -> Any:
    """What is written of it is kept; one that had ended stays as it is."""
    asking.stop(_my_message(request, message_id))
    return _my_message(request, message_id)


@router.get("/models", response=ModelsOut, summary="List the models that can answer")
@guarded
def models(request: HttpRequest) -> Any:
    try:
        return {"items": asking.models(request.user), "problem": ""}
    except OllamaError as error:
        return {"items": [], "problem": str(error)}


def _mine(request: HttpRequest, conversation_id: int) -> Conversation:
    mine = Conversation.objects.of(request.user).select_related("owner")
    return get_object_or_404(mine, pk=conversation_id)


def _my_message(request: HttpRequest, message_id: int) -> Message:
    mine = Message.objects.filter(conversation__in=Conversation.objects.of(request.user))
    return get_object_or_404(mine.select_related("conversation__owner"), pk=message_id)


def _accepted(answer: Message) -> Any:
    return Status(202, {"conversation": answer.conversation_id, "answer": answer})
