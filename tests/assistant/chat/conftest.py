from collections.abc import Callable, Iterator

import pytest

from probes import switches
from tests.rigs.ollama import Failure, Ollama, Turn

Serve = Callable[..., Ollama]


@pytest.fixture
def serve(settings) -> Iterator[Serve]:
    """Starts an Ollama that takes these turns, and points Meridian at it."""
    running: list[Ollama] = []

    def start(*turns: Turn | Failure, **options) -> Ollama:
        running.append(Ollama(*turns, **options))
        settings.OLLAMA_BASE_URL = running[-1].__enter__().url
        return running[-1]

    yield start
    for server in running:
        server.__exit__(None, None, None)


class Closed(switches.Open):
    """Everything is on but the assistant."""

    def value(self, key: str, asker: switches.Asker, region: str) -> bool | int:
        return key != switches.CHATBOT and super().value(key, asker, region)


@pytest.fixture
def closed_chat() -> Iterator[Callable[[], None]]:
    """Called, it turns the assistant's flag off."""
    before: list[switches.Source] = []
    yield lambda: before.append(switches.use(Closed()))
    if before:
        switches.use(before[0])
