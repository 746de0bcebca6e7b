"""The buckets of an HDR histogram with three significant digits, counted in a plain dict.

Recording must cost next to nothing, and `hdrh` is written in Python: so latencies are counted here by bucket
number, the same numbers that `hdrh` uses, and become its histogram when the test is over.
"""

from collections.abc import Mapping, Sequence

from hdrh.histogram import HdrHistogram

Counts = dict[int, int]
"""How many latencies fell into each bucket; the first 2,048 are a microsecond wide."""

MAX_MICROSECONDS = 3_600_000_000

_HALF_BITS = 10
_BITS = 11


def bucket(microseconds: int) -> int:
    """The number of the bucket for a latency of at least 0."""
    if microseconds < 2048:
        return microseconds
    shift = microseconds.bit_length() - _BITS
    return (shift << _HALF_BITS) + (microseconds >> shift)


def microseconds(bucket: int) -> int:
    """The longest latency that falls into the bucket."""
    shift = max((bucket >> _HALF_BITS) - 1, 0)
    return (((bucket - (shift << _HALF_BITS)) + 1) << shift) - 1


def merge(into: Counts, counts: Mapping[int, int]) -> None:
    for number, count in counts.items():
        into[number] = into.get(number, 0) + count


def percentiles_ms(counts: Mapping[int, int], wanted: Sequence[float]) -> list[float | None]:
    """Milliseconds that at least each share (0 to 100, rising) of the latencies do not exceed."""
    total = sum(counts.values())
    if not total:
        return [None] * len(wanted)
    ordered, found, seen, position = sorted(counts), [], 0, -1
    for percent in wanted:
        needed = max(total * percent / 100, 1)
        while seen < needed:
            position += 1
            seen += counts[ordered[position]]
        found.append(microseconds(ordered[position]) / 1000)
    return [*found]


def histogram(counts: Mapping[int, int]) -> HdrHistogram:
    """The same latencies as an HDR histogram in microseconds, for its mean, deviation and encoding."""
    made = HdrHistogram(1, MAX_MICROSECONDS, 3)
    for number, count in counts.items():
        made.record_value(min(microseconds(number), MAX_MICROSECONDS), count)
    return made
