"""A conversation as a Markdown file, with its references spelt out."""

from collections.abc import Iterator
from urllib.parse import urljoin

from django.utils import timezone

from assistant import verify
from assistant.facts import References
from assistant.models import Conversation, Message


def markdown(conversation: Conversation, site: str) -> str:
    """``site`` is where the references' pages are, such as ``https://meridian.example/``."""
    return "\n".join(_lines(conversation, site))


def _lines(conversation: Conversation, site: str) -> Iterator[str]:
    yield f"# {conversation.title}"
    yield ""
    yield f"Exported {timezone.now():%Y-%m-%d %H:%M} UTC."
    cited: set[str] = set()
    known = References.from_json(conversation.references).mapping()
    for message in conversation.messages.defer("sent"):
        yield ""
        yield f"## {_head(message)}"
        yield ""
        if message.text:
            yield message.text
        if message.problem:
            yield f"> {message.problem}"
        cited |= verify.cited(message.text, known).keys()
    if cited:
        yield ""
        yield "## References"
        yield ""
    for label, reference in known.items():
        if label in cited:
            yield f"- [{label}] {reference.about}: {urljoin(site, reference.url)}"
    yield ""


def _head(message: Message) -> str:
    at = f"{message.created_at:%Y-%m-%d %H:%M}"
    return f"Question, {at}" if not message.is_answer else f"Answer of {message.model}, {at}"
