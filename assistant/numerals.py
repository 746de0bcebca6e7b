"""The figures in a text: its numerals with their units, apart from dates, names, versions and the numbers of lists.

The text is what a reader sees, without Markdown's marks, but for code, which stands between backticks.
"""

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
_SEPARATOR = "[, \u00a0\u2009\u202f]"
_NUMBER = rf"(?:\d{{1,3}}(?:{_SEPARATOR}\d{{3}}(?!\d))+(?:\.\d+)?|\d+,\d{{1,2}}(?![\d,])|\d+(?:\.\d+)?(?:e[+-]?\d{{1,2}})?)"
_MEASURED = rf"{_NUMBER}[\s-]?(?:{_UNIT})(?!\w)"
_ENDS = r"(?![\w:/@]|[.,-]\w)"
_DASH = "[-\u2013]"
_NUMERAL = re.compile(
    rf"(?<![^\W_])(?<![^\W_]_)(?<![^\W_]__)(?<![.,$#@])(?<![^\d\s(]{_DASH})(?P<number>{_NUMBER})"
    rf"(?:[\s-]?(?P<unit>{_UNIT})(?!\w)"
    rf"|(?=\s?(?:{_DASH}|/|to|and|or)\s?{_NUMBER}(?:[\s-]?(?P<shared>{_UNIT})(?!\w)|\s+(?P<counted>{_NOUNS})\b))"
    rf"|{_ENDS}(?=\s+(?P<noun>{_NOUNS})\b)|{_ENDS})",
    re.IGNORECASE,
)
_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
_STRETCH = r"\d+[\s-]?(?:h|hrs?|hours?|d|days?|min|minutes?|weeks?)\b"
_CODE = re.compile(r"`[^`\n]*`|«[^«»]*»|https?://\S+")
_LONE = re.compile(rf"[`«]\s*{_MEASURED}\s*[`»]", re.IGNORECASE)
"""A figure in the dress of code or of a quotation is one nevertheless."""
_NO_FIGURE = re.compile(
    rf"""
      \d{{4}}-\d\d-\d\d (?: [T ]\d\d:\d\d (?: :\d\d )? (?:\.\d+)? Z? )?
    | \b\d{{1,2}}:\d\d(?::\d\d)?(?:\s?[ap]\.?m\b)?(?!\s?(?:{_UNIT})(?!\w))
    | \b\d{{1,2}}(?:st|nd|rd|th)\b
    | \b\d{{1,2}}\.?\s+{_MONTH}\b(?:\s+(?!{_MEASURED})\d{{4}})?
    | \b{_MONTH}\s+(?!{_MEASURED})\d{{1,2}}\b(?:,?\s+(?!{_MEASURED})\d{{4}})?
    | \b\d{{1,2}}(?P<between>[./])\d{{1,2}}(?P=between)\d{{2,4}}\b(?!\s?(?:{_UNIT})(?!\w))
    | \b(?:in|since|of|year)\s+(?!{_MEASURED})(?:19|20)\d\d\b(?!-\d|\s+{_NOUNS}\b)
    | ^\s*(?:[-*+>]\s+|\#+\s+)*\(?\d{{1,3}}[.)](?=\s)
    | \b(?:top|step|rule|option|number|no\.?|nr\.?|example|section|table|attempt|port|pid|code|sqlstate|http|rfc
        |version|v|postgres(?:ql)?|pg|timescaledb|pgbouncer|tlsv?|ssl|ipv)[\s:]*\#?(?!{_MEASURED})\d[\w.]*
    | (?<![\w.])\d\d(?-i:[\dA-Z]{{3}})\b(?![\s,.]*[\w%/])
    | \b(?:last|past|previous|prior|preceding|(?<!for\s)over)\s+{_STRETCH}(?:(?:,|\s+(?:and|or|to))\s+{_STRETCH})*
    | \bin\s+the\s+{_STRETCH}(?=\s+before\b)
    | \b{_STRETCH}(?=\s+(?:window|period|history|average|mean|median|p\d\d)\b)
    | \bp\d\d(?:\.\d+)?\b
    """,
    re.VERBOSE | re.IGNORECASE | re.MULTILINE,
)
"""What has a unit beside it is a figure, whatever stands before it; only stretches that are looked back on are none."""
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
    masked = _masked(text, names)
    for found in _NUMERAL.finditer(masked):
        unit = (found["unit"] or found["shared"] or "").strip()
        counts = bool(found["noun"] or found["counted"])
        value, decimals = _value(found["number"])
        small = not decimals and value <= SMALL
        # After a colon or a slash a bare number is a port or part of a path.
        if not unit and not counts and (small or masked[: found.start()].endswith((":", "/"))):
            continue
        yield Numeral(*found.span(), value, 0.5 * 10.0**-decimals, _readings(unit, counts))


def _masked(text: str, names: Iterable[str]) -> str:
    """The text with blanks of the same length for what holds numbers that are no figures."""
    masked = _CODE.sub(lambda found: found[0] if _LONE.fullmatch(found[0]) else _blank(found), text)
    for pattern in (*_patterns(names), _NO_FIGURE):
        masked = pattern.sub(_blank, masked)
    return masked


def _blank(found: re.Match[str]) -> str:
    return "\0" * len(found[0])


def _patterns(names: Iterable[str]) -> Iterator[re.Pattern[str]]:
    numbered = sorted((name for name in names if re.search(r"\d", name)), key=len, reverse=True)
    if numbered:
        yield re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, numbered))})(?!\w)", re.IGNORECASE)


def _value(number: str) -> tuple[float, int]:
    """Its value, and how many decimals it is written with."""
    plain = re.sub(_SEPARATOR, ".", number) if re.fullmatch(r"\d+,\d{1,2}", number) else number
    plain, _, exponent = re.sub(_SEPARATOR, "", plain).lower().partition("e")
    power = int(exponent or 0)
    return float(plain) * 10.0**power, len(plain.partition(".")[2]) - power


def _readings(unit: str, counts: bool) -> tuple[tuple[str, float], ...]:
    if not unit:
        return (("count", 1.0),) if counts else (("", 1.0),)
    return next(readings for pattern, readings in _READINGS.items() if pattern.fullmatch(unit))
