"""The processes of docker-compose.yml, started without containers: each command with its variables and secret files."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from config.stack.ports import free_port
from probes import vantages
from tests.deploy.test_compose import OURS, PROJECT, with_defaults
from tests.rigs import servers
from tests.rigs.pool import until

TAKEN_OVER = {"PATH", "HOME", "LANG"}


@pytest.fixture
def secrets(tmp_path) -> Path:
    """The mounted secrets, with the addresses of the test run's own servers."""
    subprocess.run(
        [sys.executable, "deploy/make_secrets.py", str(tmp_path)],
        cwd=PROJECT,
        check=True,
        capture_output=True,
    )
    for name, text in {
        "database_url": servers.postgres.url(),
        "redis_url": servers.valkey.url,
        "vault_keys": servers.VAULT_KEY,
    }.items():
        (tmp_path / name).chmod(0o600)
        (tmp_path / name).write_text(text)
    return tmp_path


def environment(name: str, secrets: Path, **more: str) -> dict[str, str]:
    given = {
        variable: with_defaults(value).replace("/run/secrets", str(secrets))
        for variable, value in OURS[name]["environment"].items()
    }
    inherited = {variable: os.environ[variable] for variable in TAKEN_OVER & set(os.environ)}
    return {**inherited, "MERIDIAN_HOME": str(secrets / "none"), **given, **more}


def alive(part: str, environ: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "config.alive", part], cwd=PROJECT, env=environ, capture_output=True, text=True
    )


def listens(port: int) -> bool:
    with socket.socket() as tried:
        return tried.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def started(name: str, environ: dict[str, str]) -> Iterator[Path]:
    """Gives the file that it writes to."""
    words = [with_defaults(word) for word in OURS[name]["command"][1:]]
    log = Path(environ["MERIDIAN_HOME"]).with_name(f"{name}.log")
    with log.open("wb") as output:
        # As root Celery warns, which nobody is in a container.
        process = subprocess.Popen(
            [sys.executable, "-W", "ignore", *words], cwd=PROJECT, env=environ, stdout=output, stderr=output
        )
    try:
        yield log
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(20)
        process.kill()
        process.wait()


def test_a_pool_with_only_broker_and_key_says_that_it_lives(secrets):
    environ = environment("probes", secrets)
    before = alive("worker", environ)
    assert (before.returncode, before.stderr.strip()) == (1, "No pool of this host says that it lives.")
    with started("probes", environ) as log:
        until(lambda: vantages.lives_on(socket.gethostname()), log.read_text)
        assert alive("worker", environ).returncode == 0
    assert servers.VAULT_KEY not in log.read_text()


def test_the_web_process_answers_its_health_check_behind_https(secrets):
    port = free_port()
    environ = environment(
        "web",
        secrets,
        MERIDIAN_HTTPS="1",
        MERIDIAN_TRUST_PROXY="1",
        ALLOWED_HOSTS="meridian.example.org",
        PORT=str(port),
    )
    assert alive("web", environ).stderr.strip() == "The web process does not answer."
    with started("web", environ) as log:
        until(lambda: listens(port), log.read_text)
        assert alive("web", environ).stderr == ""


def test_beat_is_missed_while_nobody_does_what_it_asks(secrets):
    said = alive("beat", environment("beat", secrets))
    assert (said.returncode, said.stderr.strip()) == (1, "Nothing that beat asks for has been done lately.")


def test_an_unknown_part_is_refused(secrets):
    assert "web, worker, beat" in alive("postgres", environment("web", secrets)).stderr
