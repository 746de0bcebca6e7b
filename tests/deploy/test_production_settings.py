"""Django's own deployment checks have nothing to say with the variables of production, and something without them."""

import os
import secrets
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
PRODUCTION = {
    "DATABASE_URL": "postgresql://meridian:x@127.0.0.1:1/meridian",
    "REDIS_URL": "redis://127.0.0.1:1/0",
    "SECRET_KEY": secrets.token_urlsafe(50),
    "MERIDIAN_VAULT_KEYS": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
    "MERIDIAN_HTTPS": "1",
    "MERIDIAN_TRUST_PROXY": "1",
    "ALLOWED_HOSTS": "meridian.example.org",
    "CSRF_TRUSTED_ORIGINS": "https://meridian.example.org",
}
SHOW = """
from config import settings as s
print(s.SECURE_PROXY_SSL_HEADER, s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE, s.SECURE_SSL_REDIRECT, s.ALLOWED_HOSTS)
print(s.WHITENOISE_USE_FINDERS, s.DEBUG)
"""


def run(*words: str, **changed: str) -> subprocess.CompletedProcess[str]:
    environ = {"PATH": os.environ["PATH"], "MERIDIAN_HOME": "/nonexistent", **PRODUCTION, **changed}
    return subprocess.run(
        [sys.executable, *words], cwd=PROJECT, env=environ, capture_output=True, text=True, timeout=60
    )


def check(**changed: str) -> subprocess.CompletedProcess[str]:
    return run("manage.py", "check", "--deploy", "--fail-level", "WARNING", **changed)


def test_the_variables_of_production_leave_nothing_to_say():
    done = check()
    assert done.returncode == 0, done.stderr


def test_without_https_it_says_what_is_missing():
    done = check(MERIDIAN_HTTPS="0")
    assert done.returncode == 1
    assert "SECURE_SSL_REDIRECT" in done.stderr


def test_cookies_redirects_and_the_proxy_are_set():
    done = run("-c", SHOW, STATIC_ROOT="/nonexistent/collected")
    assert done.stdout.splitlines() == [
        "('HTTP_X_FORWARDED_PROTO', 'https') True True True ['meridian.example.org']",
        "False False",
    ], done.stderr


def test_an_image_that_left_out_the_sources_of_its_files_is_complete():
    assert check(STATIC_ROOT="/nonexistent/collected").returncode == 0
