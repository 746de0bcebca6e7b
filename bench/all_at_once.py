"""Test all: a hundred connections behind 12, 80 and 190 ms against the slowest single one of them.

The whole stack runs as ``make up`` starts it. A single test and a run of all are asked for alternately; each takes
from the moment it was asked for to its last result in the history. The peer, in the same run, tests the same hundred
one after another, as an earlier program did (4.3 s for ten): its time is the sum of the probes' own times.
"""

import statistics
import time

from bench._report import finish
from tests.rigs.fleet import copy_connections
from tests.rigs.person import Person
from tests.rigs.stack import Stack

ROUNDS = 9
CONNECTIONS = 100
SLOWEST = "SELECT id FROM connections_connection ORDER BY simulated_rtt_ms DESC, id LIMIT 1"
ENDED = """
SELECT extract(epoch FROM finished_at - created_at)::double precision AS seconds, failed, total,
       (SELECT sum(total_ms) / 1000 FROM probes_result WHERE run_id = r.id) AS probing
FROM probes_run r WHERE finished_at IS NOT NULL AND created_at > to_timestamp(%s)
"""


def main() -> None:
    single, everything, one_by_one = [], [], []
    with Stack() as stack:
        copy_connections(stack, CONNECTIONS)
        person = Person(stack)
        [slowest] = stack.rows(SLOWEST)
        for _ in range(ROUNDS):
            single.append(run(stack, person, f"/connections/{slowest['id']}/test/", 1)[0])
            seconds, probing = run(stack, person, "/test-all/", CONNECTIONS)
            everything.append(seconds)
            one_by_one.append(probing)
    one, every, peer = map(statistics.median, (single, everything, one_by_one))
    print(f"slowest single test         {one:6.2f} s")
    print(
        f"all {CONNECTIONS} at once             {every:6.2f} s   {every / one:.2f} x the slowest single test"
    )
    print(f"all {CONNECTIONS} one after another   {peer:6.2f} s")
    finish(
        name="all_at_once",
        figure=round(every / one, 2),
        unit="x the slowest single test",
        seconds=round(every, 2),
        single=round(one, 2),
        one_after_another=round(peer, 1),
    )


def run(stack: Stack, person: Person, path: str, total: int) -> tuple[float, float]:
    """Seconds from asking to the last result, and the sum of the probes' own seconds."""
    asked = time.time()
    person.post(path)
    while not (ended := stack.rows(ENDED, asked)):
        time.sleep(0.05)
    [found] = ended
    assert (found["total"], found["failed"]) == (total, 0), found
    return found["seconds"], found["probing"]
