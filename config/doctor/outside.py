"""What Meridian can do without: the source of flags, and Ollama."""

from collections.abc import Iterator

from django.conf import settings
from django.db import DatabaseError

from assistant.ollama import models
from assistant.problems import OllamaError
from config import flags as registry
from config.doctor.findings import Finding, ok, watch
from connections.models import Region
from probes import switches


def flags() -> Iterator[Finding]:
    name = registry.installed.source.name
    readings = list(registry.installed.read_all(switches.SYSTEM, _regions()))
    doubted = [one for one in readings if one.doubt]
    if len(doubted) == len(readings):
        yield watch(
            f"The source of flags ({name}) cannot answer: {doubted[0].doubt}. Load tests are closed.",
            "Look at LAUNCHDARKLY_SDK_KEY and the way to the service, or at FLAGS_FILE; see docs/operations.md.",
        )
        return
    for one in doubted:
        yield watch(
            f"{one.key} cannot be believed: {one.doubt}. Instead it is {_in_words(one.value)}.",
            f"Set it right where flags come from ({name}); docs/flags.md says what it may hold.",
        )
    if not doubted:
        yield ok(f"Flags come from: {name}.")


def _regions() -> list[str]:
    """Whose flags to look at; none while the database is away, which is told as such."""
    try:
        return list(Region.objects.in_use().values_list("code", flat=True))
    except DatabaseError:
        return []


def _in_words(value: bool | int) -> str:
    return {True: "on", False: "off"}[value] if isinstance(value, bool) else str(value)


def ollama() -> Iterator[Finding]:
    if not settings.CHAT_ENABLED:
        yield ok("The assistant is switched off (CHAT_ENABLED).")
        return
    try:
        names = {model.name for model in models()}
    except OllamaError as error:
        yield watch(str(error), "Or set OLLAMA_BASE_URL to where it is, or CHAT_ENABLED=0 to do without.")
        return
    # As Ollama does: who names no tag means the latest.
    if names & {settings.OLLAMA_MODEL, f"{settings.OLLAMA_MODEL}:latest"}:
        yield ok(f"Ollama has {settings.OLLAMA_MODEL}.")
    else:
        yield watch(f"Ollama lacks {settings.OLLAMA_MODEL}.", f"Run `ollama pull {settings.OLLAMA_MODEL}`.")
