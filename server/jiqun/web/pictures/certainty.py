"""Draws certainty: the same signs for figures, goals and sets on every page.

Exact is a filled dot; more than and at least, a dot with an open arrow towards more; less than, the
other way; about, a hollow dot on a blurred bar. A goal is a dashed flag and never a value.
"""

from __future__ import annotations

from typing import Final

from markupsafe import Markup

from jiqun.language import Reader
from jiqun.web.pages.rendering import phrase
from jiqun.web.pictures.drawing import Legend, join, path

BOUNDS: Final = ("exact", "more-than", "at-least", "less-than", "approximately")
"""The bounds of figures, as slugs of `kg:Bound`."""

_DOT: Final = Markup('<circle class="exact" r="5"/>')
_HIT: Final = Markup('<circle class="hit" r="12"/>')
_BLUR: Final = Markup(
    '<rect class="blur" x="-17" y="-5" width="34" height="10" rx="5"/>'
    '<rect class="blur" x="-13" y="-4" width="26" height="8" rx="4"/>'
    '<rect class="blur" x="-9" y="-3.5" width="18" height="7" rx="3"/>'
)
_SIGNS: Final = {
    "exact": _DOT,
    "more-than": join((_DOT, path("M5 0H22M17 -4.5L22 0L17 4.5", "arrow"))),
    "at-least": join((_DOT, path("M5 0H22M17 -4.5L22 0L17 4.5", "arrow"))),
    "less-than": join((_DOT, path("M-5 0H-22M-17 -4.5L-22 0L-17 4.5", "arrow"))),
    "approximately": join((_BLUR, Markup('<circle class="about" r="5"/>'))),
}
_FLAG: Final = path("M0 9V-11H14L10 -6.5L14 -2H0", "goal")
_KEYS: Final = {
    "exact": "sign_exact",
    "more-than": "sign_more",
    "at-least": "sign_more",
    "less-than": "sign_less",
    "approximately": "sign_about",
}


def known_bound(slug: str) -> str:
    """Return a bound that can be drawn: "exact" without one, "approximately" for an unknown one."""
    if not slug:
        return "exact"
    return slug if slug in BOUNDS else "approximately"


def sign(bound: str) -> Markup:
    """Draw a figure of this bound around (0, 0); an unknown bound is drawn like "about"."""
    return join((_HIT, _SIGNS.get(bound, _SIGNS["approximately"])))


def flag() -> Markup:
    """Draw a goal; the foot of its pole is at (0, 9)."""
    return join((_HIT, _FLAG))


def reach(bound: str) -> tuple[float, float]:
    """Return the extent of a sign to the left and right of its position, in pixels."""
    return {"more-than": (6, 24), "at-least": (6, 24), "less-than": (24, 6)}.get(bound, (6, 8))


def legend_of(bounds: set[str], reader: Reader, *, goals: bool = False) -> tuple[Legend, ...]:
    """Return the legend of the signs that a picture has."""
    entries = {
        _KEYS[each]: Legend(_shifted(each), phrase(_KEYS[each], reader.lang))
        for each in BOUNDS
        if each in bounds
    }
    found = tuple(entries.values())
    return (*found, Legend(_FLAG, phrase("sign_goal", reader.lang))) if goals else found


def _shifted(bound: str) -> Markup:
    """Return a sign in the middle of its place in a legend."""
    left, right = reach(bound)
    shift = (left - right) / 2
    return Markup('<g transform="translate({:g})">{}</g>').format(shift, _SIGNS[bound])
