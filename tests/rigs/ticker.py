"""A process that ticks by a clock of ours, so that an hour passes in seconds: ``python -m tests.rigs.ticker``.

The clock is a key in Valkey, in seconds since 1970. Each process notes there that it is at work.
"""

import os
import time
from datetime import UTC, datetime

import django

CLOCK, AT_WORK = "tests:clock", "tests:at-work"


def main() -> None:
    django.setup()
    from probes import broker, schedules

    client = broker.client()
    client.sadd(AT_WORK, os.getpid())
    while True:
        # Also while the clock stands still: what another one left, dying, is taken over.
        if now := client.get(CLOCK):
            schedules.tick(datetime.fromtimestamp(float(now), UTC))
        time.sleep(0.005)


if __name__ == "__main__":
    main()
