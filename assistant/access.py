"""Whether somebody may use the assistant at all: one question for page, socket, API and the writer of an answer."""

from django.conf import settings

from probes import switches


class SwitchedOff(Exception):
    """The assistant is switched off; the message says by what."""


def require(user: switches.Who) -> None:
    """Raises `SwitchedOff`."""
    if not settings.CHAT_ENABLED:
        raise SwitchedOff("The assistant is switched off on this server (CHAT_ENABLED).")
    if not switches.is_on(switches.CHATBOT, user=user):
        raise SwitchedOff(switches.reason(switches.CHATBOT))


def is_open(user: switches.Who) -> bool:
    try:
        require(user)
    except SwitchedOff:
        return False
    return True
