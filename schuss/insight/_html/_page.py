"""The page's frame: head, styles, script, contents, sections."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.resources import files

from schuss.insight._html._escape import escape

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data: blob:; media-src data:"
"""Even if something slipped in: the browser fetches nothing for this page."""


@dataclass
class Section:
    """A part of a page that its contents name.

    Attributes:
        title: plain text. body: HTML. id: what links name; letters, digits and hyphens.
    """

    title: str
    body: str
    id: str

    def html(self) -> str:
        return f'<section id="{escape(self.id)}"><h2>{escape(self.title)}</h2>\n{self.body}</section>\n'


@functools.cache
def _asset(name: str) -> str:
    return files("schuss.insight._html").joinpath(name).read_text(encoding="utf-8")


def page(
    title: str,
    body: str | Iterable[Section],
    subtitle: str = "",
    head: str = "",
    language: str = "en",
    footer: str = "",
    styles: str = "",
    scripts: str = "",
) -> str:
    """A whole page, in which everything is that it needs.

    Args:
        title, subtitle, footer: plain text.
        body: HTML, or sections, which are listed in a line of contents that stays at the top.
        head: HTML between the title and the body.
        language: of the text, like ``"en"`` or ``"zh"``.
        styles, scripts: CSS and JavaScript of the page's own, after the common ones.

    Returns:
        HTML, from ``<!DOCTYPE html>`` on.

    Example:
        >>> from schuss.insight._html import page
        >>> page("A & B", "<p>…</p>").count("A &amp; B")
        2
    """
    sections = [] if isinstance(body, str) else list(body)
    inner = body if isinstance(body, str) else "".join(section.html() for section in sections)
    links = "".join(f'<a href="#{escape(s.id)}">{escape(s.title)}</a>' for s in sections)
    switch = '<button id="theme" type="button" title="Light or dark">◐</button>'
    lines = [
        "<!DOCTYPE html>",
        f'<html lang="{escape(language)}">',
        "<head>",
        '<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{escape(title)}</title>",
        f"<style>\n{_asset('page.css')}{styles}</style>",
        "</head>",
        "<body>",
        f'<nav class="contents"><div>{links}{switch}</div></nav>',
        "<main>",
        f"<h1>{escape(title)}</h1>",
        f'<p class="subtitle">{escape(subtitle)}</p>' if subtitle else "",
        head,
        inner,
        f"<footer>{escape(footer)}</footer>" if footer else "",
        "</main>",
        f"<script>\n{_asset('page.js')}</script>",
        f"<script>\n{scripts}</script>" if scripts else "",
        "</body>",
        "</html>",
    ]
    return "\n".join(line for line in lines if line) + "\n"
