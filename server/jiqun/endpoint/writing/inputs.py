"""What `jiqun load` is given: files, folders of files, releases, addresses on the web.

An address is fetched because the operator wrote it on the command line; nothing that is loaded can
make this fetch anything else.
"""

from __future__ import annotations

import http.client
import shutil
import urllib.error
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from jiqun.endpoint.rdf_reading import EXTENSIONS, FORMATS
from jiqun.errors import BadParameter, NotReached

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from email.message import Message

_ACCEPT: Final = (
    "application/n-quads, application/trig;q=0.9, text/turtle;q=0.8, application/n-triples;q=0.7, "
    "application/rdf+xml;q=0.5, application/ld+json;q=0.4"
)
_SECONDS: Final = 60
"""How long a server may be silent."""
_WHOLE: Final = "jiqun.nq.gz"
"""The file of a release that holds everything the others hold."""


@dataclass(frozen=True)
class Input:
    """A file to read, and the IRI that relative IRIs in it are resolved against."""

    path: Path
    base: str


@contextmanager
def inputs(names: Sequence[str]) -> Iterator[list[Input]]:
    """Give the files that names stand for; what was fetched is gone when the block ends.

    A folder with a manifest.json is a release and stands for its N-Quads; any other stands for all
    its RDF files, those of folders in it too, in the order of their names. Raises `BadParameter`
    and `NotReached`.
    """
    with TemporaryDirectory(prefix="jiqun-") as scratch:
        found: list[Input] = []
        for place, name in enumerate(names):
            if urlsplit(name).scheme in {"http", "https"}:
                found.append(_fetch(name, Path(scratch) / str(place)))
            else:
                found += [Input(path, path.absolute().as_uri()) for path in _files(Path(name))]
        yield found


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    if (path / "manifest.json").is_file():
        return [path / _WHOLE]
    found = [each for each in sorted(path.rglob("*")) if each.is_file() and _is_rdf(each.name)]
    if not found:
        raise BadParameter(f"The folder {path} holds no RDF file.")
    return found


def _is_rdf(name: str) -> bool:
    plain = name.lower().removesuffix(".gz")
    return plain.endswith(tuple(EXTENSIONS)) and not plain.endswith((".xml", ".json"))


def _fetch(url: str, folder: Path) -> Input:
    """Fetch a file into the folder, under a name that tells its format."""
    folder.mkdir()
    request = urllib.request.Request(url, headers={"Accept": _ACCEPT})  # noqa: S310 (http only)
    try:
        with urllib.request.urlopen(request, timeout=_SECONDS) as reply:  # noqa: S310
            path = folder / _file_name(reply.url, reply.headers)
            with path.open("wb") as file:
                shutil.copyfileobj(reply, file)
            if reply.length:
                raise NotReached(f"{url} broke off, {reply.length} bytes before its end.")
            return Input(path, reply.url)
    except urllib.error.HTTPError as error:
        raise NotReached(f"{url} answered {error.code} {error.reason}.") from None
    except urllib.error.URLError as error:
        raise NotReached(f"{url} cannot be reached: {error.reason}.") from None
    except (http.client.HTTPException, OSError) as error:
        raise NotReached(f"{url} broke off: {error}.") from None


def _file_name(url: str, headers: Message) -> str:
    """Name the file as the address does, else by the media type."""
    name = urlsplit(url).path.rpartition("/")[2]
    packed = ".gz" if headers["Content-Encoding"] == "gzip" else ""
    if _is_rdf(name):
        return name if name.lower().endswith(".gz") else name + packed
    wanted = FORMATS.get(headers.get_content_type())
    known = [extension for extension, each in EXTENSIONS.items() if FORMATS[each] == wanted]
    return f"{name or 'data'}{known[0] if known else ''}{packed}"
