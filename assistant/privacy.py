"""What of the databases may be told to a model: three switches that only an administrator turns on."""

from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser, User
from django.core.exceptions import PermissionDenied

from assistant.models import Disclosure


@dataclass(frozen=True, slots=True)
class Reader:
    """What whoever reads the evidence may be told, beyond figures and names of connections."""

    statements: bool = False
    hosts: bool = False
    users: bool = False


PERSON = Reader(statements=True, hosts=True, users=True)
"""Whoever is signed in sees all of this on other pages."""


def reader_for_model() -> Reader:
    """What the switches allow at this moment."""
    allowed = Disclosure.objects.first()
    return Reader(allowed.statements, allowed.hosts, allowed.users) if allowed else Reader()


def told_since() -> datetime | None:
    """When the switches changed last: an answer from before may hold what must not be told any more."""
    return Disclosure.objects.values_list("changed_at", flat=True).first()


def may_change(user: AbstractBaseUser | AnonymousUser) -> bool:
    """Whether somebody may turn the switches."""
    return isinstance(user, User) and user.has_perm("assistant.change_disclosure")


def allow(disclosure: Disclosure, user: User) -> None:
    """Keeps what an administrator chose. Raises `PermissionDenied` for anybody else."""
    if not may_change(user):
        raise PermissionDenied("Only an administrator chooses what the model may be told.")
    disclosure.changed_by = user
    disclosure.save()
