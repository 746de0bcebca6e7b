"""Patients: a server of each version, a replica, a pooler, and users who may see much or little."""

import asyncio
import os
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
import uvloop

from probes.engine.endpoint import Endpoint
from probes.engine.health import probe_health
from probes.engine.outcome import Outcome
from tests.probes.engine.conftest import PASSWORD, at, make_cluster
from tests.rigs import replica
from tests.rigs.pgbouncer import PgBouncer, program
from tests.rigs.postgres import SUPERUSER, SUPERUSER_PASSWORD, Cluster
from tests.rigs.replica import Replica

STRANGER, WATCHER = "stranger", "watcher"
"""A user that may only connect, and one in pg_monitor."""

USERS = {SUPERUSER: SUPERUSER_PASSWORD, STRANGER: PASSWORD, WATCHER: PASSWORD}

HBA = ("host all all 127.0.0.1/32 scram-sha-256", replica.HBA)

SETTINGS = {"shared_preload_libraries": "pg_stat_statements", "wal_level": "replica", "max_connections": "60"}

SET_UP = (
    f"CREATE ROLE {STRANGER} LOGIN PASSWORD '{PASSWORD}'",
    f"CREATE ROLE {WATCHER} LOGIN PASSWORD '{PASSWORD}' IN ROLE pg_monitor",
    "CREATE EXTENSION pg_stat_statements",
)


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """The loop that probes run on; that connecting works on another too is tested where connecting is."""
    return {"uvloop": uvloop.new_event_loop}


class Ward:
    """The servers of a test session, each started when it is first asked for."""

    def __init__(self) -> None:
        self._running: dict[int, Cluster] = {}
        self._primary: Cluster | None = None
        self._replica: Replica | None = None
        self._pooler: PgBouncer | None = None

    def get(self, major: int) -> Cluster:
        if major not in self._running:
            self._running[major] = _admit(major)
        return self._running[major]

    def primary(self) -> Cluster:
        """A server that only `replica` follows, so that no other has replicas."""
        if self._primary is None:
            self._primary = _admit(17)
        return self._primary

    def replica(self) -> Replica:
        if self._replica is None:
            primary = self.primary()
            self._replica = Replica(primary.programs, primary=primary)
            self._replica.start({**SETTINGS, "wal_retrieve_retry_interval": "100ms"})
        return self._replica

    def pooler(self) -> PgBouncer:
        if program() is None:
            if os.environ.get("CI"):
                pytest.fail("PgBouncer is not installed, and the tests that need it may not be skipped here")
            pytest.skip("PgBouncer is not installed on this machine")
        if self._pooler is None:
            self._pooler = PgBouncer(self.get(17), USERS)
            self._pooler.start()
        return self._pooler

    def close(self) -> None:
        if self._pooler is not None:
            self._pooler.stop()
        for cluster in (self._replica, self._primary, *self._running.values()):
            if cluster is not None:
                cluster.remove()


def _admit(major: int) -> Cluster:
    cluster = make_cluster(major)
    cluster.hba(*HBA)
    cluster.start(SETTINGS)
    cluster.sql(*SET_UP)
    return cluster


@pytest.fixture(scope="session")
def ward() -> Iterator[Ward]:
    opened = Ward()
    yield opened
    opened.close()


@pytest.fixture(params=[15, 17, 18], ids="postgresql-{}".format)
def any_patient(request, ward: Ward) -> Cluster:
    return ward.get(request.param)


@pytest.fixture
def patient(ward: Ward) -> Cluster:
    return ward.get(17)


@pytest.fixture
def own_database(patient: Cluster, request) -> Iterator[str]:
    """A database on ``patient`` that this test alone uses."""
    name = f"own_{abs(hash(request.node.nodeid)):x}"
    patient.sql(f"CREATE DATABASE {name}")
    yield name
    patient.sql(f"DROP DATABASE {name} WITH (FORCE)")


async def examined(port: int, user: str = SUPERUSER, **options: Any) -> Outcome:
    """The outcome of a health probe on this port; ``seconds`` is its deadline, the rest are endpoint fields."""
    seconds = options.pop("seconds", 20.0)
    return await probe_health(patient_at(port, user, **options), seconds=seconds)


def patient_at(port: int, user: str = SUPERUSER, **fields: Any) -> Endpoint:
    password = USERS.get(user, PASSWORD)
    return at(port, **{"user": user, "password": password, "connect_timeout": 10.0, **fields})


def checks_of(outcome: Outcome) -> dict[str, dict[str, Any]]:
    """The checks by key."""
    assert outcome.failure is None, outcome.failure
    return {check["key"]: check for check in outcome.detail["checks"]}
