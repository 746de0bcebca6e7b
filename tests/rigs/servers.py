"""A real PostgreSQL and a real Valkey for each test process, started before Django reads its settings.

Loaded as a plugin (``-p tests.rigs.servers``): pytest-django asks for the settings before any conftest is read.
"""

import os
import shutil
import tempfile
from pathlib import Path

from config.stack.ports import free_port
from config.stack.postgres import Postgres
from config.stack.valkey import Valkey

FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_connections": "60"}
VAULT_KEY = "dGVzdHMtb25seS1rZXktb2YtMzItYnl0ZXMtbG9uZyE="

_folder = Path(tempfile.mkdtemp(prefix="meridian-tests-"))
_folder.chmod(0o755)
postgres = Postgres(_folder / "postgres", free_port(), settings=FAST)
valkey = Valkey(_folder / "valkey", free_port())


def pytest_unconfigure() -> None:
    valkey.stop()
    postgres.stop()
    shutil.rmtree(_folder, ignore_errors=True)


try:
    postgres.start()
    valkey.start()
except BaseException:
    pytest_unconfigure()
    raise

os.environ.update(
    DATABASE_URL=postgres.url(),
    DATABASE_POOL="0",
    DATABASE_KEEP_SECONDS="0",
    REDIS_URL=valkey.url,
    SECRET_KEY="tests-only",
    MERIDIAN_VAULT_KEYS=VAULT_KEY,
    MERIDIAN_HOME=str(_folder / "home"),
)
