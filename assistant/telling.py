"""A message as pages show it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.safestring import SafeString

from assistant import markdown
from assistant.facts import References
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
    tools: Sequence[str]
    messages: Sequence[Part]


@dataclass(frozen=True, slots=True)
class Shown:
    """``html`` is its text rendered, ``sent`` what the model was sent for it; None for questions and before that."""

    message: Message
    html: SafeString
    sent: Sent | None = None

    @classmethod
    def of(cls, message: Message, newest: str | None = None) -> "Shown":
        """``newest`` is the text of an answer that is being written."""
        if not message.is_answer:
            return cls(message, SafeString())
        known = References.from_json(message.conversation.references).mapping()
        text = message.text if newest is None else newest
        html = markdown.html(text, known, settled=not message.is_open)
        return cls(message, html, _sent(message))


def _sent(answer: Message) -> Sent | None:
    if not answer.sent:
        return None
    kept = json.loads(answer.sent)
    return Sent(kept["tools"], [_part(message) for message in kept["messages"]])


def _part(message: dict[str, Any]) -> Part:
    heading = ROLES.get(message["role"], message["role"])
    if name := message.get("tool_name"):
        heading = f"{heading}: {name}"
    calls = [
        f"{one['function']['name']}({json.dumps(one['function']['arguments'])})"
        for one in message.get("tool_calls", ())
    ]
    return Part(message["role"], heading, "\n".join([message["content"], *calls]).strip())
