"""Median and p99 at one client, and at half of its highest rate, against pgbench (``-R``), in turns."""

import statistics

from bench import _peer
from bench._report import finish, percentile
from probes.engine.latency import LatencyPlan, probe_latency
from probes.engine.load import LoadPlan

ROUNDS = 5
SECONDS = 2

Pair = tuple[float, float]


def main() -> None:
    with _peer.target() as target:
        closed = [(ours(target, None), pgbench(target)) for _ in range(ROUNDS)]
        probe = _peer.run(lambda: probe_latency(target.endpoint, LatencyPlan(samples=1000)))
        assert probe.summary is not None
        # Where both ends share a processor a busy loop is four times as fast as one that pauses: only the
        # probe's pace, which pauses, is a rate that an open loop can keep.
        half = 500 // (probe.summary.p50 or 1)
        opened = [(ours(target, half), pgbench(target, "-R", f"{half:.0f}")) for _ in range(ROUNDS)]
    ratios = {**show("one client", closed), **show(f"at {half:,.0f}/s", opened, "_at_half_rate")}
    print(f"the latency probe: p50 {probe.summary.p50:.3f} ms, p99 {probe.summary.p99:.3f} ms")
    finish(
        name="latency",
        figure=round(statistics.median(mine[0] for mine, _ in closed), 4),
        unit="ms",
        ratio=ratios,
        peer="pgbench -n -M prepared -c 1 -l",
        probe_p50_ms=probe.summary.p50,
        probe_p99_ms=probe.summary.p99,
    )


def ours(target: _peer.Target, rate: float | None) -> Pair:
    """Median and p99 in milliseconds. pgbench spaces at random, so we do too."""
    plan = LoadPlan(clients=1, seconds=SECONDS, rate=rate, spacing="random")
    summary = _peer.load(target.endpoint, plan).summary
    assert summary is not None
    return summary.p50 or 0.0, summary.p99 or 0.0


def pgbench(target: _peer.Target, *options: str) -> Pair:
    target.pgbench("-M", "prepared", "-c", "1", "-T", str(SECONDS), "-l", *options)
    samples = _peer.logged_ms(target.folder)
    return percentile(samples, 0.5), percentile(samples, 0.99)


def show(name: str, pairs: list[tuple[Pair, Pair]], suffix: str = "") -> dict[str, float]:
    ratios = {}
    for index, figure in enumerate(("median", "p99")):
        mine = [pair[0][index] for pair in pairs]
        peer = [pair[1][index] for pair in pairs]
        ratios[figure + suffix] = _peer.median_ratio(mine, peer)
        print(
            f"{name:<14} {figure:<7} ours {statistics.median(mine):8.3f} ms   "
            f"pgbench {statistics.median(peer):8.3f} ms   ratio {ratios[figure + suffix]:.2f}"
        )
    return ratios
