"""How an exported file is written. PostgreSQL writes the rows; what we know of their connections is put behind them."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from django.db.models import CharField, DateTimeField, Field, TextField

from probes.history.checks import COLUMNS
from probes.models import Result

ABOUT = ("connection", "provider", "region")
FORMULA = "=+@\t\r\n\uff1d\uff0b\uff0d\uff20-"
"""Text that begins with one of these is run by spreadsheets, which take the full-width signs for the others; an
apostrophe in front makes it text again. The hyphen comes last: they stand in the brackets of a regular expression too.
"""

_QUOTED = (
    f"""'"' || CASE WHEN {{0}} ~ '^[{FORMULA}]' THEN '''' ELSE '' END || replace({{0}}, '"', '""') || '"'"""
)
"""`_quoted` in SQL."""


@dataclass(frozen=True, kw_only=True)
class Form:
    """``line`` is a row's columns in SQL, ``after`` writes the values of `ABOUT` that follow it."""

    content_type: str
    line: str
    after: Callable[[tuple[str, ...]], str]
    begin: str
    between: str
    end: str
    end_of_nothing: str


def _quoted(text: str) -> str:
    harmless = f"'{text}" if text.startswith(tuple(FORMULA)) else text
    return '"' + harmless.replace('"', '""') + '"'


def _csv_cell(field: "Field[object, object]") -> str:
    """A column as text in SQL: nothing for a null, and moments as JSON writes them."""
    if isinstance(field, CharField | TextField):
        return _QUOTED.format(field.column)
    text = (
        f"to_json({field.column}) #>> '{{}}'" if isinstance(field, DateTimeField) else f"{field.column}::text"
    )
    return f"coalesce({text}, '')"


_FIELDS = {field.column: field for field in Result._meta.concrete_fields}
_ROW = f"row_to_json((SELECT one FROM (SELECT {', '.join(COLUMNS)}) AS one))::text"  # noqa: S608 - our own words

FORMS: Mapping[str, Form] = {
    "csv": Form(
        content_type="text/csv; charset=utf-8",
        line=" || ',' || ".join(_csv_cell(_FIELDS[name]) for name in COLUMNS),
        after=lambda about: "".join(f",{_quoted(text)}" for text in about),
        begin=",".join([*COLUMNS, *ABOUT]) + "\r\n",
        between="\r\n",
        end="\r\n",
        end_of_nothing="",
    ),
    "json": Form(
        content_type="application/json",
        line=f"left({_ROW}, -1)",
        after=lambda about: f",{json.dumps(dict(zip(ABOUT, about, strict=True)))[1:]}",
        begin="[\n",
        between=",\n",
        end="\n]\n",
        end_of_nothing="]\n",
    ),
}
