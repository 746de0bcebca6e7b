"""Personal tokens: made once, shown once, and refused when they are wrong, expired, revoked or somebody else's."""

from datetime import timedelta

import pytest
import redis
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from config.models import MOST_DAYS, ApiToken
from tests.api.conftest import Program

pytestmark = pytest.mark.django_db


@pytest.fixture
def page(somebody) -> Client:
    client = Client()
    client.force_login(somebody)
    return client


def issued(user, days: int = 1, **changes) -> str:
    token, text = ApiToken.issue(user, "tests", days)
    ApiToken.objects.filter(pk=token.pk).update(**changes)
    return text


def status(token: str) -> int:
    return Program(token).get("/regions").status_code


def test_a_token_lets_a_program_in(somebody):
    assert status(issued(somebody)) == 200


def test_a_token_that_does_not_work_is_refused_with_a_challenge(somebody):
    now = timezone.now()
    right = issued(somebody)
    begin, prefix, secret = right.split("_")
    refused = {
        "expired": issued(
            somebody, created_at=now - timedelta(days=2), expires_at=now - timedelta(seconds=1)
        ),
        "revoked": issued(somebody, revoked_at=now),
        "of another secret": f"{begin}_{prefix}_{'0' * 64}",
        "of another prefix": f"{begin}_{'0' * 12}_{secret}",
        "cut": right[:-1],
        "longer": right + "0",
        "no token": "hello",
        "foreign": "ghp_abcdefghijkl_0123",
        "accented": "mrd_éééééééééééé_x",
        "long": "mrd_" + "a" * 10_000,
    }
    for name, text in refused.items():
        answer = Client(headers={"Authorization": f"Bearer {text}".encode().decode("latin-1")}).get(
            "/api/regions"
        )
        assert answer.status_code == 401, name
        assert answer["WWW-Authenticate"].startswith("Bearer"), name
        assert answer.json()["status"] == 401


def test_a_token_of_somebody_inactive_is_refused(somebody):
    token = issued(somebody)
    somebody.is_active = False
    somebody.save()
    assert status(token) == 401


@pytest.mark.parametrize("header", ["", "Basic YWRhOmFkYQ==", "Bearer", "Bearer ", "mrd_x"])
def test_nothing_but_a_bearer_token_lets_in(db, header):
    assert Client(headers={"Authorization": header}).get("/api/regions").status_code == 401


def test_a_session_does_not_let_in(client):
    """Or a page of somebody else's could ask in the name of whoever is signed in."""
    assert client.get("/api/regions").status_code == 401
    assert client.post("/api/test/all-regions", content_type="application/json").status_code == 401


def test_only_a_digest_is_kept(somebody):
    secret = issued(somebody).split("_")[2]
    row = ApiToken.objects.values().get()
    assert secret not in str(row)
    assert len(row["digest"]) == 32


def test_the_last_use_is_written_at_most_once_a_minute(somebody, django_assert_num_queries):
    program = Program(issued(somebody))
    program.get("/regions")
    first = ApiToken.objects.get().last_used_at
    assert first is not None
    with django_assert_num_queries(2):
        program.get("/regions")
    ApiToken.objects.update(last_used_at=first - timedelta(minutes=2))
    program.get("/regions")
    assert ApiToken.objects.get().last_used_at > first


def test_a_token_that_is_used_often_is_looked_up_once_a_second(
    somebody, monkeypatch, django_assert_num_queries
):
    monkeypatch.setattr("config.bearer.KNOWN_SECONDS", 60)
    program = Program(issued(somebody))
    program.get("/regions")
    with django_assert_num_queries(1):
        program.get("/regions")
    ApiToken.objects.get().revoke()
    monkeypatch.setattr("config.bearer.KNOWN_SECONDS", 0)
    assert program.get("/regions").status_code == 401


def test_requests_are_limited_for_each_token_and_say_how_many_are_left(somebody, settings):
    settings.API_REQUESTS_PER_MINUTE = 2
    program = Program(issued(somebody))
    answers = [program.get("/regions") for _ in range(4)]
    # The minute may end in between, which lets one or two more in.
    assert (
        429 in {answer.status_code for answer in answers} or len({a["RateLimit-Reset"] for a in answers}) > 1
    )
    assert all(int(answer["RateLimit-Remaining"]) < 2 for answer in answers)
    for answer in answers:
        if answer.status_code == 429:
            assert 0 < int(answer["Retry-After"]) <= 60
            assert answer["Content-Type"] == "application/problem+json"
    assert status(issued(somebody)) == 200


def test_nobody_is_limited_when_the_limit_is_none_or_the_broker_away(somebody, settings, monkeypatch):
    settings.API_REQUESTS_PER_MINUTE = 0
    assert "RateLimit-Limit" not in Program(issued(somebody)).get("/regions").headers
    settings.API_REQUESTS_PER_MINUTE = 1
    away = redis.Redis(port=1).register_script("return 1")
    monkeypatch.setattr("config.limits._script", lambda: away)
    program = Program(issued(somebody))
    assert [program.get("/regions").status_code for _ in range(3)] == [200] * 3


def test_wrong_tokens_are_limited_for_each_address_and_right_ones_are_not(somebody, settings):
    settings.API_WRONG_TOKENS_PER_MINUTE = 3
    assert [status("mrd_wrong") for _ in range(5)] == [401, 401, 401, 429, 429]
    assert status(issued(somebody)) == 200
    other = Client(headers={"Authorization": "Bearer mrd_wrong"}, REMOTE_ADDR="192.0.2.9")
    assert other.get("/api/regions").status_code == 401


def test_the_page_shows_a_new_token_once(page, somebody):
    answer = page.post(reverse("tokens"), {"name": "ci", "days": "30"})
    assert answer.status_code == 200
    assert answer["Cache-Control"] == "no-store"
    text = answer.context["text"]
    assert text in answer.content.decode()
    assert status(text) == 200
    again = page.get(reverse("tokens")).content.decode()
    assert text not in again
    assert "ci" in again
    [token] = ApiToken.objects.all()
    assert token.user == somebody
    assert timedelta(days=29) < token.expires_at - timezone.now() <= timedelta(days=30)


@pytest.mark.parametrize(
    ("name", "days"),
    [
        ("", "1"),
        ("x" * 65, "1"),
        ("a\nb", "1"),
        ("ci", ""),
        ("ci", "0"),
        ("ci", "367"),
        ("ci", "soon"),
        ("a\0", "1"),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_makes_no_token(page, name, days):
    answer = page.post(reverse("tokens"), {"name": name, "days": days})
    assert answer.status_code == 422
    assert "invalid-feedback" in answer.content.decode()
    assert not ApiToken.objects.exists()


def test_one_person_has_so_many_tokens_and_no_more(page, somebody, monkeypatch):
    monkeypatch.setattr("config.tokens.MOST_TOKENS", 1)
    issued(somebody)
    answer = page.post(reverse("tokens"), {"name": "ci", "days": "1"})
    assert answer.status_code == 422
    assert "Revoke one" in answer.content.decode()


def test_a_token_is_revoked_by_its_owner_alone(page, somebody, client):
    text = issued(somebody)
    token = ApiToken.objects.get()
    assert client.post(reverse("token-revoke", args=[token.pk])).status_code == 404
    assert status(text) == 200
    assert page.post(reverse("token-revoke", args=[token.pk])).status_code == 302
    assert status(text) == 401
    assert "Revoked" in page.get(reverse("tokens")).content.decode()


def test_the_pages_are_for_those_who_signed_in(stranger):
    for name in ("tokens", "api-docs"):
        assert stranger.get(reverse(name)).status_code == 302


def test_the_admin_lists_and_revokes_and_makes_none(client, somebody):
    text = issued(somebody)
    token = ApiToken.objects.get()
    listed = client.get("/admin/meridian/apitoken/")
    assert token.prefix in listed.content.decode()
    assert client.get(f"/admin/meridian/apitoken/{token.pk}/change/").status_code == 200
    assert client.get("/admin/meridian/apitoken/add/").status_code == 403
    client.post("/admin/meridian/apitoken/", {"action": "revoke", "_selected_action": [token.pk]})
    assert status(text) == 401


def test_the_command_prints_the_token_alone_on_the_last_line(somebody, capsys):
    call_command("issue_token", "grace", "--days", "3", "--name", "cron")
    text = capsys.readouterr().out.splitlines()[-1]
    assert status(text) == 200
    assert ApiToken.objects.get().name == "cron"


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["nobody"], "no user nobody"),
        (["grace", "--days", "0"], f"from 1 to {MOST_DAYS}"),
        (["grace", "--days", "4000"], f"from 1 to {MOST_DAYS}"),
        (["grace", "--name", ""], "--name"),
        (["grace", "--name", "x" * 65], "--name"),
        (["left"], "not active"),
    ],
)
def test_the_command_says_what_is_wrong(somebody, django_user_model, words, why):
    django_user_model.objects.create(username="left", password="!", is_active=False)
    with pytest.raises(CommandError, match=why):
        call_command("issue_token", *words)
    assert not ApiToken.objects.exists()
