"""The list of clusters: map and table together."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from jiqun.language import Reader, Text
from jiqun.web.documents import Context, Document
from jiqun.web.negotiation import Choice
from jiqun.web.pages.cells import Labels, slug_of
from jiqun.web.pages.cluster_facts import (
    ClusterEntry,
    cluster_marks,
    read_cluster_list,
)
from jiqun.web.pages.listing import (
    Column,
    Entry,
    Listing,
    Selection,
    Shown,
    list_document,
    said,
    shown,
)
from jiqun.web.pages.rendering import address, phrase
from jiqun.web.pictures.drawing import Paper, Picture
from jiqun.web.pictures.map_picture import draw_map, read_outlines

_COLUMNS: Final = (
    Column("cluster"),
    Column("field"),
    Column("places"),
    Column("year"),
    Column("figures", numeric=True),
    Column("grade"),
)


def clusters_document(
    context: Context, reader: Reader, choice: Choice, selection: Selection, origin: str
) -> Document:
    """Return the list of clusters; raises `BadParameter`."""
    known = context.once(read_cluster_list)
    labels = Labels(known.captions, reader)
    by_iri = {each.iri: each for each in known.clusters}
    entries = sorted((_entry(each, labels) for each in known.clusters), key=_name)

    def draw(left: Sequence[Entry], _paper: Paper) -> Picture | None:
        members = [by_iri[each.iri] for each in left]
        in_one = bool(dict(selection.facets).get("province"))
        provinces = [frozenset(each.provinces) for each in members] if in_one else []
        shaded = frozenset.intersection(*provinces) if provinces else frozenset()
        marks = cluster_marks(members, known.points, labels)
        title = phrase("clusters_map", reader.lang)
        about = phrase("clusters_map_about", reader.lang)
        return draw_map(
            "map",
            title,
            about,
            context.once(read_outlines),
            marks,
            reader,
            shaded=shaded,
            close=in_one,
        )

    listing = Listing("clusters", _COLUMNS, tuple(entries), labels)
    return list_document(listing, selection, choice, draw, origin, _totals)


def _totals(entries: Sequence[Entry]) -> list[tuple[str, int]]:
    """Count what is shown, each thing once."""
    listed = sum(each.values["year"] != ("unproven",) for each in entries)
    return [
        ("total_listed", listed),
        ("total_unproven", len(entries) - listed),
        ("total_provinces", len({key for each in entries for key in each.values["province"]})),
    ]


def _entry(each: ClusterEntry, labels: Labels) -> Entry:
    reader = labels.reader
    grade = slug_of(each.grade) or "unproven"
    years = each.years or ("unproven",)
    compare = reader.link("/figures", about=each.slug)
    return Entry(
        each.iri,
        {
            "cluster": shown(labels, each.iri),
            "field": shown(labels, *each.fields),
            "places": shown(labels, *each.places),
            "year": tuple(
                said(year if year.isdecimal() else phrase("year_unproven", reader.lang), reader)
                for year in years
            ),
            "figures": (said(str(len(each.figures)), reader, compare),) if each.figures else (),
            "grade": (Shown(_letter(labels.label(each.grade)), address(each.proof, reader)),)
            if each.grade
            else (said(phrase("grade_unproven", reader.lang), reader),),
        },
        {
            "province": tuple(map(slug_of, each.provinces)),
            "field": tuple(map(slug_of, each.fields)),
            "year": years,
            "extent": ("several" if len(each.provinces) > 1 else "one",) if each.provinces else (),
            "figures": ("yes" if each.figures else "no",),
            "grade": (grade,),
        },
        {"figures": float(len(each.figures))},
    )


def _letter(grade: Text) -> Text:
    """Return the letter of a grade, which its label explains after a colon."""
    return Text(re.split("[:：]", grade.value)[0], grade.lang)


def _name(entry: Entry) -> tuple[bool, str]:
    """Order by name, and what is not proven last."""
    return entry.values["year"] == ("unproven",), entry.cells["cluster"][0].text.value
