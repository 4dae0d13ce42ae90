"""The grammar of certainty: what is drawn for what, and what never is."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from datetime import date
from decimal import Decimal

import pytest

from jiqun.language import Reader, Text
from jiqun.rdf.namespaces import ID
from jiqun.web.pictures.amount_charts import (
    Axis,
    Bar,
    Dot,
    DotGroup,
    GoalFlag,
    draw_dots,
    draw_nested_bars,
)
from jiqun.web.pictures.certainty import BOUNDS, MONEY, SHARE, write_amount
from jiqun.web.pictures.drawing import FILE_WIDTH, Paper, Picture, Sheet, file_style
from jiqun.web.pictures.map_picture import MapMark, Outline, draw_map, read_rings
from jiqun.web.pictures.time_lanes import Lane, Span, draw_lanes

SVG = "{http://www.w3.org/2000/svg}"
EN, HANS, HANT = Reader("en"), Reader("zh-Hans"), Reader("zh-Hant")
COUNT = f"{ID}unit-enterprise"
HOSTILE = '"><script>&\u202e'
SHEET = Sheet("p", "T", "D", EN)


@pytest.mark.parametrize(
    ("value", "unit", "bound", "reader", "text"),
    [
        ("420000000000", MONEY, "exact", EN, "420 bn CNY"),
        ("420000000000", MONEY, "exact", HANS, "4200亿元"),
        ("420000000000", MONEY, "exact", HANT, "4200億元"),
        ("2000000000000", MONEY, "more-than", EN, "more than 2 tn CNY"),
        ("2000000000000", MONEY, "more-than", HANS, "超过2万亿元"),
        ("2218000000", MONEY, "exact", HANS, "22.18亿元"),
        ("2218000000", MONEY, "exact", EN, "2.218 bn CNY"),
        ("500", MONEY, "exact", EN, "500 CNY"),
        ("0.198", SHARE, "exact", EN, "19.8%"),
        ("0.3333", SHARE, "approximately", HANT, "約33.33%"),
        ("33000", COUNT, "more-than", EN, "more than 33,000 enterprises"),
        ("96", COUNT, "less-than", EN, "less than 96 enterprises"),
        ("1000", COUNT, "at-least", HANS, "至少1,000enterprises"),
        ("many", COUNT, "exact", EN, "many enterprises"),
    ],
)
def test_amounts_are_written_as_people_write_them(
    value: str, unit: str, bound: str, reader: Reader, text: str
) -> None:
    assert write_amount(value, unit, Text("enterprises"), bound, reader).text == text


def test_the_whole_number_is_kept() -> None:
    assert write_amount("2218000000", MONEY, Text("元"), "exact", HANS).whole == "2,218,000,000元"


def dot(bound: str, value: int = 10) -> Dot:
    amount = write_amount(str(value), COUNT, Text("enterprises"), bound, EN)
    return Dot(Text(f"A {bound}"), "2023", Decimal(value), bound, amount, f"/doc/{bound}")


def group(*dots: Dot) -> list[DotGroup]:
    return [DotGroup("", "", dots)]


def signs(picture: Picture) -> str:
    return re.sub(r'class="hit"', "", str(picture.body))


@pytest.mark.parametrize(
    ("bound", "drawn"),
    [
        ("exact", {"exact"}),
        ("more-than", {"exact", "arrow"}),
        ("at-least", {"exact", "arrow"}),
        ("less-than", {"exact", "arrow"}),
        ("approximately", {"about", "blur"}),
    ],
)
def test_each_bound_has_its_sign(bound: str, drawn: set[str]) -> None:
    body = signs(draw_dots(SHEET, group(dot(bound)), COUNT))
    assert set(re.findall(r'class="(exact|arrow|about|blur|goal)"', body)) == drawn
    arrow = re.search(r'class="arrow" d="M(-?)5 0', body)
    assert (arrow is not None and arrow[1] == "-") == (bound == "less-than")


def test_a_goal_is_a_flag_and_never_on_the_axis() -> None:
    alone = draw_dots(SHEET, group(dot("exact", 10)), COUNT)
    goal = GoalFlag(Text("A"), "900,000 enterprises by 2030", "/doc/goal")
    both = draw_dots(SHEET, group(dot("exact", 10)), COUNT, goals=[goal])
    ticks = re.compile(r'class="tick(?: wide)?"[^>]*>([^<]+)<')
    assert ticks.findall(both.body) == ticks.findall(alone.body) == ["10", "100"]
    assert str(both.body).count('class="goal"') == 1


def test_every_mark_leads_to_its_words() -> None:
    picture = draw_dots(SHEET, group(*map(dot, BOUNDS)), COUNT)
    assert re.findall(r'<a href="([^"]+)"', picture.body) == [f"/doc/{each}" for each in BOUNDS]


def test_a_subset_lies_inside_its_whole() -> None:
    part = Bar(Text("Part"), Decimal(1331), "exact", None, "/p")
    whole = Bar(Text("Whole"), Decimal(3219), "exact", None, "/w", (part,))
    picture = draw_nested_bars(Sheet("p", "T", "D", EN, Paper(1000)), [whole])
    boxes = {
        name: [float(each) for each in numbers]
        for name, *numbers in re.findall(
            r'class="(tray|whole|part)" '
            r'x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="([\d.]+)"',
            picture.body,
        )
    }
    x, y, width, height = boxes["tray"]
    for name in ("whole", "part"):
        left, top, length, thick = boxes[name]
        assert x <= left
        assert left + length <= x + width
        assert y <= top
        assert top + thick <= y + height
    assert boxes["part"][0] > boxes["whole"][0]
    assert boxes["part"][2] / boxes["whole"][2] == pytest.approx(1331 / 3219, abs=0.001)


def test_what_has_no_date_is_in_a_hatched_lane() -> None:
    spans = (
        Span(Text("A"), "A", None, None, "/a"),
        Span(Text("B"), "B", None, None, "/b", goal=True),
    )
    dated = Span(Text("C"), "C", None, date(2025, 12, 31), "/c", goal=True)
    lanes = [Lane(Text("Goals"), (*spans, dated))]
    picture = draw_lanes(SHEET, lanes, (date(2028, 1, 1), date(2028, 12, 31)))
    assert str(picture.body).count('class="undated-lane"') == 1
    assert str(picture.body).count('class="goal"') == 1
    assert ">2028</text>" in picture.body


def test_an_axis_of_shares_ends_at_the_whole() -> None:
    assert Axis.of([Decimal("0.1"), Decimal("0.65")], SHARE) == Axis(0.0, 1.0, logarithmic=False)


def square(x: float, y: float) -> Outline:
    corners = ((x, y), (x + 3, y), (x + 3, y + 3), (x, y + 3), (x, y))
    ring = ", ".join(f"{longitude} {latitude}" for longitude, latitude in corners)
    return Outline(f"{ID}s{x}", {"en": "Square"}, read_rings(f"POLYGON (({ring}))"))


def test_marks_of_a_map_do_not_cover_each_other() -> None:
    marks = [MapMark(f"M{n}", "list-2022", ((110.0, 30.0),), f"/doc/{n}") for n in range(12)]
    outlines = [square(108, 28), square(112, 32)]
    drawn = draw_map(SHEET, outlines, marks)
    spots = [
        (float(x), float(y))
        for x, y in re.findall(r"translate\((-?[\d.]+) (-?[\d.]+)\)", str(drawn.body))
    ]
    near = [
        (a, b) for a in spots for b in spots if a < b and abs(a[0] - b[0]) + abs(a[1] - b[1]) < 8
    ]
    assert len(spots) == 12
    assert near == []
    assert drawn == draw_map(SHEET, outlines, marks)


def test_a_label_of_a_map_covers_no_other() -> None:
    places = [(110.0, 30.0), (110.05, 30.02), (110.1, 29.98), (110.02, 30.05), (110.04, 29.96)]
    marks = [
        MapMark(f"M{n}", "core", (place,), f"/doc/{n}", Text("A rather long name"))
        for n, place in enumerate(places)
    ]
    drawn = draw_map(SHEET, [square(108, 28)], marks, close=True)
    labelled = re.findall(
        r'translate\((-?[\d.]+) (-?[\d.]+)\)"><circle[^>]*/>'
        r'<text x="(-?[\d.]+)" y="(-?[\d.]+)" class="name"(?: text-anchor="(\w+)")?',
        str(drawn.body),
    )
    wide = 18 * 7.0
    boxes = []
    for x, y, across, down, anchor in labelled:
        left = float(x) + float(across) - {"": 0.0, "middle": wide / 2, "end": wide}[anchor]
        boxes.append((left, float(y) + float(down)))
    assert boxes
    assert not any(
        abs(one[0] - other[0]) < wide and abs(one[1] - other[1]) < 12
        for number, one in enumerate(boxes)
        for other in boxes[:number]
    )


def test_a_file_stands_alone() -> None:
    sheet = Sheet("p", f"T {HOSTILE}", f"D {HOSTILE}", EN, Paper(FILE_WIDTH))
    goals = [GoalFlag(Text(HOSTILE), HOSTILE, "/doc/goal")]
    picture = draw_dots(sheet, group(*map(dot, BOUNDS)), COUNT, goals)
    root = ET.fromstring(picture.file("https://example.org", "Jiqun"))
    assert "var(" not in file_style()
    assert "%" not in "".join(each.get("x", "") for each in root.iter())
    links = [each.get("href", "") for each in root.iter(f"{SVG}a")]
    assert links == [f"https://example.org/doc/{each}" for each in (*BOUNDS, "goal")]
    assert not list(root.iter(f"{SVG}script"))


def test_a_page_has_no_inline_style_and_a_legend() -> None:
    figure = str(draw_dots(Sheet("p", HOSTILE, "D", EN), group(*map(dot, BOUNDS)), COUNT).figure)
    assert "style=" not in figure
    assert "<style" not in figure
    assert "<script" not in figure
    assert figure.count("<li>") == 4
    assert re.search(r'<title id="p-title">.+</title><desc id="p-about">D</desc>', figure)
