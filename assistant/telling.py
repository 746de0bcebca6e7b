"""A message as pages show it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from django.utils.safestring import SafeString

from assistant import markdown
from assistant.facts import Reference
from assistant.models import Message

ROLES = {"system": "Rules and facts", "user": "Question", "assistant": "Model", "tool": "Tool"}


@dataclass(frozen=True, slots=True)
class Part:
    """One message that a model was sent."""

    role: str
    heading: str
    text: str


@dataclass(frozen=True, slots=True)
class Sent:
    """What the model was sent for an answer; nothing before that."""

    answer: Message
    tools: Sequence[str] = ()
    messages: Sequence[Part] = ()

    @classmethod
    def of(cls, answer: Message) -> Self:
        if not answer.sent:
            return cls(answer)
        kept = json.loads(answer.sent)
        return cls(answer, kept["tools"], [_part(message) for message in kept["messages"]])


@dataclass(frozen=True, slots=True)
class Shown:
    """``html`` is the text of an answer, rendered."""

    message: Message
    html: SafeString

    @classmethod
    def of(cls, message: Message, references: Mapping[str, Reference], newest: str | None = None) -> Self:
        """``references`` are those of its conversation, ``newest`` the text of an answer that is being written."""
        if not message.is_answer:
            return cls(message, SafeString())
        text = message.text if newest is None else newest
        return cls(message, markdown.html(text, references, settled=not message.is_open))


def _part(message: dict[str, Any]) -> Part:
    heading = ROLES.get(message["role"], message["role"])
    if name := message.get("tool_name"):
        heading = f"{heading}: {name}"
    calls = [
        f"{one['function']['name']}({json.dumps(one['function']['arguments'])})"
        for one in message.get("tool_calls", ())
    ]
    return Part(message["role"], heading, "\n".join([message["content"], *calls]).strip())
