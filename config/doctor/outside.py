"""What Meridian can do without: the source of flags, and Ollama."""

from collections.abc import Iterator

from django.conf import settings

from assistant.ollama import models
from assistant.problems import OllamaError
from config import flags as registry
from config.doctor.findings import Finding, ok, watch
from probes import switches


def flags() -> Iterator[Finding]:
    name = registry.installed.source.name
    answer = registry.installed.source.answer(switches.LOAD_TESTING, switches.Asker.of(None), "")
    if answer.doubt:
        yield watch(
            f"The source of flags ({name}) cannot answer: {answer.doubt}. Load tests are closed.",
            "Look at LAUNCHDARKLY_SDK_KEY and the way to the service, or at FLAGS_FILE; see docs/operations.md.",
        )
    else:
        yield ok(f"Flags come from: {name}.")


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
