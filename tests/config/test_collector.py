import gc
from collections.abc import Iterator

import pytest

from config import collector


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    yield
    gc.unfreeze()


def test_what_is_loaded_is_not_looked_at_again_and_what_comes_later_is():
    loaded = []
    collector.set_loaded_aside()
    later: list[object] = []
    later.append(later)

    assert gc.get_freeze_count() > 0
    assert not any(one is loaded for one in gc.get_objects())
    assert any(one is later for one in gc.get_objects())
