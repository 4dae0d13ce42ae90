from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from jiqun.errors import ContentError
from jiqun.knowledge.authoring import Particulars, new_source, reformat
from jiqun.knowledge.check import check
from jiqun.knowledge.passages import lines
from jiqun.knowledge.turtle_files import read

if TYPE_CHECKING:
    from pathlib import Path

    from knowledge.small_content import Small

ARTICLE = "標題𠮷\r\n\r\n  第一段。\u2028第二段。\n\t\n末"


@pytest.fixture
def article(small: Small) -> Path:
    path = small.texts / "daily" / "article.txt"
    path.parent.mkdir()
    path.write_bytes(ARTICLE.encode("utf-8"))
    return path


def test_every_line_with_words_is_a_passage() -> None:
    spans = [(start, end, ARTICLE[start:end]) for start, end in lines(ARTICLE)]
    assert spans == [
        (0, 3, "標題𠮷"),
        (7, 13, "  第一段。"),
        (14, 18, "第二段。"),
        (21, 22, "末"),
    ]


def test_the_skeleton_passes_the_check_and_holds_no_sentence(small: Small, article: Path) -> None:
    known = Particulars("https://e.org/1", "標題", "hebei", "2024-12-23")
    skeleton = new_source(small.content, "daily", article, known)
    assert skeleton.passages[0] == ("p1", "標題𠮷")
    source = read(skeleton.folder / "source.ttl", small.content)
    assert "第一段" not in source.text
    assert '"2024-12-23"^^xsd:date' in source.text
    assert reformat(small.content, [source.path, skeleton.folder / "facts.trig"]) == {}
    small.replace(
        "data/sources/daily/source.ttl", "kg:end 18 ;", 'kg:end 18 ; kg:quote "第二段"@zh-Hant ;'
    )
    assert check(small.content, small.texts).findings == []


@pytest.mark.parametrize(
    ("slug", "known", "message"),
    [
        ("gazette", Particulars(), "data/sources/gazette already exists; nothing was written"),
        ("Daily", Particulars(), "is not a slug"),
        ("../daily", Particulars(), "is not a slug"),
        ("daily", Particulars(date="23.12.2024"), "is not a date"),
        ("daily", Particulars(publisher="Hebei Daily"), "is not the slug of a publisher"),
    ],
)
def test_what_cannot_be_written_is_refused_before_anything_is(
    small: Small, article: Path, slug: str, known: Particulars, message: str
) -> None:
    with pytest.raises(ContentError, match=message):
        new_source(small.content, slug, article, known)
    assert [path.name for path in small.content.sources.iterdir()] == ["gazette"]


@pytest.mark.parametrize(
    ("raw", "message"),
    [(b"\xff\xfe", "is not UTF-8"), (b" \n\n", "has no words"), (None, "cannot be read")],
)
def test_a_text_that_is_none_is_refused(
    small: Small, article: Path, raw: bytes | None, message: str
) -> None:
    if raw is None:
        article.unlink()
    else:
        article.write_bytes(raw)
    with pytest.raises(ContentError, match=message):
        new_source(small.content, "daily", article)
