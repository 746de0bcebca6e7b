"""Asking twice for one run: whoever got no answer asks again with the same key, and gets the run of the first time.

1. A key that is known answers with its run, if the same was asked with it.
2. Otherwise the run and its key are written in one transaction. Whoever is second waits for the first at the unique key
   and throws away the own run, of which nobody has heard, or is refused because the first's is going; and looks again.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from celery import shared_task
from django.contrib.auth.models import AnonymousUser, User
from django.db import transaction
from django.utils import timezone

from probes.models import Run, RunKey

KEPT = timedelta(days=1)
LONGEST_KEY = 255


class KeyUsed(Exception):
    """The key belongs to another request."""

    def __init__(self) -> None:
        super().__init__(
            "This Idempotency-Key was used for another request. Use a new key for each run that you ask for; a key is "
            "remembered for a day."
        )


def once(key: str, user: User | AnonymousUser, digest: bytes, ask: Callable[[], Run]) -> Run:
    """The run that was asked for with this key, now or in the last day. Raises `KeyUsed`, and what ``ask`` raises."""
    assert isinstance(user, User), "only who signed in has keys"
    found = _found(key, user, digest)
    if found is not None:
        return found
    try:
        with transaction.atomic():
            RunKey.objects.filter(user=user, key=key, created_at__lt=_oldest()).delete()
            run = ask()
            RunKey.objects.create(user=user, key=key, digest=digest, run=run)
    except Exception:
        found = _found(key, user, digest)
        if found is None:
            raise
        return found
    return run


def _found(key: str, user: User, digest: bytes) -> Run | None:
    known = (
        RunKey.objects.filter(user=user, key=key, created_at__gte=_oldest())
        .select_related("run__requested_by")
        .first()
    )
    if known is None:
        return None
    if bytes(known.digest) != digest:
        raise KeyUsed
    return known.run


def _oldest() -> datetime:
    return timezone.now() - KEPT


@shared_task(name="probes.forget_keys")
def forget_keys() -> None:
    RunKey.objects.filter(created_at__lt=_oldest()).delete()
