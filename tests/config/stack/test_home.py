import json
import os
import socket
import subprocess
import sys

import pytest

from config.stack import home as home_module
from config.stack.errors import StackError
from config.stack.home import Home, check_space


def test_keys_are_made_once_and_closed_to_others(folder):
    first = Home(folder / "home")
    first.save()
    again = Home(folder / "home")
    assert again.state == first.state
    assert first.state.secret_key
    assert (folder / "home" / "stack.json").stat().st_mode & 0o777 == 0o600


def test_a_port_is_kept_until_another_program_takes_it(folder):
    home = Home(folder)
    kept = home.port("postgres")
    assert home.port("postgres") == kept
    with socket.create_server(("127.0.0.1", kept)):
        assert home.port("postgres") != kept


def test_a_damaged_state_is_not_replaced_by_new_keys(folder):
    (folder / "stack.json").write_text('{"secret_key": "half a li')
    with pytest.raises(StackError, match=r"stack\.json is damaged"):
        Home(folder)
    assert (folder / "stack.json").read_text().endswith("half a li")


def test_a_second_up_on_one_home_says_so(folder):
    home = Home(folder)
    with (
        home.lock(print),
        pytest.raises(StackError, match=rf"already running on {folder} \(process {os.getpid()}\)"),
        Home(folder).lock(print),
    ):
        pass
    with home.lock(print):
        pass


def test_a_lock_that_outlives_its_process_is_waited_for(folder):
    script = (
        "import fcntl, os, sys, subprocess\n"
        "lock = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT); fcntl.flock(lock, fcntl.LOCK_EX)\n"
        "os.write(lock, str(os.getpid()).encode())\n"
        "subprocess.Popen(['sleep', '1'], pass_fds=[lock])\n"
    )
    subprocess.run([sys.executable, "-W", "ignore", "-c", script, folder / "up.lock"], check=True)
    said: list[str] = []
    with Home(folder).lock(said.append):
        assert said == ["Waiting for the parts of the last start to end"]


def test_a_home_that_is_a_file_is_said_in_one_line(folder):
    (folder / "home").write_text("")
    with pytest.raises(StackError, match="is not a folder"):
        Home(folder / "home")


def test_a_disk_without_space_is_said_in_one_line(folder, monkeypatch):
    monkeypatch.setattr(home_module, "NEEDED_SPACE", 2**62)
    with pytest.raises(StackError, match=r"^Only \d+ MB are free at .*; Meridian needs \d+ MB$"):
        check_space(folder)


def test_the_state_is_what_settings_read(folder):
    home = Home(folder)
    home.state.database_url = "postgresql://meridian:secret@127.0.0.1:20001/meridian"
    home.save()
    kept = json.loads((folder / "stack.json").read_text())
    assert {"database_url", "redis_url", "secret_key", "vault_keys"} <= kept.keys()
