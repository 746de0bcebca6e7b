"""The charts of the gallery: one of each kind, made of the same figures each time."""

import json
import math
import random
from http import HTTPStatus
from typing import Any

NOON = 1_773_316_800  # 12 March 2026, 12:00 UTC
FIVE_MINUTES = 300
DAY = 288  # points of five minutes

Chart = dict[str, Any]


def _times(count: int = DAY) -> list[int]:
    return [NOON + FIVE_MINUTES * row for row in range(count)]


def latency() -> Chart:
    """A day with two hours that nobody measured and two stretches of failures, as the server sends it."""
    chance = random.Random(1)
    x = [at for row, at in enumerate(_times()) if not 120 <= row < 144]
    p50 = [80 + 6 * chance.random() + (25 if row > 200 else 0) for row in range(len(x))]
    p95 = [value + 8 + 10 * chance.random() for value in p50]
    p99 = [value + 10 + 60 * chance.random() ** 4 for value in p95]
    for row in (40, 41, 190):
        p50[row] = p95[row] = p99[row] = None
    return {
        "unit": "ms",
        "x": x,
        "from": NOON,
        "to": NOON + 86_400,
        "gap_seconds": 450,
        "band": ["p50", "p99"],
        "series": [
            {"label": "p50", "role": "p50", "values": p50},
            {"label": "p95", "role": "p95", "values": p95},
            {"label": "p99", "role": "p99", "values": p99},
        ],
        "marks": [
            *({"x": x[row], "label": "1 of 1 failed", "role": "error"} for row in (40, 190)),
            {"x": x[176], "label": "failover to dublin-2", "role": "note"},
        ],
    }


def down() -> Chart:
    """A day of checks that all failed."""
    x = _times()
    return {
        "unit": "ms",
        "x": x,
        "from": NOON,
        "to": NOON + 86_400,
        "gap_seconds": 750,
        "band": ["p50", "p99"],
        "series": [{"label": role, "role": role, "values": [None] * DAY} for role in ("p50", "p95", "p99")],
        "marks": [{"x": NOON, "label": "1 of 1 failed", "role": "error"}],
        "empty": "From home, every check failed in the last 24 h.",
    }


def phases() -> Chart:
    chance = random.Random(2)
    means = {"dns": 4, "tcp": 28, "tls": 60, "auth": 42, "query": 29}
    return {
        "unit": "ms",
        "x": _times(),
        "stacked": True,
        "series": [
            {
                "label": name,
                "role": name,
                "values": [mean * (0.85 + 0.4 * chance.random()) for _ in range(DAY)],
            }
            for name, mean in means.items()
        ],
    }


def usage() -> Chart:
    chance = random.Random(3)
    hits = [99.2 + 0.6 * math.sin(row / 40) ** 2 + 0.05 * chance.random() for row in range(DAY)]
    used = [40 + int(5 * chance.random()) + row // 8 for row in range(DAY)]
    return {
        "x": _times(),
        "series": [
            {"label": "Connections", "role": "plain", "unit": "count", "values": used},
            {"label": "Cache hits", "role": "plain", "unit": "%", "axis": "right", "values": hits},
        ],
    }


def several() -> Chart:
    chance = random.Random(4)
    names = ["dublin-1", "frankfurt-2", "virginia-1", "tokyo-2", "são paulo"]
    return {
        "unit": "ms",
        "x": _times(),
        "series": [
            {
                "label": name,
                "role": "plain",
                "values": [18 + 45 * place + 9 * chance.random() for _ in range(DAY)],
            }
            for place, name in enumerate(names)
        ],
    }


def samples() -> Chart:
    chance = random.Random(5)
    values = [None if row % 61 == 60 else 83 + 5 * chance.random() ** 2 for row in range(200)]
    return {"kind": "latency", "done": 200, "total": 200, "samples": values}


def histogram() -> Chart:
    counts = [0, 3, 41, 380, 2210, 5120, 4030, 1900, 720, 260, 90, 44, 12, 9, 2]
    return {
        "unit": "count",
        "x_kind": "index",
        "x": list(range(len(counts))),
        "x_labels": [round(0.5 * 1.6**bucket, 3) for bucket in range(len(counts))],
        "x_unit": "ms",
        "draw": "bars",
        "series": [{"label": "Transactions", "role": "rate", "values": counts}],
    }


def load() -> Chart:
    chance = random.Random(6)
    series = [
        {
            "start": float(second),
            "rate": 4000 + 500 * chance.random() - (2600 if 20 <= second < 23 else 0),
            "p50": 2.1 + 0.3 * chance.random(),
            "p95": 4.5 + chance.random(),
            "p99": 8 + 4 * chance.random() + (300 if 20 <= second < 23 else 0),
            "errors": {"too_many_connections": 12} if 20 <= second < 23 else {},
        }
        for second in range(60)
    ]
    return {"kind": "load", "seconds": 60, "series": series}


def size() -> Chart:
    gigabyte = 1024**3
    return {
        "unit": "bytes",
        "x": _times(),
        "series": [
            {
                "label": "Size",
                "role": "plain",
                "values": [3 * gigabyte + row * 9_000_000 for row in range(DAY)],
            }
        ],
    }


def errors() -> Chart:
    """By hour, with hours in which nothing failed."""
    chance = random.Random(7)
    hours = [NOON + 3600 * hour for hour in range(24)]
    codes = {"connection_refused": 9, "query_timeout": 4, "too_many_connections": 6}
    return {
        "unit": "count",
        "x": hours,
        "from": NOON,
        "to": NOON + 86_400,
        "stacked": True,
        "draw": "bars",
        "series": [
            {
                "label": code,
                "values": [chance.randrange(most) if hour % 5 < 3 else None for hour in range(24)],
            }
            for code, most in codes.items()
        ],
    }


def strip() -> Chart:
    states = ["good"] * 90
    states[12] = states[57] = "partly"
    states[13] = states[58] = states[59] = "bad"
    states[30:34] = ["none"] * 4
    states[70] = "ours"
    eight_hours = 28_800
    return {
        "cells": [
            {
                "from": NOON + eight_hours * place,
                "to": NOON + eight_hours * (place + 1),
                "state": state,
                "text": "95 of 96 checks answered" if state == "partly" else "",
            }
            for place, state in enumerate(states)
        ]
    }


def showcase() -> dict[str, Any]:
    """By the name under which the gallery fetches or embeds it."""
    return {
        "latency": latency(),
        "down": down(),
        "phases": phases(),
        "usage": usage(),
        "several": several(),
        "samples": samples(),
        "histogram": histogram(),
        "histogram_text": json.dumps(histogram()),
        "load": load(),
        "size": size(),
        "errors": errors(),
        "strip": strip(),
        "empty": {"x": [], "series": [], "empty": "No check has run in this window."},
        "broken": HTTPStatus.SERVICE_UNAVAILABLE,
    }
