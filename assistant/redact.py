"""Foreign text on its way to a model: made visible, freed of what nobody allowed to be told, and marked as data.

A database controls its error messages, statements and names of tables; people control names of connections. None of it
may look like an instruction's frame, a reference of ours, or a token that a model's template gives a meaning to.
"""

import re
import unicodedata
from collections.abc import Iterable

from assistant.facts import Quoted
from assistant.privacy import Reader
from connections.models import Connection

MOST_NAME, MOST_MESSAGE, MOST_STATEMENT = 80, 240, 300
HOST, USER = "(host)", "(user)"

_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
_SELECTORS = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]")
"""They change how the character before looks, and can carry any bytes unseen."""
_FRAMES = str.maketrans('<>[]{}«»`|"', "\u2039\u203a()()\u2039\u203a'\u00a6'")
"""What frames text for a model or for us, by what looks like it."""

_LITERAL = re.compile(
    r"""
      (?P<keep> "(?:[^"]|"")*" )                       # a quoted name
    | (?P<note> --[^\n]* | /\*(?:(?!/\*|\*/).)*\*/ )
    | (?P<rest> /\*.* | ".* )                           # nested or cut off: nobody can say where it ends
    | (?P<value>
        (?<![\w$])[eE]'(?:[^'\\]|''|\\.)*(?:'|\\?$)
      | (?:(?<![\w$])(?:[bBxXnN]|[uU]&))?'(?:[^']|'')*(?:'|$)
      | (?<![\w$])\$(?P<tag>(?!\d)\w*)\$.*?(?:\$(?P=tag)\$|$)
      | (?<![\w$.])0[xXoObB][\da-fA-F_]+
      | (?<![\w$.])\d[\d_]*(?:\.\d*)?(?:[eE][+-]?\d+)?
      | (?<![\w$.])\.\d+(?:[eE][+-]?\d+)? )
    """,
    re.VERBOSE | re.DOTALL,
)
_QUOTE = r"""(?:"[^"]*"?|'[^']*'?|»[^«]*«?)"""
_WORD = r"""[^\s"',;()»«]+"""
_NAMED_USER = re.compile(
    rf"""(\b(?:user|role|owner|login)(?:\s*name)?)
    (?: (\s*[=:]\s*)(?:{_QUOTE}|{_WORD}) | (\s+){_QUOTE} | (?<=\bfor\suser|\bfor\srole)(\s+){_WORD} )""",
    re.IGNORECASE | re.VERBOSE,
)
_NAMED_HOST = re.compile(
    rf"""(\b(?:host|server|address)(?:\s*name)?|\bhostaddr)
    (?: (\s*=\s*|(?<=host)\s*:\s*)(?:{_QUOTE}|{_WORD}) | (\s+){_QUOTE} )""",
    re.IGNORECASE | re.VERBOSE,
)
_ADDRESS = re.compile(
    r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?!\w)"
    r"|(?<![\w:])(?:(?:[0-9a-f]{1,4}:){3,7}[0-9a-f]{0,4}|[0-9a-f:]*::[0-9a-f:]*)(?![\w:])",
    re.IGNORECASE,
)
_LABEL = r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\."
_ENDINGS = (
    "com|net|org|info|biz|io|dev|app|cloud|tech|eu"
    "|internal|intranet|local|localdomain|lan|corp|home|private|example|invalid|test"
)
"""Of two labels only these make a domain: most others are a schema and its table, or a file."""
_DOMAIN = re.compile(
    rf"(?<![\w.-])(?:(?:{_LABEL}){{2,}}[a-z]{{2,}}|{_LABEL}(?:{_ENDINGS}))(?![\w-])", re.IGNORECASE
)


def visible(text: str) -> str:
    """On one line, without characters that cannot be seen or that turn the direction of those around them."""
    shown = (_seen(character) for character in _SELECTORS.sub("", text))
    return " ".join("".join(shown).split())


def _seen(character: str) -> str:
    if character.isspace():
        return " "
    return "" if unicodedata.category(character) in _HIDDEN else character


def quoted(text: str, most: int = MOST_NAME) -> Quoted:
    """As data: visible, bounded, and without anything that could end the quotation."""
    shown = visible(text[: 4 * most]).translate(_FRAMES)
    return Quoted(shown if len(shown) <= most else f"{shown[: most - 1]}…")


def without_literals(statement: str) -> str:
    """A statement whose values and comments are gone; names, keywords and parameters such as $1 stay."""
    return _LITERAL.sub(_replaced, statement)


def _replaced(found: re.Match[str]) -> str:
    if found["keep"] is not None:
        return found[0]
    return " " if found["note"] is not None else "…" if found["rest"] is not None else "?"


class Redactor:
    """Quotes what a reader may be told of a connection, and hides the rest by its known values and its usual frames."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader

    def name(self, connection: Connection) -> Quoted:
        """What a connection is called; its number when its name would give away its host or user."""
        name = connection.name.lower()
        tells_host = not self.reader.hosts and connection.host.lower() in name
        tells_user = not self.reader.users and f"{connection.username.lower()}@" in name
        return quoted(f"connection {connection.pk}" if tells_host or tells_user else connection.name)

    def question(self, text: str, connections: Iterable[Connection]) -> str:
        """What somebody asks, with the connections that it names called as the reader knows them."""
        for one in sorted(connections, key=lambda one: -len(one.name)):
            told = self.name(one).text
            if told == f"connection {one.pk}":
                text = _known(one.name).sub(told, text)
        return text

    def message(self, text: str, connection: Connection) -> Quoted:
        """What a server or a system said."""
        said = self._hidden(visible(text), connection)
        return quoted(said if self.reader.hosts else _DOMAIN.sub(HOST, said), MOST_MESSAGE)

    def statement(self, text: str, connection: Connection) -> Quoted | None:
        """A statement without its values; None when statements may not be told."""
        if not self.reader.statements:
            return None
        return quoted(self._hidden(visible(without_literals(text)), connection), MOST_STATEMENT)

    def _hidden(self, text: str, connection: Connection) -> str:
        if not self.reader.hosts:
            text = _known(connection.host).sub(HOST, text)
            text = _ADDRESS.sub(HOST, _NAMED_HOST.sub(rf"\1\2\3{HOST}", text))
        if not self.reader.users:
            text = _known(connection.username).sub(USER, text)
            text = _NAMED_USER.sub(rf"\1\2\3\4{USER}", text)
        return text


def _known(value: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w.-]){re.escape(visible(value))}(?![\w-])", re.IGNORECASE)
