"""Every field refuses nonsense beside itself and keeps what was typed, except secrets."""

import pytest

from connections.models import Connection

BAD = [
    ("name", "", "Give the connection a name"),
    ("name", "   ", "Give the connection a name"),
    ("name", "\u200b\u2060\ufeff", "can be seen"),
    ("name", "\u2800\u3164 \uffa0\u115f\u1160", "can be seen"),
    ("name", "\u202e\u2066\u200e", "can be seen"),
    ("name", "\u00ad\u034f\ufe0f\U000e0041", "can be seen"),
    ("name", "\u0301", "can be seen"),
    ("name", "n" * 64, "63 characters"),
    ("name", "é" * 32, "63 bytes"),
    ("name", "a\x00b", "Null characters"),
    ("name", "a\x1bb", "control characters"),
    ("name", "a\u2028b", "control characters"),
    ("host", "", "Enter the host name"),
    ("host", "two words", "Remove the spaces"),
    ("host", "h/path", "no path"),
    ("host", "/var/run/postgresql", "no path"),
    ("host", "https://h", "whole URL"),
    ("host", "h1,h2", "one host"),
    ("host", "h:5432", "own field"),
    ("host", "ada@h", "own fields"),
    ("host", "fe80::1%eth0", "percent"),
    ("host", "[::1", "IPv6"),
    ("host", "256.1.1.1", "four numbers"),
    ("host", "127.1", "four numbers"),
    ("host", "a..b", "not a host name"),
    ("host", "-a.example", "not a host name"),
    ("host", "a" * 64, "not a host name"),
    ("host", "<script>", "not a host name"),
    ("host", "a\x00b", "Null characters"),
    ("host", "a\x07b", "control characters"),
    ("port", "", "1 to 65535"),
    ("port", "0", "1 to 65535"),
    ("port", "65536", "1 to 65535"),
    ("port", "-1", "1 to 65535"),
    ("port", "text", "1 to 65535"),
    ("port", "9" * 30, "1 to 65535"),
    ("database", "", "name of the database"),
    ("database", "d" * 64, "63 characters"),
    ("database", "😀" * 16, "63 bytes"),
    ("database", "a\x00b", "Null characters"),
    ("database", "a\tb", "control characters"),
    ("username", "", "user to sign in as"),
    ("username", "u" * 64, "63 characters"),
    ("username", "a\nb", "control characters"),
    ("sslmode", "yes", "not one of the available choices"),
    ("connect_timeout", "0", "1 to 60"),
    ("connect_timeout", "61", "1 to 60"),
    ("connect_timeout", "soon", "1 to 60"),
    ("provider", "acme", "not one of the available choices"),
    ("region", "atlantis", "no region of this code"),
    ("region", "a\x00b", "Null characters"),
    ("tags", ",".join("abcdefghijk"), "10 tags"),
    ("tags", "t" * 33, "32 characters"),
    ("tags", "a\x01b", "control characters"),
    ("tags", "a\x00b", "control characters"),
    ("sslrootcert", "/etc/ssl/ca.pem", "BEGIN CERTIFICATE"),
    ("sslrootcert", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", "BEGIN CERTIFICATE"),
    ("sslcert", "nonsense", "BEGIN CERTIFICATE"),
]


@pytest.mark.parametrize(
    ("field", "typed", "says"), BAD, ids=[f"{name}-{n}" for n, (name, _, _) in enumerate(BAD)]
)
def test_nonsense_is_refused_beside_its_field_and_kept(client, fields, field, typed, says):
    fields[field] = typed
    response = client.post("/connections/new/", fields)
    assert response.status_code == 422
    form = response.context["form"]
    assert list(form.errors) == [field]
    assert says in " ".join(form.errors[field])
    assert form[field].value() == typed
    assert f'id="id_{field}_error"' in response.text
    assert fields["password"] not in response.text
    assert not Connection.objects.exists()


@pytest.mark.parametrize(
    ("field", "typed", "says"),
    [
        ("password", "a\x00b", "control characters"),
        ("password", "line\nbreak", "control characters"),
        ("password", "p" * 4097, "4096 characters"),
        ("sslkey", "/etc/ssl/key.pem", "BEGIN PRIVATE KEY"),
        ("dsn", "postgresql://ada:hunter2@h/app?sslrootcert=/etc/passwd", "paste the text"),
        ("dsn", "postgresql://ada:hunter2@h/app?colour=red", "not supported"),
        ("dsn", "hunter2", "postgresql://"),
    ],
)
def test_nonsense_in_a_secret_is_refused_and_never_shown_again(client, fields, field, typed, says):
    fields[field] = typed
    response = client.post("/connections/new/", fields)
    assert response.status_code == 422
    assert says in " ".join(response.context["form"].errors[field])
    assert typed not in response.text
    assert "hunter2" not in response.text
    assert "secrets are never sent back" in response.text


@pytest.mark.parametrize(
    "name",
    [
        "👩\u200d💻",
        "❤\ufe0f",
        "🇦🇹",
        "\U0001fae9",
        "قاعدة",
        "\u202egnp.exe",
        "हि",
        "é",
        "データ",
        "\u3164x",
        "-",
        "\ue000",
    ],
)
def test_a_name_of_which_something_is_seen_is_kept_as_typed(client, fields, name):
    assert client.post("/connections/new/", {**fields, "name": name}).status_code == 302
    assert Connection.objects.get().name == name


def test_several_errors_each_stand_beside_their_own_field(client, fields):
    response = client.post("/connections/new/", {**fields, "name": "", "host": "a b", "port": "0"})
    assert set(response.context["form"].errors) == {"name", "host", "port"}


def test_a_name_that_is_taken_is_refused_whatever_its_capitals(client, fields, make_connection):
    make_connection("Orders")
    response = client.post("/connections/new/", fields)
    assert "Another connection has this name" in response.text


@pytest.mark.parametrize("text", ["a\x00b", "%", "_", "'", "\\", '"; --', "😀"])
def test_searching_for_anything_is_harmless(make_connection, text):
    make_connection("plain")
    assert text == "_" or not Connection.objects.search(text).exists()


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("DB.Example.ORG.", "db.example.org"),
        ("[2001:0DB8::0001]", "2001:db8::1"),
        ("müller.example", "xn--mller-kva.example"),
        ("a_b.example", "a_b.example"),
        ("localhost", "localhost"),
        (" 192.0.2.7 ", "192.0.2.7"),
    ],
)
def test_hosts_are_kept_in_one_normal_form(client, fields, typed, kept):
    assert client.post("/connections/new/", {**fields, "host": typed}).status_code == 302
    assert Connection.objects.get().host == kept
