from collections.abc import Iterator

import pytest
from django.utils import timezone

from tests.rigs.known_history import NOW, Known, kept_for_a_while


@pytest.fixture(scope="module")
def _history(django_db_setup, django_db_blocker) -> Iterator[Known]:
    with django_db_blocker.unblock(), kept_for_a_while() as known:
        yield known


@pytest.fixture
def known(_history: Known, db, monkeypatch: pytest.MonkeyPatch) -> Known:
    """A history whose answers are known, at its moment; what a test changes of it is undone."""
    monkeypatch.setattr(timezone, "now", lambda: NOW)
    return _history
