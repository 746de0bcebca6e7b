"""Takes messages from the real queues and runs their tasks here, one after another, as a worker would."""

from collections.abc import Sequence
from queue import Empty

from kombu.simple import SimpleQueue

from config.celery import app
from probes import broker

ALL = ("probes.home", "load.home", "record", "housekeeping")


def waiting(queue: str) -> int:
    """How many messages a queue holds."""
    return broker.client().llen(queue)


def take(queue: str) -> tuple[str, list, dict] | None:
    """The next message of a queue, as (task, args, headers); None when it is empty. It is gone from the queue then."""
    with app.connection_for_read() as connection, SimpleQueue(connection, queue) as box:
        try:
            message = box.get(block=False)
        except Empty:
            return None
        message.ack()
        return message.headers["task"], message.payload[0], message.headers


def pump(queues: Sequence[str] = ALL) -> int:
    """Runs everything that waits, and what that puts on the queues in turn. Returns how many tasks ran."""
    ran = 0
    moved = True
    while moved:
        moved = False
        for queue in queues:
            while message := take(queue):
                name, args, _ = message
                app.tasks[name](*args)
                ran, moved = ran + 1, True
    return ran
