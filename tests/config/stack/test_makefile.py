import shutil
import subprocess
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[3]


@pytest.fixture
def project(folder) -> Path:
    for name in ("Makefile", "requirements.lock", "package-lock.json", "package.json", ".npmrc"):
        shutil.copy(PROJECT / name, folder)
    return folder


def tools(folder: Path, **scripts: str) -> str:
    """A PATH that holds make's own needs and these shell scripts."""
    path = folder / "tools"
    path.mkdir()
    for name in ("make", "sh", "cksum", "cat", "df", "awk", "sed"):
        found = shutil.which(name)
        assert found is not None
        (path / name).symlink_to(found)
    for name, script in scripts.items():
        (path / name).write_text(f"#!/bin/sh\n{script}\n")
        (path / name).chmod(0o755)
    return str(path)


def make(project: Path, path: str, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["make", *words], cwd=project, env={"PATH": path}, capture_output=True, text=True, timeout=60
    )


def stamp(project: Path) -> None:
    """Makes the Python packages look installed."""
    (project / ".venv" / "bin").mkdir(parents=True)
    (project / ".venv" / "bin" / "python").symlink_to("/bin/true")
    lock = (project / "requirements.lock").read_bytes()
    check = subprocess.run(["cksum"], input=lock, capture_output=True).stdout.decode()
    (project / ".venv" / ".installed").write_text(f"{check.strip()} {project}\n")


def test_make_alone_lists_the_targets(project):
    shown = make(project, tools(project)).stdout
    for target in (
        "up",
        "dev",
        "serve",
        "db-setup",
        "install",
        "setup",
        "test",
        "format",
        "lint",
        "typecheck",
    ):
        assert f"  make {target} " in shown


def test_serving_is_left_to_the_command(project):
    shown = make(project, tools(project), "--dry-run", "serve").stdout.splitlines()
    assert shown[-1] == "exec .venv/bin/python manage.py serve"


def test_an_old_python_is_said_in_one_line(project):
    old = '[ "$1" = --version ] && echo "Python 3.8.20" && exit 0; exit 1'
    path = tools(project, python3=old, **{f"python3.{minor}": "exit 1" for minor in (11, 12, 13)})
    said = make(project, path, "setup").stderr.splitlines()
    assert said[0] == "Meridian needs Python 3.11 or newer; python3 here is: Python 3.8.20"
    assert len(said) == 2, "besides make's own word"


def test_a_missing_python_is_said_in_one_line(project):
    said = make(project, tools(project), "setup").stderr.splitlines()
    assert said[0] == "Meridian needs Python 3.11 or newer; python3 here is: missing"


def test_a_full_disk_is_said_in_one_line(project):
    path = tools(project, python3="exit 0")
    (Path(path) / "df").unlink()
    (Path(path) / "df").write_text("#!/bin/sh\necho Filesystem\necho /dev/disk 9 9 1000 100% /\n")
    (Path(path) / "df").chmod(0o755)
    assert make(project, path, "setup").stderr.startswith("Less than 1 GB is free here")


def test_a_missing_npm_is_said_in_one_line(project):
    stamp(project)
    assert make(project, tools(project), "setup").stderr.startswith("npm is missing; install Node.js")


def test_nothing_is_installed_again_until_a_lock_file_changes(project):
    stamp(project)
    path = tools(project, npm='/bin/mkdir -p node_modules; echo "npm $*" >> calls')
    make(project, path, "setup")
    make(project, path, "setup")
    assert (project / "calls").read_text().splitlines() == ["npm ci --loglevel error"]
    (project / "package-lock.json").write_text("{}")
    make(project, path, "setup")
    assert len((project / "calls").read_text().splitlines()) == 2


def test_the_locks_name_no_registry():
    for name in ("requirements.lock", "package-lock.json", ".npmrc", "Makefile"):
        text = (PROJECT / name).read_text()
        assert '"resolved"' not in text
        assert "index-url" not in text
        assert "registry=" not in text.replace("registry-resolved=", "")
