"""Hosts, users and statements go to the model only when an administrator allows each; literals never do."""

import json

import pytest
from django.contrib.auth import get_user_model
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.urls import reverse

from assistant import privacy, tools
from assistant.briefing import brief
from assistant.models import Disclosure
from assistant.privacy import PERSON, Reader, reader_for_model
from assistant.redact import Redactor, without_literals
from connections.models import Connection
from tests.rigs.known_history import Known

SECRETS = {"hosts": ["example.internal", "10.1.2.3"], "users": ["keeper"], "statements": ["orders", "stock"]}
CALLS = [
    ("failing", {}),
    ("latest_results", {"connection": "dublin-1"}),
    ("health", {"connection": "frankfurt-1"}),
    ("top_statements", {"connection": "frankfurt-1"}),
    ("list_connections", {}),
    ("what_changed", {"connection": "dublin-1"}),
    ("outages", {"connection": "dublin-1"}),
]


def told(reader: Reader) -> str:
    answers = [tools.call(name, arguments, reader=reader).text for name, arguments in CALLS]
    return "\n".join(
        [*answers, brief("What of dublin-1 and frankfurt-1?", reader=reader, budget=50_000).text]
    )


def test_nothing_of_it_is_told_unless_somebody_allowed_it(known: Known):
    everything = told(reader_for_model())
    for secret in (*SECRETS["hosts"], *SECRETS["users"], *SECRETS["statements"]):
        assert secret not in everything
    assert "(host)" in everything
    assert "(user)" in everything


@pytest.mark.parametrize("name", SECRETS)
def test_each_switch_allows_its_own_and_no_other(known: Known, name: str):
    Disclosure.objects.create(**{name: True})
    everything = told(reader_for_model())
    for switch, secrets in SECRETS.items():
        for secret in secrets:
            assert (secret in everything) == (switch == name), secret


def test_values_in_statements_are_never_told(known: Known):
    everything = told(PERSON)
    assert "SELECT * FROM orders WHERE customer = ? AND id = ?" in everything
    assert "Secret" not in everything
    assert "4711" not in everything


@pytest.mark.parametrize(
    ("statement", "left"),
    [
        ("SELECT 'a''b', E'it\\'s', 'C:\\' || x", "SELECT ?, ?, ? || x"),
        ("SELECT $1, $tag$ secret $ $tag$, $$ s $$", "SELECT $1, ?, ?"),
        (
            "SELECT 1, 2.5, -3e10, .5, 0xFF, 1_000 FROM t1 WHERE c2 = $2",
            "SELECT ?, ?, -?, ?, ?, ? FROM t1 WHERE c2 = $2",
        ),
        ("SELECT \"na'me\", b'01', U&'\\0041', n'x' -- secret\nFROM t", 'SELECT "na\'me", ?, ?, ?  \nFROM t'),
        ("SELECT /* 'secret */ 1 /* a /* nested */ secret */", "SELECT   ? …"),
        ("SELECT 'cut off in the mid", "SELECT ?"),
        ('SELECT "cut off', "SELECT …"),
        ("SELECT $$cut off", "SELECT ?"),
        (
            "ALTER USER bob PASSWORD 'hunter2' VALID UNTIL '2030-01-01'",
            "ALTER USER bob PASSWORD ? VALID UNTIL ?",
        ),
    ],
)
def test_literals_of_every_form_are_replaced(statement: str, left: str):
    assert without_literals(statement) == left


CONNECTION = Connection(pk=7, name="shop", host="db1.shop.example", username="bob", database="x")


@pytest.mark.parametrize(
    ("message", "hidden"),
    [
        ('password authentication failed for user "bob"', "password authentication failed for user (user)"),
        ('role "alice" does not exist', "role (user) does not exist"),
        ('no pg_hba.conf entry for host "1.2.3.4", user "eve"', "no pg_hba.conf entry for host (host), user (user)"),
        ("could not reach DB1.shop.example:5432", "could not reach (host):5432"),
        ("db1.shop.exa\u200bmple is away", "(host) is away"),
        ("certificate is for other.host.example.org, not us", "certificate is for (host), not us"),
        ("no route to 10.0.0.7 or fe80::1:2 or 2001:db8:0:0:1:2:3:4", "no route to (host) or (host) or (host)"),
        ("user=alice host=db9.internal port=5432", "user=(user) host=(host) port=5432"),
        ("no such user: alice (pgbouncer)", "no such user: (user) (pgbouncer)"),
        ("permission denied for user alice", "permission denied for user (user)"),
        ("too many connections for role eve, wait", "too many connections for role (user), wait"),
        ("could not look up db9.internal or example.com.", "could not look up (host) or (host)."),
        ('relation "public.orders" and postgresql.conf', "relation 'public.orders' and postgresql.conf"),
        ("ERROR from server: too many clients", "ERROR from server: too many clients"),
        ("the user name or password is wrong", "the user name or password is wrong"),
        ("bobsled and bob.", "bobsled and (user)."),
        ("at 12:34:56 version 17.4 failed", "at 12:34:56 version 17.4 failed"),
    ],
)  # fmt: skip
def test_messages_lose_hosts_and_users_and_nothing_else(message: str, hidden: str):
    assert Redactor(Reader()).message(message, CONNECTION).text == hidden


def test_a_name_that_gives_the_host_or_user_away_becomes_a_number():
    for name in ("db1.shop.example", "primary DB1.SHOP.EXAMPLE", "bob@prod"):
        one = Connection(pk=7, name=name, host="db1.shop.example", username="bob")
        assert Redactor(Reader()).name(one).text == "connection 7"
        assert Redactor(PERSON).name(one).text == name
    assert Redactor(Reader()).name(CONNECTION).text == "shop"


def test_a_connection_is_found_by_the_number_that_stands_for_its_name(db, make_connection):
    one = make_connection("127.0.0.1 at home")
    answer = tools.call("what_changed", {"connection": f"connection {one.pk}"}, reader=Reader())
    assert "error" not in json.loads(answer.text)
    assert "127.0.0.1" not in answer.text


@pytest.fixture
def member(db) -> Client:
    client = Client()
    client.force_login(get_user_model().objects.create(username="bob", password="!"))
    return client


def test_an_administrator_turns_the_switches_on_their_page(client, user, known: Known):
    url = reverse("assistant-privacy")
    assert client.post(url, {"hosts": "on"}).status_code == 302
    kept = Disclosure.objects.get()
    assert (kept.statements, kept.hosts, kept.users, kept.changed_by) == (False, True, False, user)
    html = client.get(url).content.decode()
    assert "Changed by ada" in html
    assert "Facts as of" in html
    assert client.post(url, {}).status_code == 302
    assert reader_for_model() == Reader()


def test_others_see_them_and_change_nothing(member, known: Known):
    url = reverse("assistant-privacy")
    html = member.get(url).content.decode()
    assert html.count("disabled") >= 3
    assert "Only an administrator changes this." in html
    assert member.post(url, {"hosts": "on"}).status_code == 403
    assert not Disclosure.objects.exists()


def test_the_admin_keeps_one_row_by_the_same_rule(client, user, known: Known):
    url = reverse("admin:assistant_disclosure_add")
    assert client.post(url, {"users": "on"}).status_code == 302
    assert Disclosure.objects.get().changed_by == user
    assert client.get(url).status_code == 403
    assert client.get(reverse("admin:assistant_disclosure_delete", args=[1])).status_code == 403


def test_the_rule_is_that_of_the_flow(db):
    with pytest.raises(PermissionDenied):
        privacy.allow(Disclosure(hosts=True), get_user_model().objects.create(username="bob", password="!"))
