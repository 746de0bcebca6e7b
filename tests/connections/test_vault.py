import pytest
from cryptography.fernet import Fernet
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from hypothesis import given
from hypothesis import strategies as st

from connections import vault

OLD, NEW, OTHER = (Fernet.generate_key().decode() for _ in range(3))


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_whatever_is_sealed_is_opened_unchanged(text):
    assert vault.open_sealed(vault.seal(text)) == text


def test_a_sealed_text_shows_nothing_and_is_different_each_time():
    first, second = vault.seal("hunter2"), vault.seal("hunter2")
    assert first != second
    assert "hunter2" not in first


def test_the_first_key_seals_and_every_key_opens(settings):
    settings.VAULT_KEYS = [OLD]
    token = vault.seal("hunter2")
    settings.VAULT_KEYS = [NEW, OLD]
    assert vault.open_sealed(token) == "hunter2"
    assert not vault.is_current(token)
    again = vault.rotate(token)
    assert vault.is_current(again)
    assert vault.rotate(again) == again
    settings.VAULT_KEYS = [NEW]
    assert vault.open_sealed(again) == "hunter2"


def test_a_missing_key_is_named_with_what_to_do(settings):
    settings.VAULT_KEYS = [OLD]
    token = vault.seal("hunter2")
    settings.VAULT_KEYS = [NEW, OTHER]
    with pytest.raises(vault.Unreadable) as error:
        vault.open_sealed(token)
    message = str(error.value)
    assert vault.fingerprint(OLD) in message
    assert vault.fingerprint(NEW) in message
    assert "Put that key back" in message
    assert OLD not in message
    assert NEW not in message


@pytest.mark.parametrize("token", ["", "hunter2", "hunter2.hunter2", "ключ.ключ", "deadbeef."])
def test_what_was_never_sealed_is_unreadable_and_not_repeated(token):
    with pytest.raises(vault.Unreadable) as error:
        vault.open_sealed(token)
    assert "hunter2" not in str(error.value)


def test_a_damaged_token_says_so():
    token = vault.seal("hunter2")
    with pytest.raises(vault.Unreadable, match="damaged"):
        vault.open_sealed(token[:-8] + "AAAAAAA=")


@pytest.mark.parametrize("keys", [[], [""], ["short"], [OLD, "not a key"], ["ключ" * 11]])
def test_nothing_starts_without_usable_keys(settings, keys):
    settings.VAULT_KEYS = keys
    with pytest.raises(SystemCheckError, match="MERIDIAN_VAULT_KEYS") as error:
        call_command("check")
    assert "Fernet.generate_key" in str(error.value)
    assert OLD not in str(error.value)
    with pytest.raises(vault.NoKey):
        vault.seal("hunter2")
