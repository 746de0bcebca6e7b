from collections.abc import Iterator

import pytest

from tests.rigs.fleet import copy_connections
from tests.rigs.person import Person
from tests.rigs.stack import Stack


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "/tests/stack/" in str(item.path):
            item.add_marker(pytest.mark.stack)
            item.add_marker(pytest.mark.xdist_group("stack"))


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    """A stack with a hundred connections, a third each behind 12, 80 and 190 ms."""
    with Stack() as running:
        copy_connections(running, 100)
        yield running


@pytest.fixture
def person(stack: Stack) -> Person:
    return Person(stack)
