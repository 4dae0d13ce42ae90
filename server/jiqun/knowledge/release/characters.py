"""What the search index knows of Han characters: simplified forms and readings.

From OpenCC and pypinyin; only the tables go into the release, so that whoever serves it needs
neither.
"""

from __future__ import annotations

from functools import cache
from typing import Final

# Both are imported where they are used: their tables are large, and every command would read them.

_BLOCKS: Final = ((0x3400, 0x4DC0), (0x4E00, 0xA000), (0xF900, 0xFB00))


@cache
def simplified_forms() -> dict[str, str]:
    """Give each Traditional character with its Simplified form, where the two differ."""
    import opencc  # noqa: PLC0415

    converter = opencc.OpenCC("t2s")
    forms = {}
    for start, end in _BLOCKS:
        for code in range(start, end):
            simple = converter.convert(chr(code))
            if len(simple) == 1 and simple != chr(code):
                forms[chr(code)] = simple
    return forms


@cache
def readings() -> dict[str, str]:
    """Give the most usual reading of each character, in pinyin without tones."""
    from pypinyin import Style, lazy_pinyin  # noqa: PLC0415
    from pypinyin.constants import PINYIN_DICT  # noqa: PLC0415

    start, end = _BLOCKS[1]
    characters = [chr(code) for code in range(start, end) if code in PINYIN_DICT]
    return {
        character: lazy_pinyin(character, style=Style.NORMAL, errors="ignore")[0]
        for character in characters
    }


def pinyin(text: str) -> str:
    """Give the pinyin of a text, syllables apart and without tones; phrases are read as such."""
    from pypinyin import Style, lazy_pinyin  # noqa: PLC0415

    return " ".join(lazy_pinyin(text, style=Style.NORMAL, errors="ignore"))
