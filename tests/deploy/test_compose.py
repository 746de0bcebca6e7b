"""docker-compose.yml, as far as it can be checked without a container engine: the structure that the Compose
specification asks for, commands that are those of `up`, variables that something reads, secrets that exist."""

import re
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from config.stack import parts
from tests.rigs.variables import read_anywhere

PROJECT = Path(__file__).resolve().parents[2]
TEXT = (PROJECT / "docker-compose.yml").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, Any] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if "build" in service}
SERVERS = {name: service for name, service in SERVICES.items() if "build" not in service}
JOBS = {"migrate", "ollama-owner", "ollama-model"}
SPECIFIED = {
    *("build", "cap_add", "cap_drop", "command", "depends_on", "deploy", "entrypoint", "env_file"),
    *("environment", "healthcheck", "image", "logging", "network_mode", "ports", "profiles", "read_only"),
    *("restart", "secrets", "security_opt", "shm_size", "stop_grace_period", "tmpfs", "user", "volumes"),
}
"""The service attributes of the Compose specification that this file uses."""
READ = read_anywhere()
SET_ELSEWHERE = {
    # The image says them.
    *("HOST", "STATIC_ROOT", "MERIDIAN_HOME"),
    # Compose publishes it; inside it is always 8000.
    "PORT",
    # For development only.
    "DEBUG",
    # From secrets/aiven.env.
    "AIVEN_PG_<REGION>",
}
"""What this file passes on to no process under its own name."""
DURATION = re.compile(r"(\d+(\.\d+)?(us|ms|s|m|h))+")


def with_defaults(text: str) -> str:
    """What Compose makes of ``${NAME:-default}`` when nothing is set, and of ``$$``."""
    return re.sub(r"\$\{[A-Z_]+:-([^}]*)\}", r"\1", text).replace("$$", "$")


def passed_on_to(service: dict[str, Any]) -> set[str]:
    """The variables that a service is given, each as itself or in a file."""
    return {name if name in READ else name.removesuffix("_FILE") for name in service["environment"]}


def test_every_service_has_only_attributes_that_the_specification_knows():
    assert set(COMPOSE) - {"name", "services", "volumes", "secrets"} == {
        key for key in COMPOSE if key.startswith("x-")
    }
    for name, service in SERVICES.items():
        assert set(service) <= SPECIFIED, name
        assert set(service.get("healthcheck", {})) <= {
            "test",
            "interval",
            "timeout",
            "retries",
            "start_period",
        }
        assert set(service["deploy"]["resources"]["limits"]) == {"cpus", "memory"}
        assert all(isinstance(word, str) for word in service.get("command", [])), name
        assert all(isinstance(value, str) for value in service.get("environment", {}).values()), name


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_limited_restarted_and_not_root(name):
    service = SERVICES[name]
    limits = service["deploy"]["resources"]["limits"]
    assert float(limits["cpus"]) > 0
    assert re.fullmatch(r"\d+[mg]", limits["memory"])
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["logging"]["options"]["max-size"]
    if name == "ollama-owner":
        # Its only step is to give a folder away.
        assert service["cap_add"] == ["CHOWN"]
        assert service["network_mode"] == "none"
    else:
        assert "cap_add" not in service
        assert service.get("user", "meridian") not in {"root", "0"}
    assert service["restart"] == ("unless-stopped" if name not in JOBS else service["restart"])


@pytest.mark.parametrize("name", sorted(set(SERVICES) - JOBS))
def test_a_service_that_goes_on_has_a_health_check(name):
    check = SERVICES[name]["healthcheck"]
    assert check["test"][0] in {"CMD", "CMD-SHELL"}
    assert DURATION.fullmatch(check["interval"])
    assert DURATION.fullmatch(check["timeout"])


def test_what_a_service_waits_for_is_there_and_can_come_true():
    for service in SERVICES.values():
        for other, how in service.get("depends_on", {}).items():
            condition = how["condition"]
            assert condition in {"service_healthy", "service_completed_successfully"}
            assert condition != "service_healthy" or "healthcheck" in SERVICES[other]
            assert condition != "service_completed_successfully" or other in JOBS
            optional = "profiles" in SERVICES[other] and SERVICES[other]["profiles"] != service.get(
                "profiles"
            )
            assert how.get("required", True) is not optional


def test_the_profiles_are_postgres_and_ollama():
    by_profile = {name: service.get("profiles") for name, service in SERVICES.items()}
    assert by_profile["postgres"] == ["postgres"]
    assert {name for name, given in by_profile.items() if given == ["ollama"]} == {
        "ollama",
        "ollama-owner",
        "ollama-model",
    }
    assert all(by_profile[name] is None for name in (*OURS, "valkey"))


def test_images_are_pinned_and_name_no_host():
    for name, service in SERVERS.items():
        image, _, tag = service["image"].partition(":")
        assert re.fullmatch(r"[a-z]+/[a-z]+", image), name
        assert re.match(r"\d+\.\d+\.\d+", tag), name
    assert {service["image"] for service in OURS.values()} == {"meridian:${MERIDIAN_VERSION:-latest}"}


def test_each_process_is_started_as_up_starts_it():
    wanted = {"migrate": parts.prepare({}).command[1:]}
    wanted["web"] = ["manage.py", "serve"]
    for part in parts.workers("home", {}):
        words = part.command[1:]
        wanted[part.name] = words[2:] if words[0] == "-W" else words
    assert {
        name: [with_defaults(word) for word in one["command"][1:]] for name, one in OURS.items()
    } == wanted
    assert all(service["command"][0] == "python" for service in OURS.values())


def test_a_pool_that_probes_is_given_neither_database_nor_keys_that_it_does_not_need():
    for name in ("probes", "load"):
        # Flags are asked again where the probe runs.
        assert set(OURS[name]["secrets"]) == {"redis_url", "vault_keys", "launchdarkly_sdk_key"}
        assert not {"DATABASE_URL_FILE", "SECRET_KEY_FILE"} & set(OURS[name]["environment"])


def test_every_variable_that_is_set_is_one_that_something_reads():
    known = READ | {"FORWARDED_ALLOW_IPS"}
    for name, service in OURS.items():
        assert passed_on_to(service) <= known, name


def test_every_variable_that_is_read_can_be_set():
    assert READ - set().union(*map(passed_on_to, OURS.values())) == SET_ELSEWHERE
    assert OURS["migrate"]["env_file"] == [{"path": "./secrets/aiven.env", "required": False}]
    for name, service in OURS.items():
        # What nobody sets becomes an empty variable, which counts as unset.
        for variable, value in service["environment"].items():
            given = re.fullmatch(r"\$\{([A-Z_]+):-.*\}", value)
            assert not given or given[1] == variable, name


def test_every_secret_is_a_file_that_is_mounted_where_it_is_named():
    named = set()
    for name, service in SERVICES.items():
        values = service.get("environment", {}).values()
        files = {value.removeprefix("/run/secrets/") for value in values if value.startswith("/run/secrets/")}
        words = re.findall(r"/run/secrets/(\w+)", " ".join(service.get("command", [])))
        assert files | set(words) == set(service.get("secrets", [])), name
        named |= set(service.get("secrets", []))
    assert named == set(COMPOSE["secrets"])
    for name, secret in COMPOSE["secrets"].items():
        assert secret == {"file": f"./secrets/{name}"}


def test_no_secret_is_in_the_file_itself():
    for variable in re.findall(
        r"([A-Z_]*(?:PASSWORD|KEYS?|TOKEN|URL))(?:_FILE)?: (?!/run/secrets|\$\{\w+:-\}$)(.+)",
        TEXT,
        re.MULTILINE,
    ):
        assert variable[0] in {"OLLAMA_BASE_URL"}, variable


def test_the_secrets_are_made_once_and_fit_each_other(tmp_path):
    command = [sys.executable, "deploy/make_secrets.py", str(tmp_path / "secrets")]
    first = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True).stdout
    made = {path.name: path.read_text() for path in (tmp_path / "secrets").iterdir()}
    assert set(made) == set(COMPOSE["secrets"])
    assert made["postgres_password"] in made["database_url"]
    assert made["valkey_password"] in made["redis_url"]
    assert not any(value and value in first for value in made.values())
    assert stat.S_IMODE((tmp_path / "secrets").stat().st_mode) == 0o700
    (tmp_path / "secrets" / "admin_password").unlink()
    again = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True).stdout
    assert again.strip().endswith(": admin_password")
    kept = {path.name: path.read_text() for path in (tmp_path / "secrets").iterdir()}
    assert {name for name in made if made[name] != kept[name]} == {"admin_password"}


def test_the_secrets_are_never_committed():
    assert "secrets/" in (PROJECT / ".gitignore").read_text().split()
    assert "secrets" not in (PROJECT / ".dockerignore").read_text()
