import threading

import pytest
from cryptography.fernet import Fernet
from django.core.management import CommandError, call_command
from django.db import connection as database
from django.db import transaction

from connections import rotation, vault
from connections.models import Connection

OLD, NEW, LOST = (Fernet.generate_key().decode() for _ in range(3))


@pytest.fixture
def old_rows(settings, make_connection):
    settings.VAULT_KEYS = [OLD]
    rows = [make_connection(f"row {number}", password=f"secret {number}") for number in range(5)]
    rows[0].set_sslkey("a key")
    rows[0].save()
    make_connection("no password", password="")
    settings.VAULT_KEYS = [NEW, OLD]
    return rows


def test_all_secrets_are_sealed_again_in_batches(old_rows, settings, monkeypatch, capsys):
    monkeypatch.setattr(rotation, "BATCH", 2)
    call_command("rotate_vault_keys")
    assert "5 connections were sealed" in capsys.readouterr().out
    settings.VAULT_KEYS = [NEW]
    for row in old_rows:
        row.refresh_from_db()
    assert [row.open_password() for row in old_rows] == [f"secret {number}" for number in range(5)]
    assert old_rows[0].open_sslkey() == "a key"


def test_doing_it_again_changes_nothing(old_rows):
    rotation.rotate_all()
    before = list(Connection.objects.order_by("pk").values_list("password_sealed", "updated_at"))
    assert rotation.rotate_all() == rotation.Rotation()
    assert list(Connection.objects.order_by("pk").values_list("password_sealed", "updated_at")) == before


def test_rows_that_no_key_opens_are_reported_and_left_as_they_are(
    old_rows, settings, make_connection, capsys
):
    settings.VAULT_KEYS = [LOST]
    lost = make_connection("lost", password="gone")
    settings.VAULT_KEYS = [NEW, OLD]
    with pytest.raises(CommandError, match="1 connections have secrets that no key opens"):
        call_command("rotate_vault_keys")
    printed = capsys.readouterr()
    assert "5 connections were sealed" in printed.out
    assert "lost" in printed.err
    assert vault.fingerprint(LOST) in printed.err
    assert Connection.objects.get(pk=lost.pk).password_sealed == lost.password_sealed


@pytest.mark.django_db(transaction=True)
def test_a_row_in_use_is_skipped_and_reported_instead_of_waited_for(settings, make_connection):
    settings.VAULT_KEYS = [OLD]
    busy, free = make_connection("busy", password="a"), make_connection("free", password="b")
    settings.VAULT_KEYS = [NEW, OLD]
    found = []

    def rotate():
        found.append(rotation.rotate_all())
        database.close()

    with transaction.atomic():
        Connection.objects.select_for_update().get(pk=busy.pk)
        thread = threading.Thread(target=rotate)
        thread.start()
        thread.join(30)
    assert found == [rotation.Rotation(resealed=1, busy=1)]
    assert rotation.rotate_all() == rotation.Rotation(resealed=1)
    free.refresh_from_db()
    assert vault.is_current(free.password_sealed)
