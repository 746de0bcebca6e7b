"""What the environment says is read exactly, and what cannot be read is refused without being repeated."""

import re

import pytest
from django.core.exceptions import ImproperlyConfigured

from config.env import Env, database_from_url, embedded_state

SECRET = "hunter2"


def test_a_value_is_read_without_the_blanks_around_it():
    assert Env({"NAME": "  a value\n"}).text("NAME") == "a value"


@pytest.mark.parametrize("environ", [{}, {"NAME": ""}, {"NAME": "  "}, {"NAME": "", "NAME_FILE": " "}])
def test_what_is_empty_counts_as_unset(environ):
    env = Env(environ)
    assert env.text("NAME", "default") == "default"
    assert env.flag("NAME", True) is True
    assert env.number("NAME", 7, 1, 9) == 7
    assert env.words("NAME", "a,b") == ["a", "b"]


def test_a_file_holds_the_value_of_every_reader(tmp_path):
    path = tmp_path / "value"
    env = Env({"NAME_FILE": str(path)})
    path.write_text("two words, 🐘\n")
    assert env.text("NAME") == "two words, 🐘"
    assert env.words("NAME") == ["two words", "🐘"]
    path.write_text("12\n")
    assert env.number("NAME", 0, 1, 20) == 12
    path.write_text("off\n")
    assert env.flag("NAME", True) is False


def test_the_value_itself_goes_before_the_file(tmp_path):
    (tmp_path / "value").write_text("from the file")
    env = Env({"NAME": "itself", "NAME_FILE": str(tmp_path / "value")})
    assert env.text("NAME") == "itself"


@pytest.mark.parametrize(("place", "reason"), [("missing", "No such file"), (".", "Is a directory")])
def test_a_file_that_cannot_be_read_is_named_by_its_variable(tmp_path, place, reason):
    with pytest.raises(ImproperlyConfigured, match=f"^NAME_FILE cannot be read: {reason}"):
        Env({"NAME_FILE": str(tmp_path / place)}).text("NAME")


def test_a_file_that_is_no_text_is_named_and_not_repeated(tmp_path):
    (tmp_path / "value").write_bytes(b"\xff\xfehunter2")
    with pytest.raises(ImproperlyConfigured, match="NAME_FILE cannot be read") as error:
        Env({"NAME_FILE": str(tmp_path / "value")}).text("NAME")
    assert error.value.__suppress_context__


@pytest.mark.parametrize("word", ["1", "true", "TRUE", "yes", "On"])
def test_a_flag_is_on(word):
    assert Env({"NAME": word}).flag("NAME", False) is True


@pytest.mark.parametrize("word", ["0", "false", "False", "no", "OFF"])
def test_a_flag_is_off(word):
    assert Env({"NAME": word}).flag("NAME", True) is False


@pytest.mark.parametrize("word", ["2", "maybe", "ja", "true false", SECRET])
def test_any_other_flag_is_refused_and_not_repeated(word):
    with pytest.raises(ImproperlyConfigured) as error:
        Env({"NAME": word}).flag("NAME", True)
    assert str(error.value) == "NAME must be 1 or 0."


@pytest.mark.parametrize("text", ["1", "9", "007"])
def test_a_number_within_its_bounds_is_taken(text):
    assert Env({"NAME": text}).number("NAME", 5, 1, 9) == int(text)


@pytest.mark.parametrize(
    "text", ["0", "10", "-1", "+1", "1.5", "1e3", "1_0", "0x5", "²", "٣", "9" * 5000, SECRET]
)
def test_any_other_number_is_refused_and_not_repeated(text):
    with pytest.raises(ImproperlyConfigured) as error:
        Env({"NAME": text}).number("NAME", 5, 1, 9)
    assert str(error.value) == "NAME must be a whole number from 1 to 9."


def test_words_are_split_at_commas_and_empty_ones_left_out():
    assert Env({"NAME": " a , b c,, ,d,"}).words("NAME") == ["a", "b c", "d"]


def test_a_database_is_read_from_its_url():
    assert database_from_url("postgresql://ada:hunter2@db.example.org:6543/app") == {
        "ENGINE": "django.db.backends.postgresql",
        "HOST": "db.example.org",
        "PORT": 6543,
        "NAME": "app",
        "USER": "ada",
        "PASSWORD": "hunter2",
        "OPTIONS": {},
    }


def test_what_a_url_leaves_out_has_its_usual_value():
    found = database_from_url("postgres://db.example.org/app")
    assert (found["PORT"], found["USER"], found["PASSWORD"]) == (5432, "", "")


@pytest.mark.parametrize(
    ("written", "password"),
    [
        ("p%40ss", "p@ss"),
        ("p@ss", "p@ss"),
        ("p%2Fss", "p/ss"),
        ("p%3Ass", "p:ss"),
        ("p:ss", "p:ss"),
        ("p%23ss", "p#ss"),
        ("p%3Fss%26", "p?ss&"),
        ("100%25", "100%"),
        ("a+b", "a+b"),
        ("%C3%A9%F0%9F%90%98", "é🐘"),
        ("%5Bx%5D", "[x]"),
    ],
)
def test_any_password_can_be_written_in_a_url(written, password):
    found = database_from_url(f"postgresql://ada:{written}@db.example.org:6543/app")
    assert (found["PASSWORD"], found["USER"], found["HOST"]) == (password, "ada", "db.example.org")
    assert (found["PORT"], found["NAME"]) == (6543, "app")


def test_user_and_database_may_be_percent_encoded_too():
    found = database_from_url("postgresql://a%40b:x@h/my%20app%2Ftwo")
    assert (found["USER"], found["NAME"]) == ("a@b", "my app/two")


def test_a_url_may_hold_an_ipv6_address():
    found = database_from_url("postgresql://ada:hunter2@[2001:db8::1]:6543/app")
    assert (found["HOST"], found["PORT"], found["PASSWORD"]) == ("2001:db8::1", 6543, SECRET)
    assert database_from_url("postgresql://[::1]/app")["HOST"] == "::1"


def test_options_of_a_url_reach_libpq_unchanged():
    found = database_from_url(
        "postgresql://h/app?sslmode=verify-full&sslrootcert=%2Fetc%2Fca.pem&options=-c%20a=b&empty"
    )
    assert found["OPTIONS"] == {
        "sslmode": "verify-full",
        "sslrootcert": "/etc/ca.pem",
        "options": "-c a=b",
    }


@pytest.mark.parametrize(
    "url",
    [
        "",
        "hunter2",
        "mysql://ada:hunter2@h/app",
        "ada:hunter2@h/app",
        "postgresql:///hunter2",
        "postgresql://ada:hunter2@/app",
        "host=h password=hunter2",
        "postgresql://ada:hunter2/x@h/app",
        "postgresql://ada:hunter2#x@h/app",
        "postgresql://ada:hunter2?x@h/app",
        "postgresql://ada:12#hunter2@h/app",
        "postgresql://ada:hunter2\u2100@h/app",
        "postgresql://ada:hunter2[x@h/app",
        "postgresql://ada:hunter2@[::1/app",
        "postgresql://ada:hunter2@h:0/app",
        "postgresql://ada:hunter2@h:65536/app",
        "postgresql://ada:hunter2@h:port/app",
    ],
)
def test_what_is_no_url_of_a_database_is_refused_and_not_repeated(url):
    with pytest.raises(ImproperlyConfigured, match=re.escape("postgresql://user:password@host")) as error:
        database_from_url(url)
    assert SECRET not in str(error.value)
    assert error.value.__cause__ is None
    assert error.value.__suppress_context__ or error.value.__context__ is None


def test_the_embedded_stack_s_state_is_read(tmp_path):
    (tmp_path / "stack.json").write_text('{"redis_url": "redis://h/0"}')
    assert embedded_state(tmp_path) == {"redis_url": "redis://h/0"}


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b'"text"', b"\xff\xfe\x00", b"[" * 9])
def test_a_damaged_state_counts_as_none(tmp_path, content):
    (tmp_path / "stack.json").write_bytes(content)
    assert embedded_state(tmp_path) == {}


def test_a_missing_state_counts_as_none(tmp_path):
    assert embedded_state(tmp_path) == {}
    assert embedded_state(tmp_path / "nowhere") == {}
    (tmp_path / "stack.json").mkdir()
    assert embedded_state(tmp_path) == {}
