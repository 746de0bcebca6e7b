"""Who runs the servers, and where that account can reach.

PostgreSQL refuses to run as root, so root's servers run as an unprivileged account. That account
cannot enter a folder such as /root or one made by `mktemp -d`; what it needs is then kept below
`SHELTER` instead.
"""

import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from config.stack.errors import StackError

SHELTER = Path("/var/lib/meridian")


@dataclass(frozen=True, kw_only=True)
class Account:
    name: str
    uid: int
    gid: int


def server_account(data: Path | None = None) -> Account | None:
    """The account for servers that keep their files in `data`; None means "as ourselves".

    Data that already belongs to somebody else than root keeps its owner.
    """
    if os.geteuid() != 0:
        return None
    if data is not None and data.exists() and (owner := data.stat().st_uid) != 0:
        try:
            entry = pwd.getpwuid(owner)
        except KeyError:
            return Account(name=str(owner), uid=owner, gid=data.stat().st_gid)
    else:
        entry = pwd.getpwnam("nobody")
    return Account(name=entry.pw_name, uid=entry.pw_uid, gid=entry.pw_gid)


def identity(account: Account | None) -> dict[str, Any]:
    """The keyword arguments of `subprocess` that run a child as the account."""
    if account is None:
        return {}
    return {"user": account.uid, "group": account.gid, "extra_groups": []}


def can_use(account: Account | None, path: Path) -> bool:
    """Whether the account may enter the folder or run the file at `path`: asked by trying."""
    if account is None:
        return os.access(path, os.X_OK)
    tried = subprocess.run(
        ["/bin/sh", "-c", 'test -x "$1"', "sh", str(path)],
        cwd="/",
        **identity(account),
    )
    return tried.returncode == 0


def own_folder(path: Path, account: Account | None) -> None:
    """Make `path` a folder that only its server may read. Raises StackError when somebody else owns it."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        if account is not None:
            os.chown(path, account.uid, account.gid)
        path.chmod(0o700)
    except PermissionError as error:
        raise StackError(
            f"{path} belongs to another user; run as that user or set MERIDIAN_HOME to another folder"
        ) from error


def own_file(path: Path, content: bytes, account: Account | None) -> None:
    """Write a file that only the server may read, whole or not at all."""
    draft = path.with_name(path.name + ".new")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        if account is not None:
            os.fchown(file.fileno(), account.uid, account.gid)
    draft.replace(path)


def data_folder(home: Path, key: str) -> Path:
    """Where the servers of this home keep their data: in it, or in a folder of SHELTER named by `key`
    when root's server account cannot reach it. Data that exists stays where it is.

    Raises StackError when the data is in the home and the account can no longer get there.
    """
    shelter = SHELTER / key
    account = server_account()
    if account is None or (not shelter.exists() and can_use(account, home)):
        return home
    if (home / "postgres").exists():
        raise StackError(
            f"The account {account.name} can no longer enter {home}; allow it, or move the folder"
        )
    shelter.mkdir(parents=True, exist_ok=True)
    # Traversable, whatever the umask was.
    for folder in (SHELTER, shelter):
        folder.chmod(0o755)
    return shelter


def runnable(package: Path, program: str, version: str, account: Account | None) -> Path:
    """The path of `program` (relative to `package`) that the account can run.

    A package that it cannot reach is copied below SHELTER once per version; the copy belongs to
    root, so that a server cannot change its own program.
    """
    if account is None or can_use(account, package / program):
        return package / program
    copy = SHELTER / "programs" / f"{package.name}-{version}"
    if not (copy / program).exists():
        _copy(package, copy)
    return copy / program


def _copy(package: Path, copy: Path) -> None:
    draft = copy.with_name(f"{copy.name}.{os.getpid()}")
    shutil.copytree(package, draft, symlinks=True)
    for folder in (SHELTER, SHELTER / "programs", draft, *(p for p in draft.rglob("*") if p.is_dir())):
        folder.chmod(0o755)
    try:
        draft.rename(copy)
    except OSError:
        # Another process copied the same version in the meantime.
        shutil.rmtree(draft)
