"""The demo's stage: three databases of the embedded PostgreSQL, each behind a simulated distance."""

from dataclasses import dataclass

from config.stack.delay import Route
from config.stack.home import Home
from config.stack.postgres import HOST, Postgres

ROLE = "demo"


@dataclass(frozen=True, kw_only=True)
class Place:
    name: str
    region_code: str
    database: str
    rtt_ms: float


PLACES = (
    Place(name="US East (Virginia)", region_code="aws-us-east-1", database="demo_us_east", rtt_ms=12.0),
    Place(name="EU West (Ireland)", region_code="aws-eu-west-1", database="demo_eu_west", rtt_ms=80.0),
    Place(
        name="Asia Pacific (Singapore)",
        region_code="aws-ap-southeast-1",
        database="demo_asia_pacific",
        rtt_ms=190.0,
    ),
)


def is_staged(home: Home) -> bool:
    """Whether an earlier start made the demo."""
    return any(place.database in home.state.ports for place in PLACES)


def routes(home: Home, postgres: Postgres) -> list[Route]:
    """One delaying route per place, on ports that the home keeps."""
    return [
        Route(listen=home.port(place.database), target=postgres.port, rtt_ms=place.rtt_ms) for place in PLACES
    ]


def connections(postgres: Postgres, routes: list[Route]) -> list[dict[str, str | int | float]]:
    """Make the databases and their role; returns the connections that `manage.py prepare` takes."""
    password = postgres.ensure_role(ROLE, member_of=["pg_monitor"])
    for place in PLACES:
        postgres.ensure_database(place.database, owner=ROLE)
    authority = postgres.authority.read_text()
    return [
        {
            "name": place.name,
            "region_code": place.region_code,
            "host": HOST,
            "port": route.listen,
            "database": place.database,
            "username": ROLE,
            "password": password,
            "sslmode": "verify-full",
            "sslrootcert": authority,
            "simulated_rtt_ms": place.rtt_ms,
        }
        for place, route in zip(PLACES, routes, strict=True)
    ]
