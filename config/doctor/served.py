"""What browsers get: whether it is safe to serve, and whether it is there."""

from collections.abc import Iterator
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles import finders
from django.core import checks

from config.doctor.findings import Finding, broken, ok, watch

NEEDED = (
    "bootstrap/css/bootstrap.min.css",
    "uplot/uPlot.esm.js",
    "leaflet/leaflet.js",
    "topojson/topojson-client.min.js",
    "world-atlas/countries-110m.json",
    "meridian/live.js",
)
LOCAL = {"localhost", "127.0.0.1", "[::1]"}


def settings_of_production() -> Iterator[Finding]:
    """Django's own deployment checks, once the pages answer to more than this machine's names."""
    if settings.DEBUG:
        yield watch(
            "DEBUG is on: error pages show code and settings.", "Unset DEBUG where others can reach it."
        )
    elif set(settings.ALLOWED_HOSTS) <= LOCAL:
        yield ok("The pages answer to this machine's names only.")
    else:
        raised = checks.run_checks(tags=[checks.Tags.security], include_deployment_checks=True)
        found = [problem for problem in raised if not problem.is_silenced()]
        for problem in found:
            yield watch(problem.msg, problem.hint or "See docs/operations.md.")
        if not found:
            yield ok("Production settings are complete.")


def assets() -> Iterator[Finding]:
    missing = [name for name in NEEDED if not _there(name)]
    if missing:
        do = "Run `manage.py collectstatic`." if settings.STATIC_ROOT else "Run `make install`."
        yield broken(f"{len(missing)} of {len(NEEDED)} files for the browser are missing: {missing[0]}.", do)
    else:
        yield ok("The files for the browser are there.")


def _there(name: str) -> bool:
    root = settings.STATIC_ROOT
    return (Path(root) / name).exists() if root else finders.find(name) is not None
