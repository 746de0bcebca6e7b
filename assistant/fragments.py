"""What changes in a conversation as HTML, rendered once for all its open pages from the templates they are made of."""

from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from assistant.facts import References
from assistant.models import Message
from assistant.telling import Sent, Shown
from probes import live


def push_draft(answer: Message, text: SafeString) -> None:
    """The text as far as it is written. The whole of it, so that it does not matter which pushes a page has seen."""
    _push(answer, "_draft", answer_id=answer.pk, html=text)


def push_message(message: Message) -> None:
    """A message in a new state."""
    references = References.from_json(message.conversation.references).mapping()
    _push(message, "_message", shown=Shown.of(message, references))


def push_sent(answer: Message) -> None:
    """What the model was sent for this answer."""
    _push(answer, "_sent", sent=Sent.of(answer))


def changed(conversation_id: int) -> None:
    """Tells every page of a conversation to fetch it anew."""
    live.resync(live.chat_group(conversation_id))


def _push(message: Message, template: str, **context: object) -> None:
    html = render_to_string(f"assistant/{template}.html", {**context, "oob": True})
    live.push(live.chat_group(message.conversation_id), html)
