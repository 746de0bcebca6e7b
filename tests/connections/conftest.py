import pytest

from connections.catalogue import load_regions
from tests.rigs.certificates import Authority, Pair

HTMX = {"HX-Request": "true"}
FIELDS = {
    "name": "orders",
    "host": "db.example.org",
    "port": "5432",
    "database": "app",
    "username": "ada",
    "password": "p@ss/w:rd#1",
    "sslmode": "verify-full",
    "connect_timeout": "7",
    "active": "on",
}


@pytest.fixture
def regions(db):
    load_regions()


@pytest.fixture
def fields():
    """What somebody types into the form of a new connection."""
    return dict(FIELDS)


@pytest.fixture(scope="session")
def authority() -> Authority:
    return Authority()


@pytest.fixture(scope="session")
def pair(authority) -> Pair:
    return authority.issue("ada")
