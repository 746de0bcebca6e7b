"""The history: the only writer and reader of results."""

from probes.history.causes import Cause, causes_of
from probes.history.checks import Page, newer_checks, newest_checks, older_checks
from probes.history.cursors import Cursor
from probes.history.export import Busy, exported
from probes.history.failures import Failures, failures_of
from probes.history.filters import Filters
from probes.history.gauges import Gauges
from probes.history.matrix import Pair, matrix_of
from probes.history.outages import Outage, outages_of
from probes.history.patience import patience
from probes.history.reading import (
    answered,
    earlier,
    latest_by_kind,
    latest_of,
    missing,
    newest,
    of_run,
    one,
    recent,
    totals,
)
from probes.history.refusals import Refused
from probes.history.rows import result_from, unsaved
from probes.history.series import Series, Values, series_of, vantages_of
from probes.history.shares import Cell, CellState, Share, strip_of, success_shares
from probes.history.verdicts import Verdicts, worst_verdicts
from probes.history.windows import Buckets, Window
from probes.history.writing import record

__all__ = [
    "Buckets",
    "Busy",
    "Cause",
    "Cell",
    "CellState",
    "Cursor",
    "Failures",
    "Filters",
    "Gauges",
    "Outage",
    "Page",
    "Pair",
    "Refused",
    "Series",
    "Share",
    "Values",
    "Verdicts",
    "Window",
    "answered",
    "causes_of",
    "earlier",
    "exported",
    "failures_of",
    "latest_by_kind",
    "latest_of",
    "matrix_of",
    "missing",
    "newer_checks",
    "newest",
    "newest_checks",
    "of_run",
    "older_checks",
    "one",
    "outages_of",
    "patience",
    "recent",
    "record",
    "result_from",
    "series_of",
    "strip_of",
    "success_shares",
    "totals",
    "unsaved",
    "vantages_of",
    "worst_verdicts",
]
