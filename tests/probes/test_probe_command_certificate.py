"""``manage.py probe`` shows the server's certificate, and takes one's own authority and client certificate from files."""

import json
from pathlib import Path

import pytest

from probes.management.commands.probe import endpoint_from_dsn
from tests.probes.test_probe_command_kinds import probe
from tests.rigs import servers
from tests.rigs.certificates import Authority

QUICK = {
    "connection": [],
    "latency": ["--samples", "2"],
    "load": ["--clients", "1", "--seconds", "0.5"],
    "health": [],
}


@pytest.mark.parametrize("kind", QUICK)
def test_every_kind_tells_it(kind):
    done = probe(kind, *QUICK[kind], servers.postgres.url())

    assert done.returncode == 0, done.stderr
    assert "not verified" in done.stdout
    assert "days left" in done.stdout


def test_json_holds_it():
    held = json.loads(probe("connection", servers.postgres.url(), "--json").stdout)["detail"]["certificate"]

    assert held["verified"] is False
    assert held["days_left"] > 0


def test_without_tls_there_is_none():
    done = probe("connection", servers.postgres.url() + "?sslmode=disable")

    assert done.returncode == 0, done.stderr
    assert "certificate" not in done.stdout


def test_help_says_what_json_holds_and_what_the_exit_codes_mean():
    done = probe("--help")

    for words in ("Exit code 0", "1:", "2:", "--json", "timings", "summary", "certificate", "scratch"):
        assert words in " ".join(done.stdout.split())


@pytest.fixture
def files(tmp_path) -> dict[str, str]:
    """An authority, a client certificate of its own and the key, each in a file, by option."""
    authority = Authority()
    mine = authority.issue("ada")
    texts = {"--sslrootcert": authority.certificate, "--sslcert": mine.certificate, "--sslkey": mine.key}
    for option, text in texts.items():
        (tmp_path / option).write_text(text)
    return {option: str(tmp_path / option) for option in texts}


def test_a_dsn_is_verified_against_the_authority_in_a_file(files):
    verifying = servers.postgres.url() + "?sslmode=verify-ca"
    own = str(servers.postgres.data / "tls" / "ca.pem")

    assert (
        "tls_certificate_untrusted"
        in probe("connection", verifying, "--sslrootcert", files["--sslrootcert"]).stdout
    )
    trusted = probe("connection", verifying, "--sslrootcert", own)
    assert trusted.returncode == 0, trusted.stdout + trusted.stderr
    assert "not verified" not in trusted.stdout


def test_a_client_certificate_and_its_key_are_read_from_files(files):
    options = {option.removeprefix("--"): path for option, path in files.items()}

    endpoint = endpoint_from_dsn("postgresql://ada@h/db", options)

    assert {name: getattr(endpoint, name) for name in options} == {
        name: Path(path).read_text() for name, path in options.items()
    }


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--sslrootcert", "/nowhere"], "--sslrootcert: cannot be read: "),
        (["--sslrootcert", "/dev/null"], "--sslrootcert: is an empty file"),
        (["--sslrootcert", __file__], "it begins with -----BEGIN CERTIFICATE-----"),
        (["--sslcert", "--sslcert"], "--sslcert: goes with --sslkey"),
        (["--sslcert", "--sslrootcert", "--sslkey", "--sslkey"], "--sslcert: does not belong to the key"),
    ],
)
def test_a_file_that_cannot_be_used_is_2_and_its_option_is_named(files, options, said):
    words = [files.get(word, word) if place % 2 else word for place, word in enumerate(options)]
    done = probe("connection", "postgresql://ada@127.0.0.1:1/db", *words)

    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_file_that_is_named_in_the_dsn_is_refused_with_the_option_for_it(files):
    done = probe("connection", f"postgresql://ada@127.0.0.1:1/db?sslrootcert={files['--sslrootcert']}")

    assert done.returncode == 2
    assert "--sslrootcert" in done.stderr
