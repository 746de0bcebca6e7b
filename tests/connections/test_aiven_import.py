import pytest
from cryptography.fernet import Fernet
from django.core.management import call_command

from connections.aiven import import_from
from connections.models import Connection

URL = "postgresql://avnadmin:p%40ss@pg-1.aivencloud.com:6543/defaultdb?sslmode=require"


def test_each_variable_becomes_a_connection(regions):
    lines = import_from(
        {"AIVEN_PG_US_EAST": URL, "AIVEN_PG_ASIA_PACIFIC": URL, "PATH": "/bin", "AIVEN_PG_EU_WEST": " "}
    )
    assert lines == [
        "AIVEN_PG_ASIA_PACIFIC: “Aiven Asia Pacific” was added.",
        "AIVEN_PG_US_EAST: “Aiven US East” was added.",
    ]
    made = Connection.objects.get(name="Aiven US East")
    assert (made.address, made.username, made.open_password()) == (
        "pg-1.aivencloud.com:6543/defaultdb",
        "avnadmin",
        "p@ss",
    )
    assert (made.provider, made.region.city, made.pooled, made.sslmode) == (
        "aiven",
        "Ashburn",
        True,
        "require",
    )


@pytest.mark.parametrize(
    ("name", "region"),
    [
        ("US_EAST", "aws-us-east-1"),
        ("EU_WEST", "aws-eu-west-1"),
        ("ASIA_PACIFIC", "aws-ap-southeast-1"),
        ("EU_CENTRAL_1", "aws-eu-central-1"),
        ("GOOGLE_EUROPE_WEST1", "google-europe-west1"),
        ("DO_NYC", "do-nyc"),
        ("EAST", None),
        ("ATLANTIS", None),
    ],
)
def test_the_region_is_known_by_alias_or_code_and_never_by_a_part(regions, name, region):
    import_from({f"AIVEN_PG_{name}": URL})
    made = Connection.objects.get()
    assert (made.region.code if made.region else None) == region


def test_importing_again_changes_nothing(regions):
    import_from({"AIVEN_PG_EU_WEST": URL})
    before = Connection.objects.values().get()
    assert import_from({"AIVEN_PG_EU_WEST": URL}) == ["AIVEN_PG_EU_WEST: “Aiven EU West” is unchanged."]
    assert Connection.objects.values().get() == before


def test_a_changed_url_updates_and_keeps_what_people_set(regions):
    import_from({"AIVEN_PG_EU_WEST": URL})
    Connection.objects.update(tags=["prod"], active=False)
    lines = import_from({"AIVEN_PG_EU_WEST": URL.replace("p%40ss", "new").replace("pg-1", "pg-2")})
    assert lines == ["AIVEN_PG_EU_WEST: “Aiven EU West” was updated."]
    stored = Connection.objects.get()
    assert (stored.host, stored.open_password()) == ("pg-2.aivencloud.com", "new")
    assert (stored.tags, stored.active) == (["prod"], False)


def test_one_bad_variable_is_reported_without_its_value_and_stops_no_other(regions):
    lines = import_from(
        {
            "AIVEN_PG_A": "postgresql://u:hunter2@h:0/d",
            "AIVEN_PG_B": "hunter2",
            "AIVEN_PG_" + "C" * 80: URL,
            "AIVEN_PG_D": URL,
        }
    )
    assert [line for line in lines if "not imported" in line] == lines[:3]
    assert "hunter2" not in "".join(lines)
    assert "port from 1 to 65535" in lines[0]
    assert Connection.objects.get().name == "Aiven D"


def test_a_password_whose_key_is_lost_is_healed_from_the_variable(regions, settings):
    import_from({"AIVEN_PG_EU_WEST": URL})
    settings.VAULT_KEYS = [Fernet.generate_key().decode()]
    assert "was updated" in import_from({"AIVEN_PG_EU_WEST": URL})[0]
    assert Connection.objects.get().open_password() == "p@ss"


def test_the_command_reads_the_environment(regions, monkeypatch, capsys):
    monkeypatch.setenv("AIVEN_PG_EU_WEST", URL)
    call_command("import_aiven")
    assert "“Aiven EU West” was added." in capsys.readouterr().out
