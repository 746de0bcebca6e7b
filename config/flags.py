"""The flags: what each is called, what it may be, what holds when nobody can say, and where it is asked.

Rooms below ask through `probes.switches`, which this module answers. See docs/flags.md.
"""

import atexit
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from celery import signals
from django.conf import settings

from config.flag_sources import FlagSource, Nowhere
from probes import live, switches
from probes.switches import Asker


class Entrance(StrEnum):
    """The ways in which anything is asked of Meridian, and the worker that carries it out."""

    PAGE = "Pages"
    API = "API"
    ADMIN = "Admin"
    SCHEDULE = "Schedules"
    COMMAND = "Command line"
    WORKER = "Workers"


Value = bool | int
_TYPES: Mapping[type, str] = {bool: "yes or no", int: "a whole number", float: "a fraction", str: "text"}
EVERY_ENTRANCE = frozenset(Entrance)
REGION_KEY = switches.of_region("<region>")


@dataclass(frozen=True, kw_only=True)
class Flag:
    """``in_doubt`` holds while a source is configured and cannot answer; None: the last word does, else the default.

    ``least`` and ``most`` bound numbers. ``checked`` names each entrance through which what it switches can be reached.
    """

    key: str
    about: str
    default: Value
    checked: frozenset[Entrance]
    in_doubt: Value | None = None
    least: int = 0
    most: int = 0

    @property
    def type(self) -> type[Value]:
        return type(self.default)

    def fault(self, value: object) -> str:
        """What is wrong with a value that a source gave; "" when it fits."""
        # JSON's true is no number, although Python's True is.
        if type(value) is not self.type:
            return f"the flag holds {_named(type(value))} where {_named(self.type)} belongs"
        if isinstance(value, int) and self.type is int and not self.least <= value <= self.most:
            return f"{value} is not between {self.least} and {self.most}"
        return ""


FLAGS: Mapping[str, Flag] = {
    flag.key: flag
    for flag in (
        Flag(
            key=REGION_KEY,
            about="Tests of the connections of one region, by the region's code. "
            "A DSN on the command line belongs to no region.",
            default=True,
            checked=EVERY_ENTRANCE,
        ),
        Flag(key=switches.HEALTH_CHECKS, about="Health checks.", default=True, checked=EVERY_ENTRANCE),
        Flag(
            key=switches.LOAD_TESTING,
            about="Load tests, and the scratch tables that they read. One that is under way stops.",
            default=True,
            # What may hurt a database stays closed unless somebody can say that it is open.
            in_doubt=False,
            checked=EVERY_ENTRANCE,
        ),
        Flag(
            key=switches.TEST_ALL_REGIONS,
            about="Whatever asks for all connections at once.",
            default=True,
            checked=EVERY_ENTRANCE - {Entrance.COMMAND},
        ),
        Flag(
            key=switches.CHATBOT,
            about="The assistant: its page, its API and its answers.",
            default=True,
            checked=frozenset({Entrance.PAGE, Entrance.API, Entrance.WORKER}),
        ),
        Flag(
            key=switches.REFRESH_BUTTON,
            about="The button that reads a list of connections anew.",
            default=True,
            checked=frozenset({Entrance.PAGE}),
        ),
        Flag(
            key=switches.REFRESH_SECONDS,
            about="How often the dashboard reads itself anew, in seconds, besides what it is told live; 0 is never.",
            default=60,
            most=86_400,
            checked=frozenset({Entrance.PAGE}),
        ),
    )
}


def _named(kind: type) -> str:
    return _TYPES.get(kind, "a list or an object")


def flag_of(key: str) -> Flag:
    """The flag that a key belongs to; a region's has a key of its own. Raises `KeyError` for an unknown one."""
    before, after = REGION_KEY.split("<region>")
    is_regions = key.startswith(before) and key.endswith(after) and len(key) > len(before) + len(after)
    return FLAGS[REGION_KEY] if is_regions else FLAGS[key]


@dataclass(frozen=True)
class Reading:
    """A flag as somebody sees it now: its value, who said so, and why; ``doubt`` is why its source is not trusted."""

    key: str
    flag: Flag
    value: Value
    source: str
    reason: str
    doubt: str = ""


class Flags:
    """Answers `switches` from one source, and never gives a value that the registry does not allow."""

    def __init__(self, source: FlagSource) -> None:
        self.source = source

    def read(self, key: str, asker: Asker, region: str = "") -> Reading:
        flag = flag_of(key)
        answer = self.source.answer(key, asker, region)
        fault = flag.fault(answer.value) if answer.value is not None else ""
        doubt = answer.doubt or fault
        if doubt and flag.in_doubt is not None:
            return Reading(key, flag, flag.in_doubt, "In doubt", doubt, doubt)
        if not isinstance(answer.value, int) or fault:
            return Reading(key, flag, flag.default, "Default", doubt or answer.reason, doubt)
        reason = f"{answer.reason}; {doubt}" if doubt else answer.reason
        return Reading(key, flag, answer.value, self.source.name, reason, doubt)

    def read_all(self, asker: Asker, regions: Iterable[str]) -> Iterator[Reading]:
        """Each flag of the registry, and a region's for each of these codes."""
        for key in FLAGS:
            if key != REGION_KEY:
                yield self.read(key, asker)
        for code in regions:
            yield self.read(switches.of_region(code), asker, code)

    def value(self, key: str, asker: Asker, region: str) -> Value:
        return self.read(key, asker, region).value

    def track(self, event: str, asker: Asker, value: float | None) -> None:
        self.source.track(event, asker, value)

    def close(self, **kwargs: object) -> None:
        """Sends what was counted before this process ends."""
        self.source.close()


installed = Flags(Nowhere())


def configured() -> FlagSource:
    """What the settings name: the service, else a file, else nothing."""
    if not settings.LAUNCHDARKLY_SDK_KEY and not settings.FLAGS_FILE:
        return Nowhere()
    # Ten megabytes in each process, which only those need who use it.
    from config import launchdarkly

    if settings.LAUNCHDARKLY_SDK_KEY:
        return launchdarkly.streaming()
    return launchdarkly.from_file(Path(settings.FLAGS_FILE).absolute())


def install() -> None:
    """Once a process: `switches` asks the configured source from now on. Nothing is opened before the first question."""
    global installed
    installed = Flags(configured())
    switches.use(installed)
    atexit.register(installed.close)
    signals.worker_process_shutdown.connect(installed.close)


def watch() -> None:
    """In the web process: listens from now on, and open pages read themselves anew when a flag changes."""
    installed.source.watch(live.resync_everything)
