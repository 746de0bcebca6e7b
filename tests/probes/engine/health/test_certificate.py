"""The certificate of a server with TLS, read whether or not it was verified."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from tests.probes.engine.conftest import PASSWORD, make_cluster, tls_settings
from tests.probes.engine.health.conftest import STRANGER, checks_of, examined
from tests.rigs.certificates import Authority
from tests.rigs.postgres import Cluster, running


@pytest.fixture(scope="module")
def expiring(authority: Authority) -> Iterator[Cluster]:
    cluster = make_cluster(17)
    pair = authority.issue("<b>server</b>", hosts=["127.0.0.1"], ends=timedelta(days=5))
    try:
        cluster.hba("host all all 127.0.0.1/32 scram-sha-256")
        with running(cluster, tls_settings(cluster, authority, pair)):
            cluster.sql(f"CREATE ROLE {STRANGER} LOGIN PASSWORD '{PASSWORD}'")
            yield cluster
    finally:
        cluster.remove()


@pytest.mark.parametrize("mode", ["require", "verify-full"])
async def test_a_certificate_near_its_end_is_something_to_act_on(expiring, authority, mode):
    root = authority.certificate if mode == "verify-full" else ""
    outcome = await examined(expiring.port, STRANGER, sslmode=mode, sslrootcert=root)

    check = checks_of(outcome)["certificate"]
    assert check["verdict"] == "act"
    assert check["value"] == pytest.approx(5, abs=0.2)
    assert outcome.detail["figures"]["certificate_days"] == check["value"]
    (row,) = check["rows"]
    assert (row["subject"], row["issuer"]) == ("CN=\\<b\\>server\\</b\\>", "CN=test root")


async def test_without_tls_there_is_no_certificate_to_judge(expiring):
    assert "certificate" not in checks_of(await examined(expiring.port, STRANGER, sslmode="disable"))
