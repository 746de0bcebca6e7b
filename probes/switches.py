"""Whether a part of the product is switched on. Every room asks here; `config` installs who answers.

A switch is asked about somebody: a key that tells people apart, a role, and the region that is to be tested. Nothing
personal goes along.
"""

from dataclasses import dataclass
from typing import Protocol, Self

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser, User

HEALTH_CHECKS = "enable-health-checks"
LOAD_TESTING = "enable-load-testing"
TEST_ALL_REGIONS = "enable-test-all-regions"
CHATBOT = "dashboard-chatbot-enabled"
REFRESH_BUTTON = "refresh-table-button"
REFRESH_SECONDS = "dashboard-refresh-seconds"

OF_KIND = {"health": HEALTH_CHECKS, "load": LOAD_TESTING}
"""The switches of the kinds of probe that have one."""
WORDS = {
    HEALTH_CHECKS: "Health checks are switched off",
    LOAD_TESTING: "Load tests are switched off",
    TEST_ALL_REGIONS: "Testing everything at once is switched off",
    CHATBOT: "The assistant is switched off",
}


@dataclass(frozen=True)
class Asker:
    """Who a switch is asked about: ``key`` is a number of ours, never a name or an address."""

    key: str
    role: str

    @classmethod
    def of(cls, user: AbstractBaseUser | AnonymousUser | Self | None) -> Self:
        if isinstance(user, cls):
            return user
        if not isinstance(user, User):
            return cls("meridian", "system")
        role = "administrator" if user.is_superuser else "staff" if user.is_staff else "user"
        return cls(str(user.pk), role)


SYSTEM = Asker("meridian", "system")
"""Who asks when nobody does: schedules, commands, and what the system does by itself."""

Who = AbstractBaseUser | AnonymousUser | Asker | None


class Source(Protocol):
    """Who answers. Both take any of the registry's keys, never raise for the world's faults, and never wait."""

    def value(self, key: str, asker: Asker, region: str) -> bool | int: ...

    def track(self, event: str, asker: Asker, value: float | None) -> None: ...


class Open:
    """Answers until `use` was called: everything is on, and no number is set."""

    def value(self, key: str, asker: Asker, region: str) -> bool | int:
        return key != REFRESH_SECONDS

    def track(self, event: str, asker: Asker, value: float | None) -> None:
        return None


_source: Source = Open()


def use(source: Source) -> Source:
    """Installs who answers from now on; returns who did until now."""
    global _source
    before, _source = _source, source
    return before


def of_region(code: str) -> str:
    """The key of a region's switch."""
    return f"region-{code}-enabled"


def is_on(key: str, *, user: Who = None, region: str = "") -> bool:
    """Raises `KeyError` for a key that is not in the registry."""
    return bool(_source.value(key, Asker.of(user), region))


def number(key: str, *, user: Who = None) -> int:
    return int(_source.value(key, Asker.of(user), ""))


def track(event: str, *, user: Who = None, value: float | None = None) -> None:
    """Counts something that happened, with a figure if it has one. It returns at once and never raises."""
    _source.track(event, Asker.of(user), value)


def closed(kind: str, region: str = "", *, user: Who = None, everything: bool = False) -> str:
    """The key of the switch that keeps somebody from a probe of this kind in this region, or "" when none does.

    ``everything`` is for whatever asks for all connections at once.
    """
    keys = [
        OF_KIND.get(kind, ""),
        TEST_ALL_REGIONS if everything else "",
        of_region(region) if region else "",
    ]
    return next((key for key in keys if key and not is_on(key, user=user, region=region)), "")


def reason(key: str) -> str:
    """A closed switch in words for whoever met it; "" for none."""
    if not key:
        return ""
    what = (
        WORDS.get(key)
        or f"Tests of the region {key.removeprefix('region-').removesuffix('-enabled')} are switched off"
    )
    return f"{what} (flag {key})."
