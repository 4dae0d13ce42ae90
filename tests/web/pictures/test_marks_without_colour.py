"""Marks are told apart without colours, and stand out from what is behind them, also on paper."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from datetime import date
from importlib import resources
from itertools import combinations

import pytest

from jiqun.language import Reader, Text
from jiqun.web.pictures.certainty import BOUNDS, legend_of
from jiqun.web.pictures.drawing import Sheet
from jiqun.web.pictures.map_picture import MAP_SIGNS
from jiqun.web.pictures.network_picture import NODE_SIGNS
from jiqun.web.pictures.time_lanes import Lane, Span, draw_lanes

EN = Reader("en")
DAY, LATER = date(2024, 1, 1), date(2028, 12, 31)
SPANS = (
    Span(Text("event"), "", DAY, DAY, None),
    Span(Text("span"), "", DAY, LATER, None),
    Span(Text("planned"), "", DAY, LATER, None, planned=True),
    Span(Text("goal"), "", None, LATER, None, goal=True),
    Span(Text("before"), "", None, LATER, None),
    Span(Text("undated"), "", None, None, None),
)
LANES = draw_lanes(Sheet("p", "T", "D", EN), [Lane(Text("L"), SPANS)])
LEGENDS = {
    "certainty": {each.meaning: str(each.sign) for each in legend_of({*BOUNDS}, EN, goals=True)},
    "lists": {kind: str(MAP_SIGNS[kind]) for kind in ("list-2022", "list-2024", "candidate")},
    "areas": {kind: str(MAP_SIGNS[kind]) for kind in ("core", "key")},
    "nodes": {kind: str(sign) for kind, sign in NODE_SIGNS.items()},
    "lanes": {each.meaning: str(each.sign) for each in LANES.legend},
}


def sheet(name: str) -> str:
    return resources.files("jiqun.web").joinpath("static", name).read_text("utf-8")


PICTURES = sheet("pictures.css")
STYLES = {
    name: dict(re.findall(r"([a-z-]+):\s*([^;]+);", body))
    for names, body in re.findall(r"((?:\.drawing \.[a-z-]+,? ?)+)\{([^}]*)\}", PICTURES)
    for name in re.findall(r"\.drawing \.([a-z-]+)", names)
}


def shapes(sign: str) -> list[tuple[str, ...]]:
    """Return what is left of a sign without its colours: outlines, and how they are painted."""
    found: list[tuple[str, ...]] = []
    for each in ET.fromstring(f"<g>{sign}</g>").iter():
        style = STYLES.get(each.get("class", ""), {})
        fill = style.get("fill", each.get("fill", "ink"))
        painted = {"none": "none", "var(--p-sheet)": "empty"}.get(fill, fill.partition("(")[0])
        if each.tag in {"circle", "rect", "path"} and each.get("class") != "hit":
            line = style.get("stroke-dasharray", "whole" if painted != "var" else "")
            found.append((each.tag, each.get("d", ""), painted, line))
    return found


@pytest.mark.parametrize("name", LEGENDS)
def test_kinds_differ_in_shape_not_only_in_colour(name: str) -> None:
    legend = LEGENDS[name]
    assert len(legend) > 1
    alike = [
        (one, other)
        for one, other in combinations(legend, 2)
        if shapes(legend[one]) == shapes(legend[other])
    ]
    assert alike == []


def palette(style: str) -> dict[str, str]:
    found = dict(re.findall(r"--p-([a-z]+):\s*(#[0-9a-f]+);", style))
    return {
        name: f"#{''.join(2 * c for c in code[1:])}" if len(code) == 4 else code
        for name, code in found.items()
    }


LIGHT = palette(PICTURES.partition("@media")[0])
DARK = {**LIGHT, **palette(PICTURES.partition("@media")[2].partition("\n}\n")[0])}
PAPER = {**LIGHT, **palette(sheet("print.css"))}


def luminance(code: str) -> float:
    parts = [int(code[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    linear = [
        each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in parts
    ]
    return sum(weight * each for weight, each in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one: str, other: str) -> float:
    """WCAG 2.2, contrast ratio."""
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("colours", [LIGHT, DARK, PAPER], ids=["light", "dark", "paper"])
def test_marks_and_words_stand_out(colours: dict[str, str]) -> None:
    """3 to 1 for marks, 4.5 to 1 for words (WCAG 2.2, 1.4.11 and 1.4.3)."""
    assert len({each["sheet"] + each["land"] for each in (LIGHT, DARK, PAPER)}) == 3
    least = {"fact": 3, "other": 3, "goal": 3, "ink": 4.5, "quiet": 4.5}
    weak = [
        (name, behind)
        for name, ratio in least.items()
        for behind in ("sheet", "land", "tray")
        if contrast(colours[name], colours[behind]) < ratio
    ]
    assert weak == []
    assert contrast(colours["edge"], colours["sheet"]) >= 3
    assert contrast(colours["ink"], colours["soft"]) >= 4.5
