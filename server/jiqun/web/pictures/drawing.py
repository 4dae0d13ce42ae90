"""Drawing primitives, and pictures for pages and files.

On a page a picture is as wide as its column: positions along it are shares of the width, from 0 to
1, while marks and letters keep their size. As a file it has a fixed width and inlined colours, so
that programs without custom properties show it like a light page. Shapes have classes, which
`static/pictures.css` colours for light, dark and print.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from importlib import resources
from itertools import accumulate
from textwrap import wrap
from typing import Final

from markupsafe import Markup, escape

from jiqun.language import Reader, Text
from jiqun.web.pages.rendering import phrase

FILE_WIDTH: Final = 960
"""Width of a picture in a file, in pixels."""

_MARGIN: Final = 16
_NOTHING: Final = Markup("")
_VARIABLE: Final = re.compile(r"var\((--[a-z-]+)\)")
_DECLARED: Final = re.compile(r"(--[a-z-]+):\s*([^;]+);")
_HREF: Final = re.compile(r'<a href="/')
_LEGEND_ROW: Final = 24
_NOTE_ROW: Final = 18
_TALL: Final = 1400
"""Height in pixels from which on a picture on a sheet of paper has smaller letters."""

_LETTER: Final = 6.6
"""Pixels of half an em, the width of a Latin letter, in the letters of pictures."""

_FIGURE: Final = Markup(
    '<figure class="picture{9}" id="{0}"><div class="canvas{7}"{8}><svg class="drawing" {1} '
    'role="group" aria-labelledby="{0}-title" aria-describedby="{0}-about">'
    '<title id="{0}-title">{2}</title><desc id="{0}-about">{3}</desc>{4}{5}</svg></div>'
    "{6}</figure>"
)
_HATCH: Final = Markup(
    '<defs><pattern id="{}-hatch" width="7" height="7" patternUnits="userSpaceOnUse" '
    'patternTransform="rotate(45)"><path class="hatch" d="M0 0V7"/></pattern></defs>'
)
_ENTRY: Final = Markup(
    '<li><svg class="drawing" width="32" height="20" viewBox="-16 -10 32 20" aria-hidden="true">'
    "{}</svg> {}</li>"
)
_FILE: Final = Markup(
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="{0} {0} {1} {2}" width="{1}" height="{2}" '
    'lang="{8}"><title>{3}</title><desc>{4}</desc><style>{9}</style><g class="drawing">{10}'
    '<rect class="sheet" x="{0}" y="{0}" width="{1}" height="{2}"/>'
    '<text class="heading" y="14">{3}</text><g transform="translate(0 34)">{5}</g>{6}{7}</g></svg>'
    "\n"
)
_FILE_NOTE: Final = Markup('<text class="note" y="{}">{}</text>')
_FILE_ENTRY: Final = Markup(
    '<g transform="translate({} {})">{}<text class="note" x="22" y="4">{}</text></g>'
)


@dataclass(frozen=True)
class Paper:
    """Where something is drawn: as wide as its column, or of a fixed width in pixels."""

    width: int | None = None

    def at(self, share: float, y: float, *content: Markup) -> Markup:
        """Move what is drawn around (0, 0) to a share of the width and to `y` pixels from above."""
        inside = _NOTHING.join(content)
        if self.width is None:
            return Markup('<svg x="{}%" y="{}">{}</svg>').format(
                _short(share * 100), _short(y), inside
            )
        x = _short(share * self.width)
        return Markup('<g transform="translate({} {})">{}</g>').format(x, _short(y), inside)

    def bar(self, start: float, end: float, y: float, height: float, style: str) -> Markup:
        """Draw a bar between two shares of the width; `style` are its classes."""
        return Markup('<rect class="{}" x="{}" y="{}" width="{}" height="{}"/>').format(
            style, self._length(start), _short(y), self._length(end - start), _short(height)
        )

    def hatched(self, y: float, height: float, name: str) -> Markup:
        """Draw the field of undated entries, in the picture `name`, over the whole width."""
        return Markup(
            '<rect class="undated-lane" fill="url(#{}-hatch)" y="{}" width="{}" height="{}"/>'
        ).format(name, _short(y), self._length(1), _short(height))

    def line(self, start: float, end: float, y: float, end_y: float, style: str) -> Markup:
        """Draw a line from (`start`, `y`) to (`end`, `end_y`)."""
        return Markup('<line class="{}" x1="{}" y1="{}" x2="{}" y2="{}"/>').format(
            style, self._length(start), _short(y), self._length(end), _short(end_y)
        )

    def _length(self, share: float) -> str:
        return f"{_short(share * 100)}%" if self.width is None else _short(share * self.width)


PAGE: Final = Paper()
"""The paper of a page."""


@dataclass(frozen=True)
class Sheet:
    """What a picture is drawn on: `name` is unique on its page, `about` describes the picture."""

    name: str
    title: str
    about: str
    reader: Reader
    paper: Paper = PAGE

    @classmethod
    def of(cls, name: str, key: str, reader: Reader, paper: Paper = PAGE) -> Sheet:
        """Return a sheet with the phrases `key` and `key` + `_about`."""
        return cls(
            name, phrase(key, reader.lang), phrase(f"{key}_about", reader.lang), reader, paper
        )


@dataclass(frozen=True)
class Legend:
    """An entry of a legend: a sign drawn around the middle of 32 x 20 pixels, and its meaning."""

    sign: Markup
    meaning: str


@dataclass(frozen=True)
class Picture:
    """A finished picture.

    `size` is given for a picture that is scaled as a whole, such as a map; without it the picture
    keeps its `height` and is as wide as its column, or as its paper. `hatching` is true if it has
    fields of undated entries. `scrolls` is true if its letters would be too small on a phone, so
    that it scrolls instead of shrinking. `note` is a sentence below it.
    """

    sheet: Sheet
    body: Markup
    height: float
    legend: tuple[Legend, ...] = ()
    size: float | None = None
    scrolls: bool = False
    hatching: bool = False
    note: str = ""

    @property
    def figure(self) -> Markup:
        """The picture as an HTML figure with its legend, for a page."""
        shape = (
            Markup('width="100%" height="{}"').format(_short(self.height))
            if self.size is None
            else Markup('viewBox="0 0 {} {}"').format(_short(self.size), _short(self.height))
        )
        scrolling = Markup(' tabindex="0" role="group" aria-labelledby="{}-title"').format(
            self.sheet.name
        )
        return _FIGURE.format(
            self.sheet.name,
            shape,
            self.sheet.title,
            self.sheet.about,
            _HATCH.format(self.sheet.name) if self.hatching else "",
            self.body,
            self._caption(),
            " scrolling" if self.scrolls else "",
            scrolling if self.scrolls else "",
            " tall" if self.size is None and self.height > _TALL else "",
        )

    def noting(self, sentence: str) -> Picture:
        """Return the picture with a sentence before its note; the same for an empty one."""
        return replace(self, note=f"{sentence} {self.note}".strip()) if sentence else self

    def _caption(self) -> Markup:
        """Return the legend and the note; nothing for a picture that has neither."""
        entries = _NOTHING.join(_ENTRY.format(each.sign, each.meaning) for each in self.legend)
        legend = Markup('<ul class="legend">{}</ul>').format(entries) if entries else _NOTHING
        note = Markup('<p class="hint">{}</p>').format(self.note) if self.note else _NOTHING
        both = legend + note
        return Markup("<figcaption>{}</figcaption>").format(both) if both else _NOTHING

    def file(self, site: str, note: str) -> bytes:
        """Return the picture as an SVG file with its legend and its note.

        `site` is prepended to links to this site, `note` is the attribution below.
        """
        width = self.size or self.sheet.paper.width or FILE_WIDTH
        top = 34.0
        rows, under = self._legend_rows(width), top + self.height + 14
        notes = [*wrap(self.note, int(width / _LETTER)), note]
        first = under + _LEGEND_ROW * len(rows) + 16
        total = first + _NOTE_ROW * (len(notes) - 1) + 10
        entries = _NOTHING.join(
            _FILE_ENTRY.format(
                _short(x + 16), _short(under + _LEGEND_ROW * n + 10), each.sign, each.meaning
            )
            for n, row in enumerate(rows)
            for x, each in row
        )
        text = _FILE.format(
            -_MARGIN,
            _short(width + 2 * _MARGIN),
            _short(total + _MARGIN),
            self.sheet.title,
            self.sheet.about,
            self.body,
            entries,
            _NOTHING.join(
                _FILE_NOTE.format(_short(first + _NOTE_ROW * n), each)
                for n, each in enumerate(notes)
            ),
            self.sheet.reader.lang,
            Markup(file_style()),  # noqa: S704 - our own sheet
            _HATCH.format(self.sheet.name) if self.hatching else "",
        )
        return _HREF.sub(f'<a href="{escape(site)}/', str(text)).encode()

    def _legend_rows(self, width: float) -> list[list[tuple[float, Legend]]]:
        rows: list[list[tuple[float, Legend]]] = [[]]
        x = 0.0
        for each in self.legend:
            needed = 46 + _LETTER * units(each.meaning)
            if rows[-1] and x + needed > width:
                rows.append([])
                x = 0.0
            rows[-1].append((x, each))
            x += needed
        return rows if self.legend else []


def link(href: str | None, tooltip: str, *content: Markup) -> Markup:
    """Return a mark that leads to `href`; `tooltip` is also its accessible name."""
    inside = _NOTHING.join(content)
    if href is None:
        return Markup("<g><title>{}</title>{}</g>").format(tooltip, inside)
    return Markup('<a href="{}"><title>{}</title>{}</a>').format(href, tooltip, inside)


def words(
    text: Text,
    x: float,
    y: float,
    reader: Reader,
    style: str = "",
    anchor: str = "",
    more: str = "",
) -> Markup:
    """Write a text, and a secondary `more` after it.

    `anchor` is where (`x`, `y`) is: the start, "middle" or "end".
    """
    attributes = {
        "class": style,
        "text-anchor": anchor,
        "lang": text.lang if text.lang != reader.lang else "",
    }
    after = Markup('<tspan class="quiet" dx="8">{}</tspan>').format(more) if more else _NOTHING
    return Markup('<text x="{}" y="{}"{}>{}{}</text>').format(
        _short(x), _short(y), _attributes(attributes), text.value, after
    )


def caption(
    label: Text,
    room: int,
    reader: Reader,
    *,
    x: float = 0,
    y: float = 13,
    more: str = "",
    anchor: str = "",
) -> Markup:
    """Write a label with a secondary `more` after it, and a shorter one for narrow screens.

    `room` are the letters that a narrow screen has for all of it.
    """
    whole = units(label.value) + units(more) + (2 if more else 0)
    wide = words(label, x, y, reader, "wide" if whole > room else "", anchor, more)
    if whole <= room:
        return wide
    kept = cut(Text(more, reader.lang), room // 3) if more else Text("")
    short = cut(label, room - units(kept.value) - (2 if more else 0))
    return wide + words(short, x, y, reader, "narrow", anchor, kept.value)


def path(data: str, style: str) -> Markup:
    """Draw a path; `data` is made of numbers and commands only."""
    return Markup('<path class="{}" d="{}"/>').format(style, data)


def join(parts: Iterable[Markup]) -> Markup:
    """Combine drawings, in stacking order."""
    return _NOTHING.join(parts)


def units(text: str) -> int:
    """Return the width of a text in letters; a Chinese character counts twice."""
    if text.isascii():
        return len(text)
    return sum(map(_units_of, text))


@lru_cache(maxsize=8192)
def _units_of(char: str) -> int:
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def cut(text: Text, room: int) -> Text:
    """Shorten a text to `room` letters, with an ellipsis."""
    if units(text.value) <= room:
        return text
    taken = list(accumulate(map(_units_of, text.value)))
    kept = text.value[: bisect_right(taken, room - 1)]
    return Text(f"{kept.rstrip()}…", text.lang)


@cache
def file_style() -> str:
    """Return the style of pictures with the colours of a light page written out, for files."""
    sheet = resources.files("jiqun.web").joinpath("static", "pictures.css").read_text("utf-8")
    light = sheet.partition("@media")[0]
    colours = dict(_DECLARED.findall(light))
    rules = light.partition("/* Rules")[2].partition("*/")[2]
    return " ".join(_VARIABLE.sub(lambda found: colours[found[1]], rules).split())


def _attributes(given: Mapping[str, str]) -> Markup:
    return _NOTHING.join(
        Markup(' {}="{}"').format(name, value) for name, value in given.items() if value
    )


def _short(number: float) -> str:
    """Write a number with at most two decimals."""
    text = f"{number:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text
