"""``probe scratch``: makes or drops the table that the reading workloads of a load test need."""

import json
from argparse import ArgumentParser
from collections.abc import Mapping
from typing import Any

from probes.engine.egress import EgressRules
from probes.engine.endpoint import Endpoint
from probes.engine.errors import ProbeError
from probes.engine.load.scratch import MAX_ROWS, TABLE, create_scratch, drop_scratch
from probes.engine.outcome import Failure
from probes.management.terminal.text import printable

HELP = (
    "Makes or drops the table that the workloads point, range and mixed read. It does not look whether a load test reads "
    "it: such a test has to wait, and fails once its table is gone."
)
ROWS = 100_000


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "action", choices=("create", "drop"), help="create replaces an older one of Meridian's"
    )
    parser.add_argument(
        "--rows", type=int, default=ROWS, help=f"of about 140 bytes each, 100 to {MAX_ROWS} ({ROWS})"
    )


async def run(endpoint: Endpoint, options: Mapping[str, Any], rules: EgressRules) -> Failure | None:
    """Why it could not be done, or None. May raise `PlanError`."""
    try:
        if options["action"] == "create":
            await create_scratch(endpoint, options["rows"], rules=rules)
        else:
            await drop_scratch(endpoint, rules=rules)
    except ProbeError as error:
        return error.failure
    return None


def told(failure: Failure | None, options: Mapping[str, Any]) -> str:
    """What is printed of it."""
    if options["json"]:
        return json.dumps({"ok": failure is None, "failure": vars(failure) if failure else None})
    if failure is not None:
        return f"Not done: {failure.code}\n  {failure.hint}\n  Original message: {printable(failure.message)}"
    if options["action"] == "drop":
        return f"There is no table {TABLE} of Meridian's any more."
    return f"Made {TABLE} with {options['rows']:,} rows. Drop it with: probe scratch drop"
