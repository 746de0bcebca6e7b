import pytest
from hypothesis import given
from hypothesis import strategies as st

from connections.dsn import SSL_MODES, Dsn, DsnError, build, parse
from connections.models import SslMode
from connections.pasted import fields_of

printable = st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"])
names = st.text(printable, min_size=1, max_size=15).filter(lambda text: text.strip())
hosts = st.sampled_from(
    ["db.example.org", "localhost", "192.0.2.7", "2001:db8::1", "a_b.example", "xn--mller-kva.example"]
)
dsns = st.builds(
    Dsn,
    host=hosts,
    port=st.integers(1, 65535),
    database=names,
    user=names,
    password=st.text(printable, max_size=60),
    sslmode=st.none() | st.sampled_from(SSL_MODES),
    connect_timeout=st.none() | st.integers(1, 60),
    pooled=st.none() | st.booleans(),
)


@given(dsns)
def test_what_is_built_is_read_back_unchanged(dsn):
    assert parse(build(dsn)) == dsn


@pytest.mark.parametrize(
    "password", ["p@ss", "a/b", "a:b", "a#b", "100%", "a?b&c=d", "two words", "пароль", "🔑", "%40", "+"]
)
def test_any_character_of_a_password_survives(password):
    dsn = Dsn(host="db.example.org", database="app", user="ada", password=password)
    assert parse(build(dsn)).password == password


@given(st.text(st.sampled_from("ab@:#%+ "), max_size=12).filter(lambda text: "%" not in text))
def test_a_password_pasted_raw_keeps_its_at_signs_colons_and_hashes(password):
    assert parse(f"postgresql://ada:{password}@db.example.org/app").password == password


raw_passwords = st.text(st.sampled_from("WXYZ/?#@:%&="), min_size=8, max_size=20)


@given(raw_passwords)
def test_a_raw_password_is_never_shown_whether_the_url_can_be_read_or_not(password):
    try:
        shown = repr(parse(f"postgresql://ada:{password}@db.example.org/app"))
    except DsnError as error:
        shown = str(error)
    assert not _pieces(password, shown)


@given(raw_passwords)
def test_a_url_that_ends_in_its_password_is_refused_without_showing_it(password):
    # With an @ in it, it is another URL: a shorter password and a host.
    url = f"postgresql://ada:{password.replace('@', '')}"
    with pytest.raises(DsnError) as refusal:
        parse(url)
    assert not _pieces(password, str(refusal.value))


def _pieces(password, shown):
    runs = ["".join(run) for run in zip(password, password[1:], password[2:], strict=False)]
    return [run for run in runs if run in shown and set(run) & set("WXYZ")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("postgres://ada@h", Dsn(host="h", database="ada", user="ada")),
        ("POSTGRESQL://ada@H/app", Dsn(host="h", database="app", user="ada")),
        ("  postgresql://ada:@h:/app\n", Dsn(host="h", database="app", user="ada")),
        ("postgresql://ada@[2001:DB8::1]:6543/app", Dsn(host="2001:db8::1", port=6543, database="app", user="ada")),
        ("postgresql://ada@h/a%20b?sslmode=verify-full", Dsn(host="h", database="a b", user="ada", sslmode="verify-full")),
        ("postgresql:///app?host=h&user=ada&port=5433", Dsn(host="h", port=5433, database="app", user="ada")),
        ("postgresql://ada@h/app?ssl=true", Dsn(host="h", database="app", user="ada", sslmode="require")),
        ("postgresql://ada@h/app?application_name=x", Dsn(host="h", database="app", user="ada")),
        ("postgresql://ada@h?connect_timeout=3", Dsn(host="h", database="ada", user="ada", connect_timeout=3)),
        ("postgresql://ada@h/app?channel_binding=prefer", Dsn(host="h", database="app", user="ada")),
        ("host=h user=u channel_binding=require", Dsn(host="h", database="u", user="u", sslmode="verify-full")),
        ("postgresql://ada@h/app?pgbouncer=true&connection_limit=1", Dsn(host="h", database="app", user="ada", pooled=True)),
        ("postgresql://ada@h/app?pgbouncer=false", Dsn(host="h", database="app", user="ada", pooled=False)),
        (r"host=h user=ada password='it\'s'", Dsn(host="h", database="ada", user="ada", password="it's")),
        (r"host = h user='a b' password=x\ y", Dsn(host="h", database="a b", user="a b", password="x y")),
    ],
)  # fmt: skip
def test_the_forms_that_libpq_reads_are_read(text, expected):
    assert parse(text) == expected


@pytest.mark.django_db
def test_tls_is_required_unless_the_url_or_somebody_says_otherwise():
    silent, telling = parse("postgresql://ada@h/app"), parse("postgresql://ada@h/app?sslmode=disable")
    assert fields_of(silent, {})["sslmode"] == "require"
    assert fields_of(telling, {"sslmode": "verify-full"})["sslmode"] == "disable"
    assert "sslmode" not in fields_of(silent, {"sslmode": "verify-full"})


def test_form_and_url_know_the_same_modes():
    assert tuple(SslMode.values) == SSL_MODES
