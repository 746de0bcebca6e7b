"""Every test of the history runs on each edition: all of them must say the same."""

from collections.abc import Callable, Iterator

import pytest
from django.db import transaction

from probes.history.editions import Edition
from tests.rigs import timescale
from tests.rigs.timescale import Database


@pytest.fixture(scope="session")
def databases(django_db_setup, django_db_blocker) -> Iterator[Callable[[Edition], Database]]:
    """One migrated database of each edition that is asked for."""
    made: dict[Edition, Database] = {}

    def database(edition: Edition) -> Database:
        if edition not in made:
            made[edition] = timescale.make(edition)
            with made[edition].in_use(), django_db_blocker.unblock():
                made[edition].migrate()
        return made[edition]

    yield database
    for one in made.values():
        one.remove()


@pytest.fixture(scope="module", autouse=True, params=list(Edition), ids=lambda edition: edition.name.lower())
def edition(request, databases) -> Iterator[Edition]:
    """Django's own connection leads to a database of this edition for as long as the module runs."""
    with databases(request.param).in_use():
        yield request.param


@pytest.fixture(autouse=True)
def _real_transactions(request, edition, django_db_blocker) -> Iterator[None]:
    """Of a test whose transactions are real, pytest-django empties Django's own tables only."""
    mark = request.node.get_closest_marker("django_db")
    real = bool(mark and mark.kwargs.get("transaction"))
    if real and edition is Edition.COMMUNITY:
        pytest.skip("The community edition's build serves one client at a time, and this test has several.")
    yield
    if real:
        with django_db_blocker.unblock():
            timescale.clean()


@pytest.fixture
def kept(edition, django_db_blocker) -> Iterator[Edition]:
    """A history whose transactions are real; it is empty, and emptied afterwards, as by all who write to it."""
    with django_db_blocker.unblock():
        yield edition
        assert not transaction.get_connection().in_atomic_block
        timescale.clean()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Making the community edition's database takes half a minute: one process of the run makes it."""
    for item in items:
        callspec = getattr(item, "callspec", None)
        if callspec is not None and callspec.params.get("edition") is Edition.COMMUNITY:
            item.add_marker(pytest.mark.xdist_group("community"))
