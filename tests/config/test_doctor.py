"""`manage.py doctor` says how each part is and what to do, and its exit code says whether something is broken."""

import io
import json
import time

import pytest
from cryptography.fernet import Fernet
from django.core.management import call_command
from django.db import connection as database

from config import doctor, launchdarkly
from config.doctor import State
from config.stack.ports import free_port
from connections import vault
from connections.models import Connection, Region
from probes import broker, heartbeats, queues, switches, tasks, vantages
from probes.models import Vantage
from tests.config.test_health_endpoints import everything_lives, worker_lives
from tests.rigs import servers
from tests.rigs.flags import answered_by, holding
from tests.rigs.ollama import Ollama


def consult(*words: str) -> tuple[int, str]:
    """Its exit code and what it said."""
    said = io.StringIO()
    try:
        call_command("doctor", *words, stdout=said)
    except SystemExit as end:
        return int(str(end.code)), said.getvalue()
    return 0, said.getvalue()


def found(part: str) -> list[tuple[State, str, str]]:
    return [(one.state, one.said, one.do) for one in doctor.PARTS[part]()]


def states(part: str) -> list[State]:
    return [state for state, _, _ in found(part)]


@pytest.fixture
def quiet_outside(settings):
    """Nothing listens where Ollama should."""
    settings.OLLAMA_BASE_URL = f"http://127.0.0.1:{free_port()}"


@pytest.fixture
def no_broker():
    servers.valkey.kill()
    yield
    servers.valkey.start()


@pytest.fixture
def no_database(transactional_db):
    database.close()
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(database.settings_dict, "PORT", free_port())
        yield


def test_every_part_is_looked_at_and_nothing_is_broken(db, quiet_outside):
    everything_lives()
    code, said = consult()
    assert code == 0, said
    assert "■" not in said
    for part in doctor.PARTS:
        assert f" {part} " in said


def test_it_speaks_json_to_programs(db, quiet_outside):
    everything_lives()
    code, said = consult("--json")
    told = json.loads(said)
    assert code == (told["state"] == "broken")
    assert {one["part"] for one in told["parts"]} == set(doctor.PARTS)
    assert {one["state"] for one in told["parts"]} <= {"ok", "watch", "broken"}
    assert all(one["do"] for one in told["parts"] if one["state"] != "ok")


def test_a_queue_without_a_worker_is_broken_and_named(db):
    worker_lives(*queues.queues_of("home"), queues.HOUSEKEEPING, queues.ASSISTANT)
    vantages.note_reaper()
    [missing] = [one for one in found("workers") if one[0] is State.BROKEN]
    assert "record" in missing[1]
    assert "docs/operations.md" in missing[2]
    assert consult()[0] == 1


def test_a_pool_that_was_killed_is_named_and_the_queues_of_its_vantage_are_broken(db):
    everything_lives()
    Vantage.objects.create(code="tokyo")
    sign = {"at": time.time() - 60, "takes": ["probes.tokyo"], "node": "probes@tokyo"}
    broker.client().hset(vantages.KEY, "tokyo:77", json.dumps(sign))
    told = found("workers")
    assert sum("tokyo" in said for state, said, _ in told if state is State.BROKEN) == 2
    [silent] = [said for state, said, _ in told if state is State.WATCH]
    assert silent.startswith("probes@tokyo, process 77 of tokyo, has said nothing since ")


def test_messages_that_wait_for_long_are_worth_a_look(db):
    everything_lives()
    tasks.run_probes.apply_async(args=["job", "token"], queue="probes.home")
    message = json.loads(broker.client().lindex("probes.home", 0))
    message["headers"][heartbeats.PUBLISHED] = time.time() - 300
    broker.client().lset("probes.home", 0, json.dumps(message))
    [watched] = [one for one in found("workers") if one[0] is State.WATCH]
    assert watched[1].startswith("probes.home: 1 messages wait, the first for 300 s")


def test_beat_that_is_away_is_broken():
    assert states("beat") == [State.BROKEN]
    vantages.note_reaper()
    assert states("beat") == [State.OK]


def test_without_the_broker_it_still_looks_at_the_rest(db, no_broker):
    code, said = consult("--json")
    told = {one["part"]: one["state"] for one in json.loads(said)["parts"]}
    assert code == 1
    assert {told[part] for part in ("broker", "persistence", "workers", "beat", "clock")} == {"broken"}
    assert told["database"] == "ok"


def test_without_the_database_it_still_looks_at_the_rest(no_database):
    code, said = consult("--json")
    told = {one["part"]: one["state"] for one in json.loads(said)["parts"]}
    assert code == 1
    assert {told[part] for part in ("database", "migrations", "history", "vault")} == {"broken"}
    assert told["broker"] == "ok"


def test_a_broker_that_keeps_nothing_is_worth_a_look():
    assert states("persistence") == [State.OK]
    broker.client().config_set("appendonly", "no")
    try:
        [(state, said, do)] = found("persistence")
    finally:
        broker.client().config_set("appendonly", "yes")
    assert (state, do) == (State.WATCH, "Set appendonly yes and appendfsync everysec.")
    assert "lost" in said


def test_a_broker_that_forgets_when_it_is_full_is_broken():
    broker.client().config_set("maxmemory", "100mb")
    broker.client().config_set("maxmemory-policy", "allkeys-lru")
    try:
        assert states("persistence") == [State.OK, State.BROKEN]
    finally:
        broker.client().config_set("maxmemory-policy", "noeviction")
        broker.client().config_set("maxmemory", "0")


def test_a_migration_that_waits_is_broken_and_named(db):
    assert states("migrations") == [State.OK]
    with database.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'axes'")
    [(state, said, do)] = found("migrations")
    assert (state, do) == (State.BROKEN, "Run `make db-setup`.")
    assert "axes.0001" in said


def test_plain_postgresql_could_keep_the_history_better(db):
    [(state, said, do)] = found("history")
    assert state is State.WATCH
    assert "without TimescaleDB" in said
    assert "CREATE EXTENSION timescaledb" in do


def test_secrets_of_older_and_of_lost_keys_are_counted(make_connection, settings):
    old, new, lost = (Fernet.generate_key().decode() for _ in range(3))
    for number, key in enumerate((old, new, lost)):
        settings.VAULT_KEYS = [key]
        make_connection(f"no {number}")
    settings.VAULT_KEYS = [new, old]
    told = found("vault")
    assert [state for state, _, _ in told if state is not State.OK].count(State.WATCH) == 1
    [(_, said, do)] = [one for one in told if one[0] is State.BROKEN]
    assert vault.fingerprint(lost) in said
    assert "Put that key back" in do
    assert Connection.objects.count() == 3
    for key in (old, new, lost):
        assert key not in str(told)


def test_a_vault_without_a_key_is_broken(db, settings):
    settings.VAULT_KEYS = []
    [(state, said, _)] = found("vault")
    assert state is State.BROKEN
    assert "MERIDIAN_VAULT_KEYS" in said


@pytest.mark.parametrize(("ahead", "state"), [(0.2, State.OK), (5.0, State.WATCH), (120.0, State.BROKEN)])
def test_clocks_that_differ_are_told(db, monkeypatch, ahead, state):
    now = time.time
    monkeypatch.setattr("config.doctor.broker.time.time", lambda: now() + ahead)
    assert states("clock") == [state, state]


def test_a_file_that_the_browser_lacks_is_broken(settings, tmp_path):
    assert states("assets") == [State.OK]
    settings.STATIC_ROOT = str(tmp_path)
    [(state, _, do)] = found("assets")
    assert (state, do) == (State.BROKEN, "Run `manage.py collectstatic`.")


def test_each_flag_that_cannot_be_believed_is_named(db, make_connection, tmp_path):
    code = "aws-eu-west-1"
    place = {"name": "Ireland", "city": "Dublin", "country": "IE", "latitude": 53, "longitude": -6}
    make_connection(region=Region.objects.get_or_create(code=code, defaults=place)[0])
    wrong = {switches.REFRESH_SECONDS: "often", switches.LOAD_TESTING: 1, switches.of_region(code): "yes"}
    with holding(tmp_path / "flags.json", wrong | {switches.CHATBOT: False}):
        told = found("flags")
    assert [state for state, _, _ in told] == [State.WATCH] * 3
    for key, instead in zip(wrong, ("60", "off", "on"), strict=True):
        [said] = [said for _, said, _ in told if said.startswith(f"{key} ")]
        assert said.endswith(f"Instead it is {instead}.")


def test_flags_that_can_be_believed_are_fine(db, tmp_path):
    assert states("flags") == [State.OK]
    with holding(tmp_path / "flags.json", {switches.REFRESH_SECONDS: 30}):
        assert states("flags") == [State.OK]


def test_a_source_of_flags_that_cannot_answer_is_told_once(db, tmp_path, capfd):
    with answered_by(launchdarkly.from_file(tmp_path / "flags.json")):
        [(state, said, _)] = found("flags")
    assert state is State.WATCH
    assert "The source of flags (FLAGS_FILE) cannot answer" in said


def test_ollama_that_is_away_is_no_fault_of_ours(settings, quiet_outside):
    [(state, _, do)] = found("assistant")
    assert state is State.WATCH
    assert "OLLAMA_BASE_URL" in do
    settings.CHAT_ENABLED = False
    assert states("assistant") == [State.OK]


def test_settings_that_others_should_not_meet_are_told(settings):
    settings.DEBUG = True
    assert states("settings") == [State.WATCH]
    settings.DEBUG = False
    settings.ALLOWED_HOSTS = ["localhost"]
    assert states("settings") == [State.OK]
    settings.ALLOWED_HOSTS = ["meridian.example.org"]
    assert "SECURE_SSL_REDIRECT" in str(found("settings"))


def test_no_secret_is_ever_said(db, settings, no_broker):
    _, said = consult()
    for secret in (settings.SECRET_KEY, *settings.VAULT_KEYS, servers.postgres.url(), servers.valkey.url):
        assert secret not in said


def test_a_model_without_a_tag_is_the_latest(settings):
    settings.OLLAMA_MODEL = "mistral"
    for there, state in (("mistral:latest", State.OK), ("mistral:7b", State.WATCH)):
        with Ollama(models={there: 4_000_000_000}) as server:
            settings.OLLAMA_BASE_URL = server.url
            assert states("assistant") == [state]
