"""Finds the mistake in a query or update that was refused, and describes it.

Runs only on what the engine's parser or the gate has refused, so it never refuses a valid text.
Takes time linear in the length of the text; the nesting depth that it follows is bounded.
"""

from __future__ import annotations

import re
from typing import Final

from jiqun.errors import MalformedQuery
from jiqun.query.diagnosis.cursor import Mistake, TooDeep
from jiqun.query.diagnosis.update_grammar import UpdateGrammar
from jiqun.query.tokens import decode_escapes, place

_PLACE: Final = re.compile(r"error at (\d+):(\d+)|line (\d+), column (\d+)")
_REASON: Final = re.compile(r"(?:expected |one of |, )([A-Z][A-Za-z*]+(?: [^\",\[\]]+){3,})")


def find_mistake(text: str, *, update: bool = False) -> str | None:
    """Return what is wrong with a query, or an update, and where; None if nothing is found."""
    try:
        text = decode_escapes(text)
        grammar = UpdateGrammar(text)
        if update:
            grammar.update()
        else:
            grammar.query()
    except Mistake as mistake:
        end = "" if mistake.what.endswith("?") else "."
        return f"At {place(text, mistake.position)}: {mistake.what}{end}"
    except MalformedQuery as refusal:
        return refusal.detail
    except TooDeep:
        return None
    return None


def explain(text: str, message: str, *, update: bool = False) -> str:
    """Explain why the engine's parser refused a text with `message`."""
    return find_mistake(text, update=update) or describe(message)


def describe(message: str) -> str:
    """Rephrase a parser error of the engine, which lists the rules it expected."""
    at = _PLACE.search(message)
    where = f"At line {at[1] or at[3]}, column {at[2] or at[4]}: " if at else ""
    reason = _REASON.search(message)
    if reason is not None:
        return f"{where}{reason[1].strip()}."
    return (
        f"{where}syntax error. Check what comes right before: a keyword, bracket or operator may "
        "be missing."
    )
