"""IRIs that come from outside: checked before they are used for anything."""

from __future__ import annotations

import re
from typing import Final

from pyoxigraph import NamedNode

from jiqun.errors import BadParameter

_SHAPE: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:[^\x00-\x20\x7f<>\"{}|\\^`\ud800-\udfff]*")


def is_absolute_iri(text: str) -> bool:
    """Tell whether `text` is an absolute IRI (RFC 3987), fit to stand between < and >."""
    if not _SHAPE.fullmatch(text):
        return False
    try:
        NamedNode(text)
    except ValueError:
        return False
    return True


def absolute_iri(text: str, parameter: str) -> str:
    """Give `text` back if it is an absolute IRI; else raise `BadParameter` naming the parameter."""
    if not is_absolute_iri(text):
        raise BadParameter(f"The value of {parameter} is not an absolute IRI.")
    return text
