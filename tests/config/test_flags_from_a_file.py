"""Flags come from FLAGS_FILE, change when it does, and survive what people and programs do to files."""

import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from config import launchdarkly
from config.flags import Flags
from probes import switches
from tests.config.stack.conftest import eventually
from tests.rigs.flags import answered_by

WORDS = {switches.HEALTH_CHECKS: False, switches.LOAD_TESTING: True, switches.REFRESH_SECONDS: 15}


@pytest.fixture
def path(tmp_path) -> Path:
    return tmp_path / "flags.json"


@pytest.fixture(autouse=True)
def quick(monkeypatch) -> None:
    monkeypatch.setattr(launchdarkly, "FILE_SECONDS", 0.02)
    monkeypatch.setattr(launchdarkly, "PATIENCE_SECONDS", 0.0)


@pytest.fixture
def asked(path) -> Iterator[Callable[[str], Flags]]:
    """Asks of a file with this text, until the end of the test."""
    with_exit: list[Iterator[Flags]] = []

    def of(text: str) -> Flags:
        path.write_text(text)
        manager = answered_by(launchdarkly.from_file(path))
        with_exit.append(manager)
        return manager.__enter__()

    yield of
    for manager in with_exit:
        manager.__exit__(None, None, None)


def said(*values: object) -> str:
    return json.dumps({"flagValues": dict(zip(WORDS, values, strict=True))})


def now() -> tuple[bool, bool, int]:
    return (
        switches.is_on(switches.HEALTH_CHECKS),
        switches.is_on(switches.LOAD_TESTING),
        switches.number(switches.REFRESH_SECONDS),
    )


def test_what_the_file_says_holds_and_a_change_is_seen(asked, path):
    installed = asked(said(False, True, 15))
    assert now() == (False, True, 15)
    changed = threading.Event()
    installed.source.watch(changed.set)
    path.write_text(said(True, False, 0))
    assert changed.wait(20)
    assert eventually(lambda: now() == (True, False, 0))


def test_a_file_that_is_renamed_into_its_place_is_seen(asked, path, tmp_path):
    asked(said(False, True, 15))
    assert now() == (False, True, 15)
    fresh = tmp_path / "fresh.json"
    fresh.write_text(said(True, False, 5))
    fresh.rename(path)
    assert eventually(lambda: now() == (True, False, 5))


def test_a_flag_may_be_written_in_full_with_rules_of_its_own(asked):
    full = {"key": switches.HEALTH_CHECKS, "on": False, "offVariation": 1, "variations": [True, False]}
    asked(json.dumps({"flags": {switches.HEALTH_CHECKS: full}}))
    assert now() == (False, True, 60)


@pytest.mark.parametrize(
    "text",
    ["", "{", '{"flagValues": {"enable-health-checks": fal', "[1, 2]", "null", '"on"', '{"flagValues": 3}'],
)
def test_a_file_that_cannot_be_read_closes_load_tests_and_nothing_else(asked, text, capfd):
    installed = asked(text)
    assert now() == (True, False, 60)
    assert "FLAGS_FILE" in installed.read(switches.LOAD_TESTING, switches.SYSTEM).reason


def test_a_file_that_is_half_written_changes_nothing_but_is_in_doubt_until_it_is_whole(asked, path, capfd):
    asked(said(False, True, 15))
    assert now() == (False, True, 15)
    path.write_text(said(True, True, 5)[:-9])
    assert eventually(lambda: now() == (False, False, 15))
    path.write_text(said(True, True, 5))
    assert eventually(lambda: now() == (True, True, 5))


def test_a_file_that_vanishes_leaves_its_last_word_but_for_load_tests_and_may_come_back(asked, path):
    installed = asked(said(False, True, 15))
    assert now() == (False, True, 15)
    path.unlink()
    assert now() == (False, False, 15)
    assert "not there" in installed.read(switches.LOAD_TESTING, switches.SYSTEM).reason
    path.write_text(said(True, True, 5))
    assert eventually(lambda: now() == (True, True, 5))


def test_a_file_that_was_never_there_closes_load_tests(path, capfd):
    with answered_by(launchdarkly.from_file(path)):
        assert now() == (True, False, 60)


@pytest.mark.parametrize("seconds", [-1, 86_401, 1.5, "15", True, None, [15], 10**30])
def test_a_number_that_is_none_or_too_large_is_not_believed(asked, seconds):
    asked(said(True, True, seconds))
    assert switches.number(switches.REFRESH_SECONDS) == 60


@pytest.mark.parametrize("value", ["true", 1, 0, None, {}, []])
def test_a_switch_that_is_neither_on_nor_off_is_not_believed(asked, value):
    installed = asked(said(value, value, 15))
    assert now() == (True, False, 15)
    assert installed.read(switches.LOAD_TESTING, switches.SYSTEM).source == "In doubt"
