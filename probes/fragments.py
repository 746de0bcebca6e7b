"""Live events as HTML, rendered once for all pages, from the very templates that the pages are made of."""

from collections.abc import Iterable, Mapping, Sequence

from django.conf import settings
from django.db import DatabaseError
from django.template.loader import render_to_string

from connections.models import Connection
from probes import atlas, board, live
from probes.board import Item, Row
from probes.models import Kind, Result, Run

MOST_ROWS = 50
"""Pushed when a run begins."""


def announce_results(run: Run, results: Sequence[Result]) -> None:
    """Pushes new results to the fleet's pages, to the run's own, and to that of each connection, where one is open.

    They are committed already, so when the database goes away now, the pages are told to fetch themselves again.
    """
    try:
        _push_results(run, results)
    except DatabaseError:
        groups = (live.connection_group(result.connection_id) for result in results)
        live.resync(live.FLEET, live.run_group(run.pk), *groups)
        raise


def _push_results(run: Run, results: Sequence[Result]) -> None:
    """Looks into the database only for pages that are open."""
    by_group = {live.connection_group(result.connection_id): result for result in results}
    watched = live.watched([live.FLEET, live.run_group(run.pk), *by_group])
    if not watched:
        return
    known = Connection.objects.select_related("region").in_bulk({one.connection_id for one in results})
    items = board.items_of(results, known)
    groups = {live.connection_group(item.connection.pk): item for item in items}
    rows = {row.connection.pk: row for row in board.rows_of(item.connection for item in items)}
    if live.FLEET in watched:
        spots = _spots(rows.values()) if run.kind == Kind.CONNECTION else []
        live.push(live.FLEET, _fleet(run, rows.values(), items), spots)
    if live.run_group(run.pk) in watched:
        _push_run(run, items)
    for group in watched & groups.keys():
        item = groups[group]
        live.push(group, _connection(run, rows[item.connection.pk], item))


def announce_run(run: Run) -> None:
    """Pushes the progress of a run that ended otherwise than by its results."""
    announce_runs({run: ()})


def announce_runs(runs: Mapping[Run, Iterable[int]]) -> None:
    """Pushes the progress of runs, and the rows of the connections that wait for each."""
    watched = live.watched([live.FLEET, *(live.run_group(run.pk) for run in runs)])
    if live.FLEET in watched:
        # Rows show the connection tests only: no other kind makes them wait.
        _announce_begin([pk for run, ids in runs.items() if run.kind == Kind.CONNECTION for pk in ids])
    for run in runs:
        if live.run_group(run.pk) in watched:
            _push_run(run, [])


def _announce_begin(waiting: Sequence[int]) -> None:
    """Many rows cost whoever asked more time than each page needs to fetch those that it shows."""
    if len(waiting) > MOST_ROWS:
        live.resync(live.FLEET)
        return
    rows = board.rows_of(Connection.objects.filter(pk__in=waiting).select_related("region"))
    live.push(live.FLEET, _progress() + "".join(_html("_row", row=row) for row in rows))


def _fleet(run: Run, rows: Iterable[Row], items: Sequence[Item]) -> str:
    """Rows and totals show the connection tests: what other kinds find changes neither."""
    parts = [_progress(), _html("_feed_push", items=items)]
    if run.kind == Kind.CONNECTION:
        totals = board.Totals.of_fleet()
        parts += [_html("_row", row=row, fresh=True) for row in rows]
        parts += [_html("_tiles", tiles=totals.tiles), _html("_all_shares", totals=totals)]
    return "".join(parts)


def _spots(rows: Iterable[Row]) -> list[dict[str, object]]:
    tested = [(row.connection, row.latest) for row in rows]
    return [spot.told() for spot in atlas.spots_of(tested, settings.VANTAGE)]


def _connection(run: Run, row: Row, item: Item) -> str:
    """What changes on a connection's own page: its head, or the newest results of the other kinds and the pair."""
    pushed = _html("_result_push", results=[item.result])
    latest = board.latest_by_kind(row.connection)
    if run.kind == Kind.CONNECTION:
        pushed += _html("_connection_head", row=row, latest=latest)
        pushed += _html("_outages", connection=row.connection, outages=board.outages(row.connection))
    pair = board.pair_of(row.connection, latest)
    if run.kind != Kind.CONNECTION:
        pushed += _html("_kinds", connection=row.connection, latest=latest, fresh=run.kind)
    if run.kind == Kind.HEALTH:
        pushed += _html("_statements", connection=row.connection, health=latest.get(Kind.HEALTH))
    return pushed + (_html("_pair", pair=pair) if pair else "")


def _push_run(run: Run, items: Sequence[Item]) -> None:
    """A page of a single probe becomes another one with its result, so it fetches itself."""
    if run.total == 1 and items:
        live.resync(live.run_group(run.pk))
    else:
        live.push(live.run_group(run.pk), _run(run, items))


def _progress() -> str:
    return _html("_progress", under_way=board.under_way())


def _run(run: Run, items: Iterable[Item]) -> str:
    return _html("_run_head", run=run) + "".join(
        _html("_run_item", item=item, run=run, fresh=True) for item in items
    )


def _html(name: str, **context: object) -> str:
    return render_to_string(f"probes/{name}.html", {**context, "oob": True})
