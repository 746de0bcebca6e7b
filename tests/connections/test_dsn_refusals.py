import pytest

from connections.dsn import DsnError, parse

REFUSED = [
    ("", "dsn", "postgresql://"),
    ("db.example.org", "dsn", "postgresql://"),
    ("mysql://ada@h/app", "dsn", "postgresql://"),
    ("psql 'postgresql://ada@h/app'", "dsn", "only the URL"),
    ("postgresql://ada@h/app" + "x" * 9000, "dsn", "within"),
    ("postgresql://ada@h/app?sslrotcert=x", "dsn", "not supported"),
    ("postgresql://ada@h/app?options=-c%20x", "dsn", "options is not supported"),
    ("postgresql://ada@h/app?schema=shop", "dsn", "schema is not supported"),
    ("postgresql://ada@h/app?keepalives_idle=5", "dsn", "keepalives_idle is not supported"),
    ("postgresql://ada@h/app?channel_binding=always", "dsn", "channel_binding with this value"),
    ("postgresql://ada@h/app?channel_binding=require&sslmode=disable", "sslmode", "channel_binding=require"),
    ("postgresql://ada@h/app?pgbouncer=maybe", "pooled", "true or false"),
    ("postgresql://ada@h/app?target_session_attrs=primary", "dsn", "target_session_attrs"),
    ("postgresql://ada@h/app?sslmode", "dsn", "no value"),
    ("postgresql://ada@h/app?sslmode=require&sslmode=disable", "sslmode", "twice"),
    ("postgresql://ada@h/app?host=other", "host", "twice"),
    ("postgresql://ada@h/app?sslmode=yes", "sslmode", "verify-full"),
    ("postgresql://ada@h/app?connect_timeout=0", "connect_timeout", "1 to 60"),
    ("postgresql://ada@h/app?connect_timeout=61", "connect_timeout", "1 to 60"),
    ("postgresql://ada@h/app?connect_timeout=soon", "connect_timeout", "1 to 60"),
    *[
        (f"postgresql://ada@h/app?{option}=/etc/passwd", "dsn", "paste the text")
        for option in ("sslrootcert", "sslcert", "sslkey", "sslcrl", "passfile", "servicefile")
    ],
    ("host=h user=ada sslrootcert=/etc/ssl/ca.pem", "dsn", "paste the text"),
    ("postgresql://ada@h1,h2/app", "host", "one host"),
    ("postgresql://ada@h1:1,h2:2/app", "host", "one host"),
    ("postgresql://ada@%2Fvar%2Frun%2Fpostgresql/app", "host", "path"),
    ("postgresql:///app?host=/var/run/postgresql&user=ada", "host", "path"),
    ("host=/tmp user=ada", "host", "path"),
    ("postgresql://ada@/app", "host", "missing"),
    ("postgresql://h/app", "user", "missing"),
    ("postgresql://:secret@h/app", "user", "missing"),
    ("postgresql://ada@h:0/app", "port", "65535"),
    ("postgresql://ada@h:65536/app", "port", "65535"),
    ("postgresql://ada@h:text/app", "port", "65535"),
    ("postgresql://ada@h:-1/app", "port", "65535"),
    ("postgresql://ada@h:\N{ARABIC-INDIC DIGIT ONE}/app", "port", "65535"),
    ("postgresql://ada@2001:db8::1/app", "host", "brackets"),
    ("postgresql://ada@[2001:db8::1/app", "host", "IPv6"),
    ("postgresql://ada@[::1]x/app", "host", "IPv6"),
    ("postgresql://ada@[nonsense]/app", "host", "IPv6"),
    ("postgresql://ada@a%20b/app", "host", "spaces"),
    ("postgresql://ada@-h/app", "host", "not a host name"),
    ("postgresql://ada@127.1/app", "host", "four numbers"),
    ("postgresql://ada@0x7f000001/app", "host", "four numbers"),
    ("postgresql://ada@2130706433/app", "host", "four numbers"),
    ("postgresql://ada@12\N{FULLWIDTH DIGIT SEVEN}.1/app", "host", "four numbers"),
    ("postgresql://ada@fass\N{LATIN SMALL LETTER SHARP S}.example/app", "host", "xn--"),
    ("postgresql://ada:a%00b@h/app", "password", "control characters"),
    ("postgresql://ada:a%0Ab@h/app", "password", "control characters"),
    ("postgresql://ada:a\x00b@h/app", "dsn", "control characters"),
    ("postgresql://ada:\ud800@h/app", "dsn", "control characters"),
    ("postgresql://a%00da@h/app", "user", "control characters"),
    ("postgresql://ada@h/a%1Bpp", "database", "control characters"),
    ("postgresql://ada:100%@h/app", "password", "%25"),
    ("postgresql://ada:%ff@h/app", "password", "UTF-8"),
    ("postgresql://ada:a/b@h/app", "password", "%2F"),
    ("postgresql://ada:a?b@h/app", "password", "%3F"),
    (f"postgresql://ada@h/{'d' * 64}", "database", "63 bytes"),
    (f"postgresql://{'é' * 32}@h/app", "user", "63 bytes"),
    ("postgresql://ada@h/%20", "database", "name of the database"),
    ("host=h user=ada stray", "dsn", "name=value"),
    ("host=h user='ada", "dsn", "name=value"),
]


@pytest.mark.parametrize(("text", "field", "says"), REFUSED, ids=range(len(REFUSED)))
def test_what_cannot_be_honoured_is_refused_with_what_to_do(text, field, says):
    with pytest.raises(DsnError) as refusal:
        parse(text)
    assert refusal.value.field == field
    assert says in refusal.value.message


def test_pieces_of_a_mistyped_password_are_not_taken_for_option_names_and_shown():
    with pytest.raises(DsnError) as refusal:
        parse("host=h user=ada password=correct horse=battery")
    assert "horse" not in str(refusal.value)
    assert "battery" not in str(refusal.value)
