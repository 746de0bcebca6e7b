from collections.abc import Iterator

import pytest
from playwright.sync_api import Page

from tests.rigs.stack import Stack


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "/browser/" in str(item.path):
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.xdist_group("stack"))


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    with Stack() as running:
        yield running


@pytest.fixture
def page(open_browser, request: pytest.FixtureRequest) -> Page:
    """A parameter, if a test gives one, is the options of its context."""
    return open_browser(**getattr(request, "param", {}))
