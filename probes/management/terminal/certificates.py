"""``--sslrootcert``, ``--sslcert``, ``--sslkey``: a connection string names no file, but whoever types a command may."""

from argparse import ArgumentParser
from collections.abc import Mapping
from typing import Any

from connections import pem, rules
from probes.engine.plan import PlanError

RULES = {"sslrootcert": pem.certificates, "sslcert": pem.certificates, "sslkey": pem.private_key}
FOR_A_DSN = "With a DSN, --sslrootcert, --sslcert and --sslkey name files of this machine."


def add_arguments(parser: ArgumentParser) -> None:
    group = parser.add_argument_group("with a DSN", "as PEM; a stored connection has its own")
    group.add_argument(
        "--sslrootcert", metavar="FILE", help="the authorities that may sign the server's certificate"
    )
    group.add_argument("--sslcert", metavar="FILE", help="the client certificate")
    group.add_argument("--sslkey", metavar="FILE", help="its key, without a passphrase")


def given(options: Mapping[str, Any]) -> dict[str, str]:
    """The text of the files, "" without one, by the endpoint's fields. `PlanError` names an option that cannot be used."""
    found = {name: _read(name, options[name]) if options[name] else "" for name in RULES}
    if bool(found["sslcert"]) != bool(found["sslkey"]):
        raise PlanError("sslcert", "goes with --sslkey, and neither without the other")
    if found["sslcert"] and not pem.belong_together(found["sslcert"], found["sslkey"]):
        raise PlanError("sslcert", "does not belong to the key")
    return found


def _read(name: str, path: str) -> str:
    try:
        with open(path, encoding="utf-8") as file:
            text = RULES[name](file.read(pem.MAX_LENGTH + 1))
    except (OSError, UnicodeDecodeError) as error:
        raise PlanError(name, f"cannot be read: {error}") from error
    except rules.Refused as refusal:
        raise PlanError(name, f"cannot be used. {refusal}") from refusal
    if not text:
        raise PlanError(name, "is an empty file")
    return text
