"""A stored password is not kept for a server that is checked less than when the password was given."""

import itertools

import pytest

from connections.dsn import SSL_MODES

PAIRS = list(itertools.product(SSL_MODES, SSL_MODES))


@pytest.fixture
def stored_with(make_connection):
    def make(**values):
        return make_connection("orders", password="hunter2", host="db.example.org", port=5432, **values)

    return make


@pytest.fixture
def edited(fields):
    """What the form sends back when nothing was typed into its secrets."""
    return {**fields, "password": ""}


def says(client, stored, typed):
    """What stands beside the password when it is saved on the page and in the admin, and when it is tried."""
    page = client.post(f"/connections/{stored.pk}/edit/", typed)
    admin = client.post(f"/admin/connections/connection/{stored.pk}/change/", typed)
    trial = client.post("/connections/try/", {**typed, "pk": str(stored.pk)})
    return [response.text for response in (page, admin, trial)]


@pytest.mark.parametrize(("before", "after"), PAIRS)
def test_a_weaker_tls_mode_asks_for_the_password_again(client, stored_with, edited, before, after):
    stored = stored_with(sslmode=before)
    weaker = SSL_MODES.index(after) < SSL_MODES.index(before)
    response = client.post(f"/connections/{stored.pk}/edit/", {**edited, "sslmode": after})
    assert response.status_code == (422 if weaker else 302)
    stored.refresh_from_db()
    assert (stored.sslmode, stored.open_password()) == (before if weaker else after, "hunter2")


def test_a_weaker_tls_mode_is_refused_for_saving_and_trying_alike(client, stored_with, edited):
    stored = stored_with(sslmode="verify-full")
    for text in says(client, stored, {**edited, "sslmode": "require"}):
        assert "was saved for a stricter TLS mode" in text
    stored.refresh_from_db()
    assert stored.sslmode == "verify-full"


@pytest.mark.parametrize("sslmode", ["verify-ca", "verify-full", "require"])
@pytest.mark.parametrize("new", ["", "other"])
def test_another_authority_or_none_asks_for_the_password_again(
    client, stored_with, edited, authority, sslmode, new
):
    stored = stored_with(sslmode=sslmode, sslrootcert=authority.certificate)
    other = authority.issue("somebody else").certificate if new else ""
    for text in says(client, stored, {**edited, "sslmode": sslmode, "sslrootcert": other}):
        assert "was saved for servers that the certificate authority" in text
    stored.refresh_from_db()
    assert stored.sslrootcert == authority.certificate


def test_one_authority_in_place_of_the_system_s_asks_for_the_password_again(
    client, stored_with, edited, authority
):
    stored = stored_with(sslmode="verify-full")
    for text in says(client, stored, {**edited, "sslrootcert": authority.certificate}):
        assert "was saved for servers that the certificate authority" in text


@pytest.mark.parametrize("sslmode", ["require", "verify-ca"])
def test_an_authority_for_a_server_that_nobody_checked_keeps_the_password(
    client, stored_with, edited, authority, sslmode
):
    stored = stored_with(sslmode="require")
    typed = {**edited, "sslmode": sslmode, "sslrootcert": authority.certificate}
    assert client.post(f"/connections/{stored.pk}/edit/", typed).status_code == 302


def test_the_same_authority_with_a_browser_s_line_ends_keeps_the_password(
    client, stored_with, edited, authority
):
    stored = stored_with(sslmode="verify-full", sslrootcert=authority.certificate)
    typed = {**edited, "sslrootcert": authority.certificate.replace("\n", "\r\n")}
    assert client.post(f"/connections/{stored.pk}/edit/", typed).status_code == 302


@pytest.mark.parametrize("answer", [{"password": "again"}, {"remove_password": "on"}])
def test_the_password_typed_again_or_removed_allows_weaker_tls(client, stored_with, edited, answer):
    stored = stored_with(sslmode="verify-full")
    typed = {**edited, "sslmode": "disable", **answer}
    assert client.post(f"/connections/{stored.pk}/edit/", typed).status_code == 302
    stored.refresh_from_db()
    assert (stored.sslmode, stored.open_password()) == ("disable", answer.get("password", ""))


def test_without_a_stored_password_nothing_is_asked(client, make_connection, edited):
    stored = make_connection("orders", password="", host="db.example.org", port=5432, sslmode="verify-full")
    assert client.post(f"/connections/{stored.pk}/edit/", {**edited, "sslmode": "disable"}).status_code == 302
