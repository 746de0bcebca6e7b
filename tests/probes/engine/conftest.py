import asyncio
from collections.abc import Callable, Iterator, Mapping

import pytest
import uvloop

from probes.engine.endpoint import Endpoint
from tests.rigs.certificates import Authority, Pair
from tests.rigs.postgres import SUPERUSER, SUPERUSER_PASSWORD, Cluster, bin_dir

PASSWORD = "pencil"

BUILT_WITHOUT_TLS = {18}

HBA = (
    "hostssl all certified 127.0.0.1/32 cert",
    "hostssl all encrypted 127.0.0.1/32 scram-sha-256",
    "hostnossl all unencrypted 127.0.0.1/32 scram-sha-256",
    "host all banned 127.0.0.1/32 reject",
    "host all clear 127.0.0.1/32 password",
    "host all old 127.0.0.1/32 md5",
    "host all trusted 127.0.0.1/32 trust",
    "host all absent 127.0.0.1/32 trust",
    "hostnossl all nowhere 127.0.0.1/32 reject",
    "hostssl all nowhere 127.0.0.1/32 reject",
    "host all postgres,ada,walled,limited 127.0.0.1/32 scram-sha-256",
)

ROLES = ("ada", "certified", "encrypted", "unencrypted", "banned", "clear", "trusted", "walled", "nowhere")

SET_UP = (
    *(f"CREATE ROLE {role} LOGIN PASSWORD '{PASSWORD}'" for role in ROLES),
    f"CREATE ROLE limited LOGIN PASSWORD '{PASSWORD}' CONNECTION LIMIT 0",
    "SET password_encryption = 'md5'",
    f"CREATE ROLE old LOGIN PASSWORD '{PASSWORD}'",
    "CREATE DATABASE closed ALLOW_CONNECTIONS false",
    "CREATE DATABASE walled",
    "REVOKE CONNECT ON DATABASE walled FROM public",
)


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    return {"uvloop": uvloop.new_event_loop, "asyncio": asyncio.new_event_loop}


@pytest.fixture(scope="session")
def authority() -> Authority:
    return Authority()


@pytest.fixture(scope="session")
def server_certificate(authority: Authority) -> Pair:
    return authority.issue("server", hosts=["localhost", "127.0.0.1"])


def make_cluster(major: int) -> Cluster:
    programs = bin_dir(major)
    if programs is None:
        pytest.skip(f"PostgreSQL {major} is not installed on this machine")
    return Cluster(programs)


def tls_settings(cluster: Cluster, authority: Authority, pair: Pair) -> dict[str, str]:
    return {
        "ssl": "on",
        "ssl_cert_file": str(cluster.write("server.crt", pair.certificate)),
        "ssl_key_file": str(cluster.write("server.key", pair.key)),
        "ssl_ca_file": str(cluster.write("root.crt", authority.certificate)),
    }


class Servers:
    """The servers of a test session, each started when it is first asked for."""

    def __init__(self, authority: Authority, certificate: Pair) -> None:
        self._authority = authority
        self._certificate = certificate
        self._running: dict[tuple[int, bool], Cluster] = {}

    def get(self, major: int, *, tls: bool) -> Cluster:
        if (major, tls) not in self._running:
            cluster = self._running[major, tls] = make_cluster(major)
            cluster.hba(*(line for line in HBA if tls or not line.startswith("hostssl")))
            cluster.start(tls_settings(cluster, self._authority, self._certificate) if tls else None)
            cluster.sql(*SET_UP)
        return self._running[major, tls]

    def remove(self) -> None:
        for cluster in self._running.values():
            cluster.remove()


@pytest.fixture(scope="session")
def servers(authority: Authority, server_certificate: Pair) -> Iterator[Servers]:
    started = Servers(authority, server_certificate)
    yield started
    started.remove()


@pytest.fixture(params=[15, 17, 18], ids="postgresql-{}".format)
def any_version(request, servers: Servers) -> Cluster:
    """A server of each version that this machine has, with TLS unless it was built without."""
    return servers.get(request.param, tls=request.param not in BUILT_WITHOUT_TLS)


@pytest.fixture
def encrypted(servers: Servers) -> Cluster:
    """A server with TLS."""
    return servers.get(17, tls=True)


@pytest.fixture
def unencrypted(servers: Servers) -> Cluster:
    """A server without TLS."""
    return servers.get(17, tls=False)


@pytest.fixture(scope="session")
def idle() -> Iterator[Cluster]:
    """A server that is not running: a test starts it with settings of its own."""
    cluster = make_cluster(17)
    try:
        cluster.hba("host all all 127.0.0.1/32 scram-sha-256")
        yield cluster
    finally:
        cluster.remove()


def endpoint_of(cluster: Cluster, **fields: object) -> Endpoint:
    """The endpoint of a cluster as its user ``ada``; any field can be given another value."""
    return at(**{"port": cluster.port, "database": "postgres", "user": "ada", "password": PASSWORD, **fields})


def superuser_of(cluster: Cluster, **fields: object) -> Endpoint:
    return endpoint_of(cluster, **{"user": SUPERUSER, "password": SUPERUSER_PASSWORD, **fields})


def at(port: int, **fields: object) -> Endpoint:
    """An endpoint on this machine that gives up after a second and a half."""
    defaults = {
        "host": "127.0.0.1",
        "port": port,
        "database": "postgres",
        "user": "ada",
        "password": PASSWORD,
        "sslmode": "disable",
        "connect_timeout": 1.5,
    }
    return Endpoint(**{**defaults, **fields})  # type: ignore[arg-type]
