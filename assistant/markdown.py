"""An answer as safe HTML: a small Markdown without HTML, links or images; the only links are to our own results."""

import re
from collections.abc import Mapping
from functools import lru_cache

from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore

from assistant.facts import Reference
from assistant.verify import Span, mark

# Private characters stand for spans while the text is Markdown; `wire.clean` lets none of them in.
_OPEN, _CLOSE = "\ue000", "\ue001"
_STANDS_FOR = re.compile(f"{_OPEN}([0-9]+){_CLOSE}")
_FENCE = re.compile(r" {0,3}(```|~~~)")
_CONTINUES = re.compile(r"\s|[-*+] |[0-9]{1,9}[.)] ")
"""What a line after a blank one begins with when it may belong to the list before it."""


def html(text: str, references: Mapping[str, Reference], *, settled: bool = True) -> SafeString:
    """``references`` are those of the conversation. Figures are judged only once the answer is ``settled``."""
    spans = mark(text, references)
    marked = "".join(
        span.text if _is_plain(span, settled) else f"{_OPEN}{number}{_CLOSE}"
        for number, span in enumerate(spans)
    )
    rendered = "".join(_rendered(block) for block in blocks(marked))
    return mark_safe(_STANDS_FOR.sub(lambda found: _span(spans[int(found[1])]), rendered))  # noqa: S308


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


def _is_plain(span: Span, settled: bool) -> bool:
    return span.kind == "text" or (span.kind != "reference" and not settled)


def _span(span: Span) -> str:
    if span.kind == "reference":
        return format_html('<a class="reference" href="{}">{}</a>', span.url, span.text)
    if span.kind == "verified":
        title = "Measured: the result that is cited shows this figure"
        return format_html('<a class="verified" href="{}" title="{}">{}</a>', span.url, title, span.text)
    title = "No result that this answer cites shows this figure"
    return format_html(
        '<span class="unverified" title="{}">{}<span class="visually-hidden"> (unverified)</span></span>',
        title,
        span.text,
    )


@lru_cache(maxsize=2048)
def _rendered(block: str) -> str:
    rendered: str = _markdown.render(block)
    return rendered


def _plain_tags(state: StateCore) -> None:
    """Headings that fit into a page which has its own; and no alignment, which would be an inline style."""
    for token in state.tokens:
        if token.type in {"heading_open", "heading_close"}:
            token.tag = f"h{min(6, int(token.tag[1]) + 3)}"
        token.attrs.pop("style", None)


_BLOCKS = ["heading", "list", "fence", "blockquote", "table", "hr"]
_INLINE = ["emphasis", "strikethrough", "backticks", "escape", "newline", "entity"]
_markdown = MarkdownIt("zero", {"html": False}).enable([*_BLOCKS, *_INLINE])
_markdown.core.ruler.push("plain_tags", _plain_tags)
