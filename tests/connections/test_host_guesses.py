import pytest

from connections.guess import Guess, guess


@pytest.mark.parametrize(
    ("host", "provider", "region", "pooled"),
    [
        ("db.c1x2.us-east-1.rds.amazonaws.com", "aws", "aws-us-east-1", False),
        ("db.cluster-c1x2.eu-west-1.rds.amazonaws.com", "aws", "aws-eu-west-1", False),
        ("db.proxy-c1x2.ap-southeast-1.rds.amazonaws.com", "aws", "aws-ap-southeast-1", True),
        ("DB.C1X2.US-GOV-WEST-1.RDS.AMAZONAWS.COM.", "aws", "aws-us-gov-west-1", False),
        ("db.c1x2.rds.cn-north-1.amazonaws.com.cn", "aws", "aws-cn-north-1", False),
        ("abc.dsql.us-east-2.on.aws", "aws", "aws-us-east-2", False),
        ("ec2-192-0-2-7.eu-west-1.compute.amazonaws.com", "aws", "aws-eu-west-1", False),
        ("ec2-192-0-2-7.compute-1.amazonaws.com", "aws", "aws-us-east-1", False),
        ("uid.label.europe-west1.sql.goog", "google", "google-europe-west1", False),
        ("app.postgres.database.azure.com", "azure", None, False),
        ("pg-1-app.aivencloud.com", "aiven", None, False),
        ("pg-1-app.b.aivencloud.com", "aiven", None, False),
        ("app-do-user-1-0.b.db.ondigitalocean.com", "digitalocean", None, False),
        ("db-postgresql-fra1-123-do-user-1-0.b.db.ondigitalocean.com", "digitalocean", "do-fra", False),
        ("ep-cool-name-1.us-east-2.aws.neon.tech", "neon", "aws-us-east-2", False),
        ("ep-cool-name-1-pooler.c-2.eu-central-1.aws.neon.tech", "neon", "aws-eu-central-1", True),
        ("ep-cool-name-1.eastus2.azure.neon.tech", "neon", "azure-eastus2", False),
        ("aws-0-eu-west-1.pooler.supabase.com", "supabase", "aws-eu-west-1", True),
        ("db.abcdef.supabase.co", "supabase", None, False),
        ("a.b.tsdb.cloud.timescale.com", "timescale", None, False),
        ("p.abc.db.postgresbridge.com", "crunchy", None, False),
        ("dpg-1-a.frankfurt-postgres.render.com", "render", "aws-eu-central-1", False),
        ("app.fly.dev", "fly", None, False),
        ("x.proxy.rlwy.net", "railway", None, False),
    ],
)
def test_a_provider_s_own_host_names_tell_provider_and_region(host, provider, region, pooled):
    assert guess(host, 5432) == Guess(provider=provider, region_code=region, pooled=pooled)


@pytest.mark.parametrize(
    "host",
    [
        "",
        "evil-rds.amazonaws.com.example.org",
        "us-east-1.example.com",
        "rds.us-east-1.example.com",
        "db.us-east-1.notrds-amazonaws.com",
        "notneon.tech",
        "ep-x.us-east-2.aws.neon.tech.example.org",
        "xneon.tech",
        "frankfurt-postgres.example.com",
        "postgres.example.org",
        "localhost",
        "192.0.2.7",
        "2001:db8::1",
        "rds.amazonaws.com.",
    ],
)
def test_names_that_only_look_like_a_provider_s_tell_no_region(host):
    assert guess(host).region_code is None
    if host != "rds.amazonaws.com.":
        assert guess(host) == Guess()


def test_a_region_elsewhere_in_the_name_does_not_count():
    assert guess("eu-west-1.c1x2.us-east-1.rds.amazonaws.com").region_code == "aws-us-east-1"
    assert guess("eu-west-1.aivencloud.com").region_code is None


@pytest.mark.parametrize(
    ("host", "port", "pooled"),
    [
        ("db.example.org", 6543, True),
        ("db.example.org", 6432, True),
        ("db.example.org", 25061, False),
        ("x.b.db.ondigitalocean.com", 25061, True),
        ("x.b.db.ondigitalocean.com", 25060, False),
    ],
)
def test_ports_of_poolers_are_known(host, port, pooled):
    assert guess(host, port).pooled is pooled
