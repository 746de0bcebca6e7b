"""``manage.py history generate``."""

from functools import partial
from typing import Any

from django.conf import settings
from django.core.management import BaseCommand, CommandError
from django.utils import timezone

from probes.history import Refused, policies, rollup, synthetic
from probes.history.synthetic_plan import Plan


def add_to(subcommands: Any) -> None:
    parser = subcommands.add_parser(
        "generate", help="Makes up results, marked as such, for benchmarks and demonstrations."
    )
    parser.add_argument("--rows", type=int, default=100_000, help="about how many (100,000)")
    parser.add_argument(
        "--connections", type=int, default=20, help="of how many connections, 1 to 10,000 (20)"
    )
    parser.add_argument("--days", type=int, default=30, help="how far back, 1 to 366 (30)")
    parser.add_argument(
        "--vantage", action="append", metavar="CODE", help="as seen from; may be repeated (this site's own)"
    )
    parser.add_argument("--seed", type=int, default=1, help="the same seed makes the same results (1)")
    parser.add_argument("--force", action="store_true", help="even beside real results")
    parser.set_defaults(act=generate)


def generate(command: BaseCommand, options: dict[str, Any]) -> None:
    try:
        plan = Plan(
            rows=options["rows"],
            connections=options["connections"],
            days=options["days"],
            vantages=tuple(dict.fromkeys(options["vantage"] or [settings.VANTAGE])),
            seed=options["seed"],
        )
        made = synthetic.generate(plan, force=options["force"], say=command.stdout.write)
    except Refused as refusal:
        raise CommandError(str(refusal)) from refusal
    _roll_up()
    command.stdout.write(f"Made {made:,} synthetic results and rolled them up.")


def _roll_up() -> None:
    """Everything at once, whichever edition it is; housekeeping would take a day a minute."""
    now = timezone.now()
    for step in (rollup.fold_again, partial(rollup.advance, now), partial(policies.agree, now)):
        while step():
            pass
