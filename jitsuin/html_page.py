"""HTML as it leaves this program: elements whose text is escaped, and the frame of a page that needs nothing else.

No script, no image, no address: a page shows the same tomorrow, on paper and without a network.
"""

from __future__ import annotations

import base64
import hashlib
import html
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Final

from .language import language
from .messages import moment
from .report import iso, printable

_VOID: Final = frozenset(("meta",))
GENERATOR: Final = "jitsuin"
"""By which a page of ours is known again."""


class Markup(str):
    """HTML that is written as it is. Every other string is text."""

    __slots__ = ()


def element(name: str, /, *children: str, **attributes: str) -> Markup:
    """An element. Text and values are escaped and made safe to show; `class_` and the like stand for reserved words."""
    said = "".join(f' {key.rstrip("_").replace("_", "-")}="{_safe(value)}"' for key, value in attributes.items())
    if name in _VOID:
        return Markup(f"<{name}{said}>")
    return Markup(f"<{name}{said}>{joined(children)}</{name}>")


def joined(children: Iterable[str]) -> Markup:
    """Pieces of HTML and of text, one after the other."""
    return Markup("".join(child if isinstance(child, Markup) else _safe(child) for child in children))


def time_element(value: datetime) -> Markup:
    """A time as people read it, with what programs read."""
    return element("time", moment(value), datetime=iso(value))


def definitions(rows: Iterable[tuple[str, str]]) -> Markup:
    """Facts with their names."""
    return element("dl", *(joined((element("dt", label), element("dd", value))) for label, value in rows))


def lines(texts: Iterable[str]) -> Markup:
    """Texts, each on a line of its own."""
    return joined(element("p", text) for text in texts)


def code(text: str) -> Markup:
    """Text that programs read."""
    return element("code", text)


def page(title: str, body: Iterable[Markup], *, style: str = "") -> Iterator[str]:
    """A page, piece by piece, so that a long one need not be in memory as a whole. `style` follows the common one."""
    style = STYLE + style
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    # The policy lets the browser apply this one style sheet and load nothing, whatever a document smuggled in.
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    head = (
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=policy),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="referrer", content="no-referrer"),
        element("meta", name="generator", content=GENERATOR),
        element("meta", name="color-scheme", content="light dark"),
        element("title", title),
        element("style", Markup(style)),
    )
    yield f'<!DOCTYPE html>\n<html lang="{language()}">\n<head>\n'
    yield "".join(f"{one}\n" for one in head)
    yield "</head>\n<body>\n"
    for piece in body:
        yield f"{piece}\n"
    yield "</body>\n</html>\n"


def _safe(text: str) -> str:
    return html.escape(printable(text), quote=True)


STYLE: Final = """
:root {
  color-scheme: light dark;
  --paper: #fff; --ink: #1b1f24; --faint: #57606a; --line: #d0d7de; --tint: #f6f8fa; --link: #0550ae;
  --good: #116329; --good-tint: #e6f6ea; --bad: #a40e26; --bad-tint: #fdebec;
  --open: #7a4d00; --open-tint: #fff4d6;
}
@media screen and (prefers-color-scheme: dark) {
  :root {
    --paper: #0f1318; --ink: #e6eaef; --faint: #9aa5b1; --line: #343c46; --tint: #181e25; --link: #79b8ff;
    --good: #6fdd8b; --good-tint: #10291a; --bad: #ff9a94; --bad-tint: #341517;
    --open: #f2c66b; --open-tint: #2f250c;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body {
  margin: 0 auto; padding: 1.5rem 1.25rem 3rem; max-width: 62rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.6 system-ui, "Hiragino Sans", "Yu Gothic UI", "Noto Sans CJK JP", "Noto Sans JP", sans-serif;
  overflow-wrap: anywhere;
}
a { color: var(--link); }
h1 { font-size: 1.6rem; line-height: 1.3; margin: 0 0 .25rem; }
h2 { font-size: 1.25rem; line-height: 1.4; margin: 0; }
h3 { font-size: 1.05rem; line-height: 1.4; margin: 0; }
p { margin: .4rem 0; }
code { font: .92em/1.5 ui-monospace, "Cascadia Mono", Menlo, Consolas, monospace; }
.faint { color: var(--faint); }
.totals { display: flex; flex-wrap: wrap; gap: .6rem; margin: 1rem 0; padding: 0; list-style: none; }
.badge {
  display: inline-block; padding: .1em .6em; border: 1.5px solid currentColor; border-radius: .4em; font-weight: 700;
  white-space: nowrap; text-decoration: none;
}
.badge.big { font-size: 1.15rem; padding: .2em .7em; }
.valid, .passed { color: var(--good); background: var(--good-tint); }
.invalid, .failed, .unreadable { color: var(--bad); background: var(--bad-tint); }
.indeterminate, .undecided, .not-checked, .note { color: var(--open); background: var(--open-tint); }
.not-judged { color: var(--faint); background: var(--tint); }
table { width: 100%; border-collapse: collapse; margin: .75rem 0; }
th, td { padding: .4rem .6rem; border-top: 1px solid var(--line); text-align: left; vertical-align: top; }
thead th { border-top: 0; color: var(--faint); font-size: .85rem; font-weight: 600; }
.summary td:first-child { width: 3.5rem; color: var(--faint); text-align: right; }
.summary td:nth-child(2) { min-width: 16rem; }
.summary th:nth-child(3), .summary td:nth-child(4) { white-space: nowrap; }
.checks { table-layout: fixed; }
.checks tbody th { width: 12rem; font-weight: 600; }
.checks thead th:first-child { width: 12rem; }
.checks thead th:nth-child(2) { width: 10.5rem; }
.checks p { margin: 0; }
.checks p + p { margin-top: .25rem; }
.checks .badge { font-size: .88rem; }
.document { margin-top: 2rem; padding-top: 1.25rem; border-top: 3px solid var(--ink); }
.heading { display: flex; flex-wrap: wrap; gap: .4rem .9rem; align-items: center; justify-content: space-between; }
.signature { margin-top: 1.25rem; padding: 1rem 1.1rem .3rem; border: 1px solid var(--line); border-radius: .5rem; }
dl { display: grid; grid-template-columns: minmax(7rem, 11rem) 1fr; gap: .25rem 1rem; margin: .75rem 0; }
dt { color: var(--faint); }
dt::first-letter, h3::first-letter, tbody th::first-letter { text-transform: uppercase; }
dd { margin: 0; }
dd p { margin: 0; }
.top { font-size: .85rem; margin: .6rem 0 0; }
footer { margin-top: 2.5rem; padding-top: 1rem; border-top: 3px solid var(--ink); font-size: .92rem; }
@media screen and (max-width: 42rem) {
  body { padding: 1rem .8rem 2rem; }
  dl { display: block; }
  dd { margin: 0 0 .4rem; }
  .signature { padding: .8rem .75rem .2rem; }
  .checks, .checks tbody, .checks tr, .checks tbody th, .checks td { display: block; width: auto; }
  .checks thead { display: none; }
  .checks tr { border-top: 1px solid var(--line); padding: .45rem 0; }
  .checks tbody th, .checks td { border: 0; padding: .1rem 0; }
  .summary, .summary tbody { display: block; }
  .summary thead, .summary td:nth-child(3), .summary td:empty { display: none; }
  .summary tr { display: grid; grid-template-columns: 2.4rem 1fr; padding: .45rem 0; }
  .summary tr { border-top: 1px solid var(--line); }
  .summary td { border: 0; padding: .1rem .6rem .1rem 0; grid-column: 2; }
  .summary td:first-child { grid-column: 1; width: auto; }
  .summary td:nth-child(2) { min-width: 0; }
}
@media screen {
  .document { content-visibility: auto; contain-intrinsic-size: auto 60rem; }
}
@page { size: A4; margin: 16mm 14mm; }
@media print {
  body { max-width: none; padding: 0; font-size: 9.5pt; }
  a { color: inherit; text-decoration: none; }
  .badge { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  .top { display: none; }
  .summary td:nth-child(2) { min-width: 9rem; }
  .checks tbody th, .checks thead th:first-child { width: 9rem; }
  .checks thead th:nth-child(2) { width: 8rem; }
  h1, h2, h3, .heading, thead { break-after: avoid; }
  tr, dl, .totals { break-inside: avoid; }
  .signature { border: 0; border-left: 3px solid var(--line); border-radius: 0; padding: 0 0 0 .8rem; }
}
"""
