"""How text from outside is shown in messages."""

from __future__ import annotations


def shorten(text: str, most: int = 80) -> str:
    """Make text from outside fit for a message: printable, and at most `most` characters."""
    printable = "".join(character if character.isprintable() else "?" for character in text)
    return printable if len(printable) <= most else f"{printable[:most]}…"
