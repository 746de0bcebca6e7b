import pytest
from cryptography.fernet import Fernet

from connections.models import Connection
from tests.connections.conftest import HTMX


@pytest.fixture
def stored(client, fields, authority, pair):
    response = client.post(
        "/connections/new/",
        {**fields, "sslrootcert": authority.certificate, "sslcert": pair.certificate, "sslkey": pair.key},
    )
    assert response.status_code == 302
    return Connection.objects.get()


@pytest.fixture
def edited(fields, authority, pair):
    """What the form sends back when it was opened and nothing was typed."""
    return {
        **fields,
        "password": "",
        "sslrootcert": authority.certificate,
        "sslcert": pair.certificate,
        "sslkey": "",
    }


def test_secrets_are_stored_sealed_and_opened_again(stored, fields, pair):
    assert stored.open_password() == fields["password"]
    assert stored.open_sslkey() == pair.key
    assert fields["password"] not in stored.password_sealed
    assert "PRIVATE KEY" not in stored.sslkey_sealed


def test_no_page_ever_shows_a_secret(client, stored, fields, pair):
    paths = [f"/connections/{stored.pk}/{page}/" for page in ("edit", "duplicate", "delete")]
    paths += [f"/admin/connections/connection/{stored.pk}/change/", "/admin/connections/connection/"]
    for path in paths:
        text = client.get(path).text
        assert fields["password"] not in text, path
        assert "PRIVATE KEY" not in text, path
        assert stored.password_sealed not in text, path
        assert stored.sslkey_sealed not in text, path


def test_an_empty_password_and_key_keep_the_stored_ones(client, stored, edited, fields, pair):
    assert client.post(f"/connections/{stored.pk}/edit/", {**edited, "database": "other"}).status_code == 302
    stored.refresh_from_db()
    assert (stored.database, stored.open_password(), stored.open_sslkey()) == (
        "other",
        fields["password"],
        pair.key,
    )


@pytest.mark.parametrize(("field", "value"), [("host", "elsewhere.example"), ("port", "5433")])
def test_a_kept_password_is_never_sent_to_another_server(client, stored, edited, field, value):
    for path in (f"/connections/{stored.pk}/edit/", f"/admin/connections/connection/{stored.pk}/change/"):
        response = client.post(path, {**edited, field: value})
        assert "Enter the password again" in response.text
    trial = client.post("/connections/try/", {**edited, field: value, "pk": str(stored.pk)})
    assert "Enter the password again" in trial.text
    stored.refresh_from_db()
    assert str(getattr(stored, field)) != value


def test_a_typed_password_replaces_the_stored_one_with_its_spaces(client, stored, edited):
    client.post(f"/connections/{stored.pk}/edit/", {**edited, "password": " new one "})
    stored.refresh_from_db()
    assert stored.open_password() == " new one "


def test_a_ticked_box_removes_the_password(client, stored, edited):
    client.post(f"/connections/{stored.pk}/edit/", {**edited, "remove_password": "on"})
    stored.refresh_from_db()
    assert stored.password_sealed == ""
    assert stored.open_password() == ""


def test_a_key_is_removed_only_together_with_its_certificate(client, stored, edited):
    half = client.post(f"/connections/{stored.pk}/edit/", {**edited, "remove_sslkey": "on"})
    assert "Paste the key" in half.text
    other_half = client.post(f"/connections/{stored.pk}/edit/", {**edited, "sslcert": ""})
    assert "Paste the certificate" in other_half.text
    both = {**edited, "remove_sslkey": "on", "sslcert": ""}
    assert client.post(f"/connections/{stored.pk}/edit/", both).status_code == 302
    stored.refresh_from_db()
    assert (stored.sslcert, stored.open_sslkey()) == ("", "")


def test_a_certificate_that_does_not_belong_to_the_key_is_refused(client, fields, authority, pair):
    other = authority.issue("somebody else")
    response = client.post("/connections/new/", {**fields, "sslcert": other.certificate, "sslkey": pair.key})
    assert "does not belong to the key" in response.text


def test_a_key_with_a_passphrase_is_refused_with_what_to_do(client, fields, authority):
    locked = authority.issue("ada", passphrase="hunter2")
    response = client.post(
        "/connections/new/", {**fields, "sslcert": locked.certificate, "sslkey": locked.key}
    )
    assert "openssl pkey" in response.text
    assert "ENCRYPTED" not in response.text


def test_a_private_key_among_the_certificates_is_refused(client, fields, pair):
    response = client.post("/connections/new/", {**fields, "sslcert": pair.certificate + pair.key})
    assert "There is a private key in it" in " ".join(response.context["form"].errors["sslcert"])


def test_a_bundle_of_certificates_is_accepted(client, fields, authority, pair):
    bundle = authority.certificate + pair.certificate
    assert client.post("/connections/new/", {**fields, "sslrootcert": bundle}).status_code == 302
    assert Connection.objects.get().sslrootcert.count("BEGIN") == 2


def test_a_lost_key_is_announced_on_the_form_and_a_new_password_heals_it(
    client, stored, edited, settings, pair
):
    settings.VAULT_KEYS = [Fernet.generate_key().decode()]
    text = client.get(f"/connections/{stored.pk}/edit/").text
    assert "which is not in MERIDIAN_VAULT_KEYS" in text
    healed = {**edited, "password": "again", "sslkey": pair.key}
    assert client.post(f"/connections/{stored.pk}/edit/", healed).status_code == 302
    stored.refresh_from_db()
    assert stored.open_password() == "again"


def test_parsing_a_url_never_sends_its_password_back(client):
    response = client.post("/connections/parse/", {"dsn": "postgresql://ada:hunter2@h/app"}, headers=HTMX)
    assert "hunter2" not in response.text
    assert "URL&#x27;s password is used" in response.text or "URL's password is used" in response.text
