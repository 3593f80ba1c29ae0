"""Markdown in a terminal, where lines may also break between two Chinese characters."""

from __future__ import annotations

from typing import ClassVar

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, JustifyMethod, OverflowMethod, RenderResult
from rich.containers import Lines
from rich.markdown import Heading, Markdown, MarkdownContext, MarkdownElement, Paragraph
from rich.text import Text

_WIDE = "⺀", "\uffef"  # Chinese characters and their punctuation
_NOT_FIRST = "，。、；：？！）》」』”’…%"  # cannot begin a line
_NOT_LAST = "（《「『“‘"  # cannot end one


class _Lines(Text):
    """Text that breaks at spaces and between Chinese characters, but not before a comma or behind a bracket that opens."""

    def wrap(
        self,
        console: Console,
        width: int,
        *,
        justify: JustifyMethod | None = None,
        overflow: OverflowMethod | None = None,
        tab_size: int = 8,
        no_wrap: bool | None = None,
    ) -> Lines:
        lines = Lines()
        for line in self.split(allow_blank=True):
            for part in line.divide(breaks(str(line), width)):
                part.rstrip_end(width)
                lines.append(part)
        return lines


def breaks(text: str, width: int) -> list[int]:
    """The places where lines of at most `width` columns begin, the first one left out.

    >>> from schuss.lessons._markdown import breaks
    >>> breaks("one two three", 8)
    [8]
    >>> breaks("神经元，权重", 6)
    [2, 5]
    """
    places: list[int] = []
    used = 0
    start = 0
    for end in [*_chances(text), len(text)]:
        word = text[start:end]
        if used and used + cell_len(word.rstrip()) > width:
            places.append(start)
            used = 0
        used += cell_len(word)
        start = end
    return places


def _chances(text: str) -> list[int]:
    """Where a line may be broken."""
    return [n for n in range(1, len(text)) if _between(text[n - 1], text[n])]


def _between(before: str, after: str) -> bool:
    if after == " " or after in _NOT_FIRST or before in _NOT_LAST:
        return False
    return before == " " or _is_wide(before) or _is_wide(after)


def _is_wide(character: str) -> bool:
    return _WIDE[0] <= character <= _WIDE[1]


class _Paragraph(Paragraph):
    def on_enter(self, context: MarkdownContext) -> None:
        self.style = context.enter_style(self.style_name)
        self.text = _Lines(justify="left")


class _Heading(Heading):
    """A heading at the left, underlined if it is the page's."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        self.text.justify = "left"
        yield Text(str(self.text), style="bold underline" if self.tag == "h1" else "bold")


class Page(Markdown):
    """Markdown that is set with these rules."""

    elements: ClassVar[dict[str, type[MarkdownElement]]] = {
        **Markdown.elements,
        "paragraph_open": _Paragraph,
        "heading_open": _Heading,
    }
