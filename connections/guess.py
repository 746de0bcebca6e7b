"""Whose database a host is, and where, as far as its name says so.

Only whole labels at the end of the name count: anybody may own ``rds.amazonaws.com.example.org``.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

Labels = Sequence[str]
"""The labels of a host name that stand before the ones that named its provider."""


@dataclass(frozen=True, kw_only=True)
class Guess:
    """``provider`` is one of `models.Provider`; the catalogue may not know ``region_code``."""

    provider: str | None = None
    region_code: str | None = None
    pooled: bool = False


Reader = Callable[[Labels], Guess]

_CLOUD_REGION = re.compile(r"[a-z]{2,}(-[a-z]+)+-?[0-9]+")
_AZURE_REGION = re.compile(r"[a-z]+[0-9]?")
_DIGITALOCEAN_NAME = re.compile(r"db-postgresql-([a-z]{3})[0-9]-[0-9]+-do-user-[0-9-]+")
_SUPABASE_POOLER = re.compile(r"aws-[0-9]+-(.+)")
# PgBouncer's own port and the one that Supabase and Aiven made a habit of; then those of one provider.
_POOLER_PORTS = frozenset({6432, 6543})
_POOLER_PORT_OF = {"digitalocean": 25061, "crunchy": 5431}
# Where Render says its regions are.
_RENDER_REGIONS = {
    "frankfurt-postgres": "aws-eu-central-1",
    "ohio-postgres": "aws-us-east-2",
    "oregon-postgres": "aws-us-west-2",
    "singapore-postgres": "aws-ap-southeast-1",
    "virginia-postgres": "aws-us-east-1",
}


def guess(host: str, port: int | None = None) -> Guess:
    """What the name of the host, and a port that poolers use, tell. Looks nothing up."""
    found = _by_name(host.strip().lower().removesuffix(".").split("."))
    by_port = port is not None and (
        port in _POOLER_PORTS or port == _POOLER_PORT_OF.get(found.provider or "")
    )
    return replace(found, pooled=found.pooled or by_port)


def _by_name(labels: Labels) -> Guess:
    for suffix, provider, read in _RULES:
        before, end = labels[: -len(suffix)], tuple(labels[-len(suffix) :])
        if before and end == suffix:
            return replace(read(before), provider=provider)
    return Guess()


def _nothing_more(_: Labels) -> Guess:
    return Guess()


def _cloud(code: str, label: str) -> Guess:
    return Guess(region_code=f"{code}-{label}" if _CLOUD_REGION.fullmatch(label) else None)


def _aws_database(before: Labels) -> Guess:
    region = _cloud("aws", before[-1]).region_code
    pooled = len(before) > 2 and before[-2].startswith("proxy-")
    return Guess(region_code=region, pooled=pooled)


def _last_is_aws(before: Labels) -> Guess:
    return _cloud("aws", before[-1])


def _last_is_google(before: Labels) -> Guess:
    return _cloud("google", before[-1])


def _aws_machine(before: Labels) -> Guess:
    return Guess(region_code="aws-us-east-1") if before[-1] == "compute-1" else Guess()


def _aws_china(region: str) -> Reader:
    return lambda _: Guess(region_code=f"aws-{region}")


def _digitalocean(before: Labels) -> Guess:
    made = _DIGITALOCEAN_NAME.fullmatch(before[0])
    return Guess(region_code=f"do-{made[1]}" if made else None)


def _neon(before: Labels) -> Guess:
    pooled = before[0].endswith("-pooler")
    if len(before) < 3:
        return Guess(pooled=pooled)
    region, cloud = before[-2:]
    form = {"aws": _CLOUD_REGION, "azure": _AZURE_REGION}.get(cloud)
    known = form is not None and form.fullmatch(region)
    return Guess(region_code=f"{cloud}-{region}" if known else None, pooled=pooled)


def _supabase_pooler(before: Labels) -> Guess:
    named = _SUPABASE_POOLER.fullmatch(before[-1])
    return Guess(region_code=_cloud("aws", named[1]).region_code if named else None, pooled=True)


def _render(before: Labels) -> Guess:
    return Guess(region_code=_RENDER_REGIONS.get(before[-1]))


_PROVIDERS: Mapping[str, tuple[str, Reader]] = {
    "rds.amazonaws.com": ("aws", _aws_database),
    "rds.cn-north-1.amazonaws.com.cn": ("aws", _aws_china("cn-north-1")),
    "rds.cn-northwest-1.amazonaws.com.cn": ("aws", _aws_china("cn-northwest-1")),
    "on.aws": ("aws", _last_is_aws),
    "compute.amazonaws.com": ("aws", _last_is_aws),
    "amazonaws.com": ("aws", _aws_machine),
    "sql.goog": ("google", _last_is_google),
    "alloydb.goog": ("google", _last_is_google),
    "postgres.database.azure.com": ("azure", _nothing_more),
    "postgres.cosmos.azure.com": ("azure", _nothing_more),
    "postgres.database.chinacloudapi.cn": ("azure", _nothing_more),
    "postgres.database.usgovcloudapi.net": ("azure", _nothing_more),
    "aivencloud.com": ("aiven", _nothing_more),
    "db.ondigitalocean.com": ("digitalocean", _digitalocean),
    "db.upclouddatabases.com": ("upcloud", _nothing_more),
    "neon.tech": ("neon", _neon),
    "pooler.supabase.com": ("supabase", _supabase_pooler),
    "supabase.co": ("supabase", _nothing_more),
    "tsdb.cloud.timescale.com": ("timescale", _nothing_more),
    "db.postgresbridge.com": ("crunchy", _nothing_more),
    "render.com": ("render", _render),
    "fly.dev": ("fly", _nothing_more),
    "flympg.net": ("fly", _nothing_more),
    "proxy.rlwy.net": ("railway", _nothing_more),
    "railway.internal": ("railway", _nothing_more),
    "akamaidb.net": ("akamai", _nothing_more),
    "pg.rds.aliyuncs.com": ("alibaba", _nothing_more),
    "databases.appdomain.cloud": ("ibm", _nothing_more),
    "oci.oraclecloud.com": ("oracle", _nothing_more),
    "database.cloud.ovh.net": ("ovh", _nothing_more),
    "database.cloud.ovh.us": ("ovh", _nothing_more),
    "scw.cloud": ("scaleway", _nothing_more),
    "vultrdb.com": ("vultr", _nothing_more),
}
_RULES = [(tuple(suffix.split(".")), provider, read) for suffix, (provider, read) in _PROVIDERS.items()]
