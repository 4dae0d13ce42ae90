"""Static files: ours, and the modules of CodeMirror that an installed wheel of NiceGUI ships.

The URL of a file changes with its content and that of the modules it imports, so all of them can be
cached forever. Without the wheel, pages have no query editor.
"""

from __future__ import annotations

import hashlib
import re
from functools import cache
from importlib import resources
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from jiqun.compression import encode

_SCRIPT: Final = "text/javascript; charset=utf-8"
_SHEET: Final = "text/css; charset=utf-8"
STATIC_TYPES: Final = {
    "style.css": _SHEET,
    "pictures.css": _SHEET,
    "print.css": _SHEET,
    "page.js": _SCRIPT,
    "mark.svg": "image/svg+xml",
    "editor.css": _SHEET,
    "editor.js": _SCRIPT,
    "editor-completion.js": _SCRIPT,
    "editor-functions.js": _SCRIPT,
    "editor-marks.js": _SCRIPT,
    "editor-tabs.js": _SCRIPT,
    "editor-tokens.js": _SCRIPT,
    "codemirror.js": _SCRIPT,
}
"""Our files, with their media types."""

_PACKAGE: Final = "nicegui"
_FOLDER: Final = "elements/codemirror/dist"
_FIRST: Final = "index.js"
_PREFIX: Final = "codemirror-"
_IMPORT: Final = re.compile(rb"""(\bfrom\s*)(["'])\./([\w.-]+\.js)\2""")


@cache
def modules() -> dict[str, Path]:
    """Return the modules of CodeMirror by their served names; none without the wheel.

    They are the entry module and its static imports; the Python package is never imported.
    """
    spec = find_spec(_PACKAGE)
    places = list(spec.submodule_search_locations or ()) if spec else []
    found: dict[str, Path] = {}
    waiting = [_FIRST] if places else []
    while waiting:
        name = waiting.pop()
        path = Path(places[0], _FOLDER, name)
        if _PREFIX + name not in found:
            if not path.is_file():
                return {}
            found[_PREFIX + name] = path
            waiting += [each[2].decode() for each in _IMPORT.findall(path.read_bytes())]
    return found


def media_type(name: str) -> str | None:
    """Return the media type of a static file; None if there is none of this name."""
    return STATIC_TYPES.get(name) or (_SCRIPT if name in modules() else None)


@cache
def static_file(name: str) -> bytes:
    """Return the content of a static file, its imports with versions; raises `KeyError`."""
    if name in STATIC_TYPES:
        content = resources.files("jiqun.web").joinpath("static", name).read_bytes()
        prefix = ""
    else:
        content, prefix = modules()[name].read_bytes(), _PREFIX
    if not name.endswith(".js"):
        return content

    def versioned(found: re.Match[bytes]) -> bytes:
        imported = prefix + found[3].decode()
        if media_type(imported) is None:
            return found[0]
        return b'%b"./%b"' % (found[1], _versioned(imported).encode())

    return _IMPORT.sub(versioned, content)


@cache
def coded_file(name: str, coding: str) -> bytes:
    """Return the content of a static file in a content coding; raises `KeyError`."""
    return encode(coding, static_file(name))


@cache
def static_path(name: str) -> str:
    """Return the path of a static file; it changes with the content, so it can be cached."""
    return f"/static/{_versioned(name)}"


def editor_path() -> str | None:
    """Return the path of the query editor; None where its modules are not installed."""
    return static_path("editor.js") if modules() else None


def _versioned(name: str) -> str:
    return f"{name}?v={hashlib.sha256(static_file(name)).hexdigest()[:12]}"
