"""Flags for a test, from a real file through the real SDK, and from a service of one's own."""

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path

from config import flags, launchdarkly
from config.flag_sources import FlagSource
from config.flags import Flags
from probes import switches


@contextlib.contextmanager
def answered_by(source: FlagSource) -> Iterator[Flags]:
    """Lets a source answer every room until the end, as `flags.install` does for a whole process."""
    before, mine = flags.installed, Flags(source)
    flags.installed = mine
    switches.use(mine)
    try:
        yield mine
    finally:
        flags.installed = before
        switches.use(before)
        source.close()


@contextlib.contextmanager
def holding(path: Path, values: dict[str, object]) -> Iterator[Flags]:
    """These flags hold until the end; those that are not named have their defaults."""
    path.write_text(json.dumps({"flagValues": values}))
    with answered_by(launchdarkly.from_file(path)) as installed:
        yield installed
