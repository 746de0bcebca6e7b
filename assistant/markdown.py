"""An answer as safe HTML: a small Markdown without HTML, links or images; the only links are to our own results."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import groupby
from typing import Any

from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

from assistant.facts import Reference
from assistant.verify import Evidence, Span, cited, linked

_FENCE = re.compile(r" {0,3}(```|~~~)")
_CONTINUES = re.compile(r"\s|[-*+] |[0-9]{1,9}[.)] ")
"""What a line after a blank one begins with when it may belong to the list before it."""

Marking = Callable[[str], Sequence[Span]]
"""Divides a passage, as it is read, into spans."""


def html(text: str, references: Mapping[str, Reference], *, settled: bool = True) -> SafeString:
    """``references`` are those of the conversation. Figures are judged only once the answer is ``settled``."""
    if not settled:
        return mark_safe("".join(_drafted(block, _urls(block, references)) for block in blocks(text)))  # noqa: S308
    tokens = _markdown.parse(text)
    read = "\n".join(_read(token.children or ()) for token in tokens if token.type == "inline")
    return _rendered(tokens, Evidence(read, references).mark)


def blocks(text: str) -> list[str]:
    """The text in pieces that render alone as they do together, so that of a growing text only the last is new."""
    found: list[str] = []
    begun: list[str] = []
    fence = ""
    for line in text.splitlines(keepends=True):
        blank_before = bool(begun) and not begun[-1].strip()
        if blank_before and not fence and line.strip() and not _CONTINUES.match(line):
            found.append("".join(begun))
            begun = []
        if opens := _FENCE.match(line):
            fence = "" if opens[1] == fence else fence or opens[1]
        begun.append(line)
    return [*found, "".join(begun)]


def _urls(text: str, references: Mapping[str, Reference]) -> tuple[tuple[str, str], ...]:
    return tuple((label, one.url) for label, one in cited(text, references).items())


@lru_cache(maxsize=2048)
def _drafted(block: str, urls: tuple[tuple[str, str], ...]) -> str:
    return _rendered(_markdown.parse(block), lambda passage: linked(passage, dict(urls)))


def _rendered(tokens: Sequence[Token], marking: Marking) -> SafeString:
    marked = [_marked(token, marking) if token.type == "inline" else token for token in tokens]
    rendered: str = _markdown.renderer.render(marked, _markdown.options, {})
    return mark_safe(rendered)  # noqa: S308


def _read(children: Iterable[Token]) -> str:
    """A passage as its reader sees it, letter for letter, with code between backticks."""
    return "".join(map(_letters, children))


def _letters(token: Token) -> str:
    content = token.content.replace("`", "'")
    match token.type:
        case "text":
            return content
        case "code_inline":
            return f"`{content}`"
        case "softbreak" | "hardbreak":
            return "\n"
        case _:
            return ""


def _marked(inline: Token, marking: Marking) -> Token:
    """The spans are found in what is read, so one may go on from a plain word into an emphasised one."""
    children = inline.children or []
    spans = marking(_read(children))
    owners = [number for number, span in enumerate(spans) for _ in span.text]
    found: list[Token] = []
    at = 0
    for child in children:
        until = at + len(_letters(child))
        if child.type == "text":
            found += _pieces(child.content, at, spans, owners)
        elif child.type == "code_inline":
            pieces = _pieces(child.content, at + 1, spans, owners)
            found += [Token("code_open", "code", 1), *pieces, Token("code_close", "code", -1)]
        else:
            found.append(child)
        at = until
    return inline.copy(children=found)


def _pieces(text: str, at: int, spans: Sequence[Span], owners: Sequence[int]) -> Iterator[Token]:
    """A token for each stretch of the text, which begins ``at`` the so manieth letter, that one span has."""
    for number, places in groupby(range(at, at + len(text)), key=owners.__getitem__):
        here = list(places)
        content = text[here[0] - at : here[-1] + 1 - at]
        if spans[number].kind == "text":
            yield Token("text", "", 0, content=content)
        else:
            ends = owners[here[-1] + 1 : here[-1] + 2] != [number]
            yield Token("span", "", 0, content=content, meta={"span": spans[number], "ends": ends})


def _span(renderer: RendererHTML, tokens: Sequence[Token], place: int, *_: Any) -> str:
    text, span = tokens[place].content, tokens[place].meta["span"]
    if span.kind == "reference":
        return format_html('<a class="reference" href="{}">{}</a>', span.url, text)
    if span.kind == "verified":
        title = "This answer cites it: the link leads to where it was measured"
        return format_html('<a class="verified" href="{}" title="{}">{}</a>', span.url, title, text)
    title = "Nothing that this answer cites holds this figure"
    said = (
        mark_safe('<span class="visually-hidden"> (unverified)</span>') if tokens[place].meta["ends"] else ""
    )
    return format_html('<span class="unverified" title="{}">{}{}</span>', title, text, said)


def _plain_tags(state: StateCore) -> None:
    """Headings that fit into a page which has its own; no alignment, which would be an inline style; no class of code."""
    for token in state.tokens:
        if token.type in {"heading_open", "heading_close"}:
            token.tag = f"h{min(6, int(token.tag[1]) + 3)}"
        if token.type == "fence":
            token.info = ""
        token.attrs.pop("style", None)


_BLOCKS = ["heading", "list", "fence", "blockquote", "table", "hr"]
_INLINE = ["emphasis", "strikethrough", "backticks", "escape", "newline", "entity"]
_markdown = MarkdownIt("zero", {"html": False}).enable([*_BLOCKS, *_INLINE])
_markdown.core.ruler.push("plain_tags", _plain_tags)
_markdown.add_render_rule("span", _span)
