"""A streaming replica of a real server, copied with the server's own pg_basebackup."""

from dataclasses import dataclass

from tests.rigs.postgres import SUPERUSER, SUPERUSER_PASSWORD, Cluster

HBA = "host replication all 127.0.0.1/32 scram-sha-256"
"""What the primary's pg_hba.conf must hold."""


@dataclass
class Replica(Cluster):
    """Streams from ``primary``, which runs. It starts and stops like any other server."""

    primary: Cluster | None = None

    def _fill(self) -> None:
        assert self.primary is not None
        source = (
            f"host=127.0.0.1 port={self.primary.port} user={SUPERUSER} password='{SUPERUSER_PASSWORD}' "
            "application_name=replica"
        )
        self._run(
            "pg_basebackup",
            *("-D", str(self.data), "-d", source, "--write-recovery-conf", "--wal-method=stream"),
            *("--checkpoint=fast", "--no-sync"),
        )
