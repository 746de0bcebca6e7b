"""Which environment variables the code reads: found in the code itself, so that no page has to be believed."""

import ast
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent.parent
READERS = {"text", "flag", "number", "words"}
ROOMS = ("config", "assistant", "probes", "connections")


def read_through_env() -> set[str]:
    """The names that `config.env.Env` is asked for; each can also be given as NAME_FILE."""
    found = set()
    for path in _sources():
        for node in ast.walk(ast.parse(path.read_text())):
            match node:
                case ast.Call(
                    func=ast.Attribute(value=who, attr=reader), args=[ast.Constant(value=str(name)), *_]
                ) if reader in READERS and _is_env(who):
                    found.add(name)
    return found


def read_anywhere() -> set[str]:
    """Those, and what is read without `Env`."""
    return read_through_env() | {"AIVEN_PG_<REGION>"}


def _is_env(who: ast.expr) -> bool:
    match who:
        case ast.Name(id="env") | ast.Call(func=ast.Name(id="Env")):
            return True
    return False


def _sources() -> list[Path]:
    return [path for room in ROOMS for path in (PROJECT / room).rglob("*.py")]
