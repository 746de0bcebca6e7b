"""Is everything there, and what to do if not."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from config import doctor
from config.doctor import Finding, State

SHAPES = {State.OK: "●", State.WATCH: "▲", State.BROKEN: "■"}


class Command(BaseCommand):
    help = (
        "Looks at every part of Meridian and says how it is and what to do about it. "
        "Exit code 1 when a part is broken."
    )
    # What the checks would refuse is just what this should explain.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="Print one JSON object instead.")

    def handle(self, *args: Any, **options: Any) -> None:
        findings = []
        for finding in doctor.examine():
            findings.append(finding)
            if not options["json"]:
                self._say(finding)
        worst = max((one.state for one in findings), key=list(State).index)
        if options["json"]:
            self.stdout.write(json.dumps({"state": worst, "parts": [one.as_dict() for one in findings]}))
        if worst is State.BROKEN:
            raise SystemExit(1)

    def _say(self, finding: Finding) -> None:
        self.stdout.write(f"{SHAPES[finding.state]} {finding.state:<7}{finding.part:<13}{finding.said}")
        if finding.do:
            self.stdout.write(f"{'':22}→ {finding.do}")
