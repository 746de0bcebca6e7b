"""initdb: makes the files of an embedded PostgreSQL, whole or not at all."""

import shutil
import subprocess
from pathlib import Path

from config.stack.errors import StackError
from config.stack.privilege import Account, identity, own_file
from config.stack.process import SERVER_ENVIRONMENT


def make_cluster(
    initdb: Path, cluster: Path, *, superuser: str, password: str, account: Account | None
) -> None:
    """Create `cluster` (its parent belongs to `account`). Raises StackError with initdb's own words."""
    draft = cluster.with_name(cluster.name + ".new")
    shutil.rmtree(draft, ignore_errors=True)
    password_file = cluster.with_name("initdb.password")
    own_file(password_file, password.encode(), account)
    made = subprocess.run(
        [
            str(initdb),
            *("--pgdata", str(draft), "--username", superuser, "--pwfile", str(password_file)),
            *("--auth", "scram-sha-256", "--encoding", "UTF8", "--data-checksums", "--no-instructions"),
            # The same order of text on every machine, whatever locales it has.
            *("--locale", "C", "--locale-provider", "builtin", "--builtin-locale", "C.UTF-8"),
        ],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        cwd="/",
        env=SERVER_ENVIRONMENT,
        **identity(account),
    )
    password_file.unlink()
    if made.returncode != 0:
        complaints = [line for line in made.stderr.splitlines() if "error" in line or "could not" in line]
        raise StackError(f"initdb failed: {complaints[0] if complaints else made.stderr.strip()[-200:]}")
    draft.rename(cluster)
