"""The SQL that keeps the history: read from files once, so that it can be checked on any server without Python."""

import functools
import hashlib
import re
from importlib import resources

from probes.history.measures import OURS

HOUR = "date_bin('1 hour', issued_at, '2000-01-01 00:00:00+00')"
HOUR_OF_CHUNKS = "time_bucket('1 hour', issued_at)"
"""The same hours. A continuous aggregate takes no other function."""


@functools.cache
def statement(name: str) -> str:
    """The text of ``sql/<name>.sql`` without its comments."""
    text = (resources.files(__package__) / "sql" / f"{name}.sql").read_text(encoding="utf-8")
    return re.sub(r"^--.*\n", "", text, flags=re.MULTILINE).strip()


def hourly(which: str, bucket: str = HOUR) -> str:
    """The roll-up of the rows for which the condition ``which`` holds."""
    return statement("hourly").replace("{ours}", OURS).replace("{bucket}", bucket).replace("{which}", which)


@functools.cache
def hourly_columns() -> str:
    """The columns of the roll-up: a table that has existed for long may hold them in another order."""
    selected = statement("hourly").removeprefix("SELECT").partition("\nFROM ")[0]
    return ", ".join(re.findall(r"(\w+),?$", selected, re.MULTILINE))


def aggregate_of_chunks() -> str:
    """What the continuous aggregate of the community edition is made of."""
    return hourly("true", HOUR_OF_CHUNKS)


def digest_of_aggregate() -> str:
    """The aggregate carries it as its comment, and so tells whether this version would make another one."""
    return hashlib.sha256(aggregate_of_chunks().encode()).hexdigest()
