"""Makes the secrets that docker-compose.yml mounts, once: those that exist are kept.

    python3 deploy/make_secrets.py [FOLDER]

Needs nothing but Python. The folder is closed to others; the files in it are readable, because the containers read them
as accounts of their own.
"""

import base64
import os
import secrets
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

FOLDER = Path("secrets")


def made() -> Mapping[str, Callable[[Path], str]]:
    """By file: how its content is made, where the others already are."""
    return {
        "postgres_password": lambda _: secrets.token_urlsafe(24),
        "valkey_password": lambda _: secrets.token_urlsafe(24),
        "secret_key": lambda _: secrets.token_urlsafe(50),
        "vault_keys": lambda _: base64.urlsafe_b64encode(os.urandom(32)).decode(),
        "admin_password": lambda _: secrets.token_urlsafe(12),
        "metrics_token": lambda _: secrets.token_urlsafe(24),
        "database_url": lambda folder: (
            f"postgresql://meridian:{(folder / 'postgres_password').read_text()}@postgres:5432/meridian"
        ),
        "redis_url": lambda folder: f"redis://:{(folder / 'valkey_password').read_text()}@valkey:6379/0",
        "launchdarkly_sdk_key": lambda _: "",
    }


def make(folder: Path) -> list[str]:
    """The names of the files that were missing."""
    folder.mkdir(mode=0o700, exist_ok=True)
    new = []
    for name, content in made().items():
        path = folder / name
        if not path.exists():
            path.write_text(content(folder))
            path.chmod(0o444)
            new.append(name)
    return new


if __name__ == "__main__":
    chosen = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    print(f"Made in {chosen}: {', '.join(make(chosen)) or 'nothing, all were there'}")  # noqa: T201
