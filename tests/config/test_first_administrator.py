"""Somebody can sign in after the first start, and nobody's password is ever changed by a later one."""

import io

import pytest
from django.contrib.auth import authenticate, get_user_model
from django.core.management import call_command

User = get_user_model()


@pytest.fixture(autouse=True)
def _nothing_given(monkeypatch):
    monkeypatch.delenv("MERIDIAN_ADMIN_PASSWORD", raising=False)
    monkeypatch.delenv("MERIDIAN_ADMIN_PASSWORD_FILE", raising=False)


def ensure_admin() -> str:
    said = io.StringIO()
    call_command("ensure_admin", stdout=said)
    return said.getvalue()


def test_the_administrator_gets_the_given_password_which_is_not_printed(db, monkeypatch):
    monkeypatch.setenv("MERIDIAN_ADMIN_PASSWORD", "correct horse")
    said = ensure_admin()
    assert "admin" in said
    assert "correct horse" not in said
    admin = User.objects.get()
    assert (admin.username, admin.is_superuser, admin.is_staff, admin.is_active) == (
        "admin",
        True,
        True,
        True,
    )
    assert admin.check_password("correct horse")


def test_the_given_password_can_come_from_a_file(db, monkeypatch, tmp_path):
    (tmp_path / "password").write_text("correct horse\n")
    monkeypatch.setenv("MERIDIAN_ADMIN_PASSWORD_FILE", str(tmp_path / "password"))
    ensure_admin()
    assert User.objects.get().check_password("correct horse")


def test_a_generated_password_is_printed_once_and_works(db):
    said = ensure_admin()
    password = said.partition("with the password ")[2].split()[0]
    assert len(password) >= 16
    assert User.objects.get().check_password(password)
    assert ensure_admin() == ""
    assert User.objects.get().check_password(password)


def test_each_generated_password_is_another_one(db):
    first = ensure_admin()
    User.objects.all().delete()
    assert ensure_admin() != first


def test_an_existing_password_is_never_changed(db, monkeypatch):
    monkeypatch.setenv("MERIDIAN_ADMIN_PASSWORD", "the first")
    ensure_admin()
    before = User.objects.get().password
    monkeypatch.setenv("MERIDIAN_ADMIN_PASSWORD", "the second")
    assert ensure_admin() == ""
    assert User.objects.get().password == before


def test_with_an_administrator_of_another_name_none_is_added(user):
    assert ensure_admin() == ""
    assert list(User.objects.all()) == [user]


def test_passwords_are_kept_as_bcrypt_hashes(db, monkeypatch):
    monkeypatch.setenv("MERIDIAN_ADMIN_PASSWORD", "correct horse")
    ensure_admin()
    stored = User.objects.get().password
    algorithm, _, rest = stored.partition("$")
    assert algorithm == "bcrypt_sha256"
    version, cost, salt_and_hash = rest.lstrip("$").split("$")
    assert version == "2b"
    assert int(cost) >= 12
    assert len(salt_and_hash) == 53
    assert "correct horse" not in stored


def test_a_password_beyond_bcrypt_s_72_bytes_counts_to_its_end(db, monkeypatch):
    long = "Pässwörd 🐘 " * 20
    assert len(long.encode()) > 200
    monkeypatch.setenv("MERIDIAN_ADMIN_PASSWORD", f"{long}a")
    ensure_admin()
    admin = User.objects.get()
    assert admin.check_password(f"{long}a")
    assert not admin.check_password(f"{long}b")
    assert not admin.check_password(long[:72])


def test_the_administrator_signs_in(db, monkeypatch, rf):
    monkeypatch.setenv("MERIDIAN_ADMIN_PASSWORD", "correct horse")
    ensure_admin()
    request = rf.post("/login/")
    assert authenticate(request, username="admin", password="correct horse") == User.objects.get()
