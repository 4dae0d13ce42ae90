"""CSV for spreadsheets (`?excel=1`): with a byte order mark, and no cell that is a formula.

A spreadsheet program opens this variant of the standard CSV as UTF-8 and without evaluating
anything. Cells that begin like a formula get an apostrophe in front, numbers excepted, and so does
what would begin like one within a cell, where programs of some countries begin another: they
separate cells by semicolons or tabs whatever the quotation marks.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from typing import Final

# Spreadsheets skip white space and invisible characters, and some accept full-width operators.
_INVISIBLE: Final = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e"
    "\u2060-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3"
    "\U0001d173-\U0001d17a\U000e0000-\U000e0fff\x00-\x1f\x7f-\x9f"
)
_SIGNS: Final = (
    "=+\\-@|%\uff1d\uff0b\uff0d\uff20\uff5c\uff05\u2212\u207a\u207b\u207c\u208a\u208b\u208c"
    "\ufe62\ufe63\ufe66\ufe6a\ufe6b"
)
_BLANK: Final = rf"\s{_INVISIBLE}'\""
_FORMULA: Final = re.compile(rf"[{_BLANK}]*[{_SIGNS}]|[\t\r]")
_WITHIN: Final = re.compile(rf"(?<![{_BLANK};])[{_BLANK};]++(?=[{_SIGNS}])")
_SEPARATORS: Final = frozenset(";\t\r\n")
_NUMBER: Final = re.compile(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?")


class Spreadsheet:
    """Rewrites CSV as it arrives, whole records at a time."""

    def __init__(self) -> None:
        self._decode = codecs.getincrementaldecoder("utf-8")().decode
        self._rest = ""
        self._begun = False

    def write(self, block: bytes) -> bytes:
        """Rewrite the complete records."""
        text = self._rest + self._decode(block)
        end = text.rfind("\n") + 1
        while end and text.count('"', 0, end) % 2:
            end = text.rfind("\n", 0, end - 1) + 1
        self._rest = text[end:]
        return self._rewrite(text[:end])

    def finish(self) -> bytes:
        """Rewrite the rest."""
        return self._rewrite(self._rest + self._decode(b"", final=True))

    def _rewrite(self, text: str) -> bytes:
        mark = b"" if self._begun else codecs.BOM_UTF8
        self._begun = True
        output = io.StringIO(newline="")
        writer = csv.writer(output, lineterminator="\r\n")
        for record in csv.reader(io.StringIO(text, newline="")):
            writer.writerow([_harmless(cell) for cell in record])
        return mark + output.getvalue().encode()


def _harmless(cell: str) -> str:
    cell = _WITHIN.sub(_guarded, cell)
    if _FORMULA.match(cell) and not _NUMBER.fullmatch(cell):
        return f"'{cell}"
    return cell


def _guarded(found: re.Match[str]) -> str:
    separates = not _SEPARATORS.isdisjoint(found[0])
    return f"{found[0]}'" if separates else found[0]


def for_spreadsheet(body: bytes) -> bytes:
    """Rewrite a whole CSV file."""
    sheet = Spreadsheet()
    return sheet.write(body) + sheet.finish()
