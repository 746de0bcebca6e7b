"""Processes of ours, started with an environment of their own: what they take from it, and when they refuse to start."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

PROJECT = Path(__file__).resolve().parent.parent.parent
KEY, STACK_KEY = (Fernet.generate_key().decode() for _ in range(2))
STACK = {
    "secret_key": "of the embedded stack",
    "vault_keys": STACK_KEY,
    "database_url": "postgresql://meridian:embedded@127.0.0.1:6001/meridian",
    "redis_url": "redis://:embedded@127.0.0.1:6002/0",
}
SHOWN = "VAULT_KEYS", "SECRET_KEY", "DATABASES", "REDIS_URL", "SECURE_HSTS_SECONDS", "ALLOWED_HOSTS"
COOKIES = "SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE", "SECURE_SSL_REDIRECT", "SECURE_PROXY_SSL_HEADER"
SHOW = f"""
import json
from config import settings
print(json.dumps({{name: getattr(settings, name) for name in {SHOWN + COOKIES}}}))
"""


@pytest.fixture
def home(tmp_path):
    """A folder in which the embedded stack has run."""
    (tmp_path / "stack.json").write_text(json.dumps(STACK))
    return tmp_path


def start(home: Path, *words: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *words],
        cwd=PROJECT,
        env={"PATH": os.environ["PATH"], "MERIDIAN_HOME": str(home), **environ},
        capture_output=True,
        text=True,
        timeout=60,
    )


def settings_of(home: Path, **environ: str) -> dict:
    done = start(home, "-c", SHOW, **environ)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_without_anything_set_all_comes_from_the_embedded_stack(home):
    found = settings_of(home)
    assert found["VAULT_KEYS"] == [STACK_KEY]
    assert found["SECRET_KEY"] == "of the embedded stack"
    assert found["DATABASES"]["default"]["PORT"] == 6001
    assert found["REDIS_URL"] == STACK["redis_url"]


def test_keys_of_the_embedded_stack_are_not_used_for_somebody_s_own_database(home):
    found = settings_of(home, DATABASE_URL="postgresql://ada:x@db.example.org/app")
    assert found["VAULT_KEYS"] == []
    assert found["SECRET_KEY"] != "of the embedded stack"
    assert len(found["SECRET_KEY"]) >= 50
    assert found["DATABASES"]["default"]["HOST"] == "db.example.org"


def test_what_is_set_goes_before_the_embedded_stack(home):
    found = settings_of(
        home, MERIDIAN_VAULT_KEYS=f"{KEY}, {STACK_KEY}", SECRET_KEY="own", REDIS_URL="redis://own/1"
    )
    assert found["VAULT_KEYS"] == [KEY, STACK_KEY]
    assert (found["SECRET_KEY"], found["REDIS_URL"]) == ("own", "redis://own/1")


def test_every_secret_can_come_from_a_file(home):
    secrets = {
        "SECRET_KEY": "own",
        "MERIDIAN_VAULT_KEYS": KEY,
        "DATABASE_URL": "postgresql://ada:p%40ss@db.example.org/app",
        "REDIS_URL": "redis://:hunter2@own/1",
    }
    for name, value in secrets.items():
        (home / name).write_text(f"{value}\n")
    found = settings_of(home, **{f"{name}_FILE": str(home / name) for name in secrets})
    assert (found["SECRET_KEY"], found["VAULT_KEYS"]) == ("own", [KEY])
    assert found["REDIS_URL"] == secrets["REDIS_URL"]
    assert found["DATABASES"]["default"]["PASSWORD"] == "p@ss"


def test_behind_https_cookies_are_secure_and_browsers_told_to_stay(home):
    plain = settings_of(home)
    assert [plain[name] for name in COOKIES] == [False, False, False, None]
    assert plain["SECURE_HSTS_SECONDS"] == 0
    secure = settings_of(home, MERIDIAN_HTTPS="1", MERIDIAN_TRUST_PROXY="1")
    assert [secure[name] for name in COOKIES] == [True, True, True, ["HTTP_X_FORWARDED_PROTO", "https"]]
    assert secure["SECURE_HSTS_SECONDS"] >= 31_536_000


@pytest.mark.parametrize("keys", ["", "not a key"])
def test_no_command_starts_without_a_key_for_the_vault(home, keys):
    environ = {"DATABASE_URL": "postgresql://ada:hunter2@127.0.0.1/app", "MERIDIAN_VAULT_KEYS": keys}
    done = start(home, "manage.py", "check", **environ)
    assert done.returncode == 1
    assert "MERIDIAN_VAULT_KEYS" in done.stderr
    assert "Fernet.generate_key" in done.stderr
    assert "Traceback" not in done.stderr
    assert STACK_KEY not in done.stderr
    assert "hunter2" not in done.stderr


def test_a_command_starts_with_a_key(home):
    done = start(home, "manage.py", "check", MERIDIAN_VAULT_KEYS=KEY)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", ["DEBUG", "MERIDIAN_HTTPS", "MERIDIAN_DEMO", "DATABASE_KEEP_SECONDS"])
def test_a_setting_that_cannot_be_read_is_named_and_not_repeated(home, name):
    done = start(home, "-c", SHOW, **{name: "hunter2"})
    assert done.returncode == 1
    assert f"ImproperlyConfigured: {name} must be" in done.stderr
    assert "hunter2" not in done.stderr


@pytest.mark.parametrize(
    ("name", "refused"),
    [
        ("TIMESCALE_COMPRESSION_AFTER_DAYS", "0"),
        ("TIMESCALE_RETENTION_DAYS", "1"),
        ("TIMESCALE_RETENTION_DAYS", "forever"),
        ("TIMESCALE_ROLLUP_RETENTION_DAYS", "89"),
    ],
)
def test_days_that_the_history_cannot_keep_are_refused(home, name, refused):
    answer = start(home, "-c", "import config.settings", **{name: refused})
    assert answer.returncode != 0
    assert f"{name} must be a whole number from" in answer.stderr


def test_hours_are_kept_at_least_as_long_as_results(home):
    show = "from config import settings; print(settings.TIMESCALE_ROLLUP_RETENTION_DAYS)"
    assert start(home, "-c", show).stdout.strip() == "730"
    assert start(home, "-c", show, TIMESCALE_RETENTION_DAYS="1000").stdout.strip() == "1000"


@pytest.mark.parametrize(("asked", "pooled"), [(None, True), ("", True), ("1", True), ("0", False)])
def test_the_web_process_shares_a_pool_unless_it_is_told_not_to(asked, pooled):
    environ = {name: value for name, value in os.environ.items() if name != "DATABASE_POOL"}
    script = "import config.asgi; from django.conf import settings as s; print('pool' in s.DATABASES['default']['OPTIONS'])"
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=PROJECT,
        env=environ if asked is None else environ | {"DATABASE_POOL": asked},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == str(pooled)
