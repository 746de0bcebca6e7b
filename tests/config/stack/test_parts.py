"""What `up` runs: which pool takes from which queue."""

from config.stack import parts


def queues_by_pool() -> dict[str, set[str]]:
    found = {}
    for part in parts.workers("home", {}):
        if "--queues" in part.command:
            found[part.name] = set(part.command[part.command.index("--queues") + 1].split(","))
    return found


def test_each_queue_is_taken_from_by_one_pool():
    taken = [queue for queues in queues_by_pool().values() for queue in queues]
    assert sorted(taken) == ["assistant", "housekeeping", "load.home", "probes.home", "record"]


def test_nothing_keeps_the_recorder_from_recording():
    assert queues_by_pool()["recorder"] == {"record"}
