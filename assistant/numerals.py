"""The figures in a text: its numerals with their units, apart from dates, names, versions and the numbers of lists."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

SECOND, MINUTE, HOUR, DAY = 1_000.0, 60_000.0, 3_600_000.0, 86_400_000.0
_UNITS: dict[str, tuple[tuple[str, float], ...]] = {
    "µs|μs|us|microseconds?": (("ms", 0.001),),
    "ms|msecs?|milliseconds?": (("ms", 1.0),),
    "s|secs?|seconds?": (("ms", SECOND),),
    "min|mins|minutes?": (("ms", MINUTE),),
    "h|hrs?|hours?": (("ms", HOUR),),
    "d|days?": (("ms", DAY),),
    "weeks?": (("ms", 7 * DAY),),
    r"%|percent|per\scent|percentage\spoints?|points": (("%", 1.0),),
    "b|bytes?": (("bytes", 1.0),),
    "kb|kib": (("bytes", 1e3), ("bytes", 1024.0)),
    "mb|mib": (("bytes", 1e6), ("bytes", 1024.0**2)),
    "gb|gib": (("bytes", 1e9), ("bytes", 1024.0**3)),
    "tb|tib": (("bytes", 1e12), ("bytes", 1024.0**4)),
    "k/s": (("/s", 1e3),),
    r"(?:(?:queries|statements|transactions|requests)\s?)?(?:/s|per\ssecond|/\ssecond)|tps|qps": (
        ("/s", 1.0),
    ),
    "\N{MULTIPLICATION SIGN}|x|times|-?fold": (("x", 1.0), ("count", 1.0)),
    "k": (("count", 1e3),),
    "million": (("count", 1e6),),
}
_READINGS = {re.compile(pattern, re.IGNORECASE): readings for pattern, readings in _UNITS.items()}
_UNIT = "|".join(_UNITS)
_NOUNS = (
    r"(?:(?:active|failed|failing|good|slow|healthy|unhealthy|unknown|other|different|free|used|idle|cold|new|dead|live)\s+)?"
    r"(?:connections?|databases?|regions?|vantages?|providers?|servers?|checks?|tests?|probes?|runs?|results?|samples?|"
    r"failures?|errors?|timeouts?|statements?|queries|calls?|clients?|sessions?|rows?|replicas?|verdicts?|indexes|tables|"
    r"attempts?|are\s+(?:down|slow|healthy)|is\s+(?:down|slow|healthy)|healthy|slow|down|of\s+\d)"
)
_NUMBER = r"\d{1,3}(?:[,\u2009\u202f]\d{3})+(?:\.\d+)?|\d+,\d{1,2}(?![\d,])|\d+(?:\.\d+)?"
_ENDS = r"(?![\w:/@]|[.,-]\w)"
_DASH = "[-\u2013]"
_NUMERAL = re.compile(
    rf"(?<![\w.,$/:#@])(?<![^\d\s(]{_DASH})(?P<number>{_NUMBER})"
    rf"(?:\s?(?P<unit>{_UNIT})(?!\w)"
    rf"|(?=\s?(?:{_DASH}|to|and|or)\s?(?:{_NUMBER})\s?(?P<shared>{_UNIT})(?!\w))"
    rf"|{_ENDS}(?=\s+(?P<noun>{_NOUNS})\b)|{_ENDS})",
    re.IGNORECASE,
)
_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
_CODE = re.compile(r"```.*?(?:```|$)|`[^`\n]*`|«[^»]*»|https?://\S+", re.DOTALL)
_NO_FIGURE = re.compile(
    rf"""
      \d{{4}}-\d\d-\d\d (?: [T ]\d\d:\d\d (?: :\d\d )? (?:\.\d+)? Z? )?
    | \b\d{{1,2}}:\d\d(?::\d\d)?(?:\s?[ap]\.?m\b)?
    | \b\d{{1,2}}(?:st|nd|rd|th)\b
    | \b\d{{1,2}}\.?\s+{_MONTH}\b(?:\s+\d{{4}})? | \b{_MONTH}\s+\d{{1,2}}\b(?:,?\s+\d{{4}})?
    | \b\d{{1,2}}[./]\d{{1,2}}[./]\d{{2,4}}\b
    | \b(?:in|since|of|year)\s+(?:19|20)\d\d\b
    | ^\s*(?:[-*+>]\s+|\#+\s+)*\(?\d{{1,3}}[.)](?=\s)
    | \b(?:top|step|rule|option|number|no\.?|nr\.?|example|section|table|attempt|port|pid|code|sqlstate|http|rfc
        |version|v|postgres(?:ql)?|pg|timescaledb|pgbouncer|tlsv?|ssl|ipv)[\s:]*\#?\d[\w.]*
    | (?<![\w.])\d\d(?-i:[\dA-Z]{{3}})\b(?![\s,.]*[\w%/])
    | \b(?:last|past|previous|prior|next|first|every|within|preceding)\s+\d+[\s-]?
      (?:h|hrs?|hours?|d|days?|min|minutes?|weeks?)\b
    | \b(?:1|6|24)[\s-]?(?:h|hours?)\b | \b(?:7|30)[\s-]?(?:d|days?)\b
    | \b\d+-(?:hour|day|minute|second|week)s?\b
    | \bp\d\d(?:\.\d+)?\b
    """,
    re.VERBOSE | re.IGNORECASE | re.MULTILINE,
)
SMALL = 12
"""A bare number up to here says nothing of what was measured, unless what it counts stands beside it."""


@dataclass(frozen=True, slots=True)
class Numeral:
    """A figure as it is written. ``readings`` are the units that it may be in, each with its factor; "" is any unit.

    ``slack`` is half of its last digit: whoever rounded it was that far from it at most.
    """

    start: int
    end: int
    value: float
    slack: float
    readings: tuple[tuple[str, float], ...]


def numerals(text: str, names: Iterable[str] = ()) -> Iterator[Numeral]:
    """What claims to be measured; numbers that are part of one of the ``names`` are not."""
    for found in _NUMERAL.finditer(_masked(text, names)):
        unit = (found["unit"] or found["shared"] or "").strip()
        value, decimals = _value(found["number"])
        bare = not unit and not found["noun"]
        if bare and not decimals and value <= SMALL:
            continue
        yield Numeral(*found.span(), value, 0.5 * 10.0**-decimals, _readings(unit, bool(found["noun"])))


def _masked(text: str, names: Iterable[str]) -> str:
    """The text with blanks of the same length for what holds numbers that are no figures."""
    for pattern in (_CODE, *_patterns(names), _NO_FIGURE):
        text = pattern.sub(lambda found: "\0" * len(found[0]), text)
    return text


def _patterns(names: Iterable[str]) -> Iterator[re.Pattern[str]]:
    numbered = sorted((name for name in names if re.search(r"\d", name)), key=len, reverse=True)
    if numbered:
        yield re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, numbered))})(?!\w)", re.IGNORECASE)


def _value(number: str) -> tuple[float, int]:
    """Its value, and how many decimals it is written with."""
    plain = re.sub(r"[\u2009\u202f]", "", number)
    if re.fullmatch(r"\d+,\d{1,2}", plain):
        plain = plain.replace(",", ".")
    plain = plain.replace(",", "")
    return float(plain), len(plain.partition(".")[2])


def _readings(unit: str, counts: bool) -> tuple[tuple[str, float], ...]:
    if not unit:
        return (("count", 1.0),) if counts else (("", 1.0),)
    return next(readings for pattern, readings in _READINGS.items() if pattern.fullmatch(unit))
