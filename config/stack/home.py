"""MERIDIAN_HOME: the folder in which the embedded stack keeps its state, and one `up` at a time.

`stack.json` (mode 0600) holds the keys, which are made once, the ports, which are kept as long as
nobody else takes them, and the URLs of the running servers, from which `config.settings` in another
terminal finds them.
"""

import fcntl
import json
import os
import secrets
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from cryptography.fernet import Fernet

from config.stack.errors import StackError
from config.stack.ports import free_port, is_free
from config.stack.privilege import own_file

NEEDED_SPACE = 300 * 1024 * 1024
"""Bytes that a first start has to find free."""

_WAIT = 20.0


@dataclass(kw_only=True)
class State:
    """What `stack.json` holds. An empty URL means that the embedded server is not used."""

    key: str = field(default_factory=lambda: secrets.token_hex(6))
    secret_key: str = field(default_factory=lambda: secrets.token_urlsafe(50))
    vault_keys: str = field(default_factory=lambda: Fernet.generate_key().decode())
    database_url: str = ""
    redis_url: str = ""
    ports: dict[str, int] = field(default_factory=dict)


class Home:
    def __init__(self, folder: Path) -> None:
        """Create the folder if need be and read its state. Raises StackError with the reason."""
        self.folder = folder
        try:
            if not folder.exists():
                folder.mkdir(parents=True)
                # The servers' account has to pass through; the files in it are closed to it.
                folder.chmod(0o711)
            self.state = self._read()
        except PermissionError as error:
            raise StackError(
                f"{error.filename or folder} belongs to another user; run as that user or set MERIDIAN_HOME"
            ) from error
        except (FileExistsError, NotADirectoryError) as error:
            raise StackError(f"MERIDIAN_HOME {folder} is not a folder") from error

    def save(self) -> None:
        own_file(self.folder / "stack.json", json.dumps(asdict(self.state), indent=1).encode(), None)

    def port(self, name: str) -> int:
        """The port of this name: the one of the last start, or a new one when that is taken."""
        kept = self.state.ports.get(name)
        if kept is None or not is_free(kept):
            self.state.ports[name] = free_port()
        return self.state.ports[name]

    @contextmanager
    def lock(self, say: Callable[[str], None]) -> Iterator[int]:
        """Hold the home for this process; gives the lock's file descriptor.

        Raises StackError when another `up` runs on this home. Parts of one that was killed are still
        being ended when its lock outlives it: that is waited for.
        """
        descriptor = os.open(self.folder / "up.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            _acquire(descriptor, self.folder, say)
            os.truncate(descriptor, 0)
            os.pwrite(descriptor, str(os.getpid()).encode(), 0)
            yield descriptor
        finally:
            os.close(descriptor)

    def _read(self) -> State:
        path = self.folder / "stack.json"
        try:
            kept = json.loads(path.read_bytes())
            return State(**kept)
        except FileNotFoundError:
            return State()
        except (ValueError, TypeError) as error:
            # Making new keys would leave every sealed password unreadable.
            raise StackError(f"{path} is damaged; restore it or remove {self.folder}") from error


def holder(folder: Path) -> str:
    """The process id of the `up` that runs on this home; "" when none does."""
    try:
        with (folder / "up.lock").open() as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return (folder / "up.lock").read_text()
    except OSError:
        pass
    return ""


def check_space(folder: Path) -> None:
    free = shutil.disk_usage(folder).free
    if free < NEEDED_SPACE:
        raise StackError(
            f"Only {free // 1024**2} MB are free at {folder}; Meridian needs {NEEDED_SPACE // 1024**2} MB"
        )


def _acquire(descriptor: int, folder: Path, say: Callable[[str], None]) -> None:
    deadline = time.monotonic() + _WAIT
    told = False
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError as error:
            holder = os.pread(descriptor, 20, 0).decode()
            if not holder or _lives(int(holder)) or time.monotonic() > deadline:
                raise StackError(f"Meridian is already running on {folder} (process {holder})") from error
        if not told:
            say("Waiting for the parts of the last start to end")
            told = True
        time.sleep(0.1)


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
