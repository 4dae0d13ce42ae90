"""Sources whose text nobody holds: quotes without offsets, and words that stand in the quotes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from jiqun.knowledge.passages import check_source, check_wordings, held
from jiqun.knowledge.turtle_files import parse
from knowledge.small_content import OWN, PREFIXES

if TYPE_CHECKING:
    from pathlib import Path

    from jiqun.knowledge.content import Finding

HEAD = PREFIXES + OWN
UNHELD = """
src:gazette a kg:Source ; kg:textHeld false .
passage:q1 a kg:Passage ; kg:passageOf src:gazette ; kg:quote "企业120家以上"@zh-Hans .
"""
HASHED = UNHELD.replace("kg:textHeld false", f'kg:textSha256 "{"0a" * 32}"')


def described(text: str, folder: Path) -> list[Finding]:
    path = folder / "gazette" / "source.ttl"
    return list(check_source(parse(HEAD + text, path.name, path), None))


def worded(words: str, folder: Path) -> list[Finding]:
    source = parse(HEAD + UNHELD, "source.ttl", folder / "gazette" / "source.ttl")
    text = HEAD + f'passage:q1 {{ id:pumps kg:wording "{words}"@zh-Hans . }}'
    facts = parse(text, "facts.trig", folder / "gazette" / "facts.trig")
    return list(check_wordings(facts, source, None))


def test_a_passage_of_a_text_nobody_holds_needs_no_offsets(tmp_path: Path) -> None:
    assert described(UNHELD, tmp_path) == []


def test_a_passage_of_a_text_with_a_hash_needs_them(tmp_path: Path) -> None:
    (finding,) = described(HASHED, tmp_path)
    assert "passage q1 needs one kg:start and one kg:end" in str(finding)


def test_offsets_are_checked_wherever_they_are_given(tmp_path: Path) -> None:
    (finding,) = described(UNHELD + "passage:q1 kg:start 9 ; kg:end 4 .", tmp_path)
    assert finding.rule == "passage-offsets"


@pytest.mark.parametrize(("words", "found"), [("企业120家", 0), ("企业130家", 1)])
def test_words_stand_in_a_quote(words: str, found: int, tmp_path: Path) -> None:
    assert len(worded(words, tmp_path)) == found


def test_only_a_source_with_a_hash_is_held(tmp_path: Path) -> None:
    paths = []
    for slug, text in (("gazette", UNHELD), ("herald", HASHED)):
        path = tmp_path / slug / "source.ttl"
        path.parent.mkdir()
        path.write_text(HEAD + text, encoding="utf-8")
        paths.append(path)
    assert held(paths) == ["herald"]
