"""`manage.py serve` becomes the very web process that `up` starts, wherever it is started from."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from config.stack import parts
from config.stack.ports import free_port
from tests.config.stack.conftest import eventually

PROJECT = Path(__file__).resolve().parents[2]


def listens(port: int) -> bool:
    with socket.socket() as tried:
        return tried.connect_ex(("127.0.0.1", port)) == 0


@pytest.mark.parametrize("given", [{}, {"MERIDIAN_TRUST_PROXY": "1"}, {"MERIDIAN_TRUST_PROXY": "True"}])
def test_it_becomes_the_process_that_up_starts(given, tmp_path):
    port = free_port()
    environ = {name: value for name, value in os.environ.items() if name != "HOST"}
    with subprocess.Popen(
        [sys.executable, PROJECT / "manage.py", "serve"],
        cwd=tmp_path,
        env=environ | {"PORT": str(port)} | given,
    ) as process:
        try:
            assert eventually(lambda: listens(port))
            words = Path(f"/proc/{process.pid}/cmdline").read_text().split("\0")[:-1]
        finally:
            process.terminate()
    assert words == parts.web("127.0.0.1", port, given, reload=False).command
    assert ("--no-proxy-headers" in words) == (not given)
