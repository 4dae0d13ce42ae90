"""The page of an identifier that was given up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jiqun.endpoint.pages.environment import render
from jiqun.endpoint.pages.sources import DATA_FORMS
from jiqun.endpoint.reader import pick

if TYPE_CHECKING:
    from jiqun.endpoint.linked.retirement import Retirement
    from jiqun.endpoint.reader import Reader


def render_retirement(retired: Retirement, path: str, reader: Reader) -> str:
    """Render why the identifier leads nowhere any more, and where to look instead.

    `path` is the address without suffix, such as `/doc/beijing`.
    """
    words = path.rpartition("/")[2].replace("-", " ")
    return render(
        "retired.html",
        reader,
        iri=retired.iri,
        reason=pick(retired.reasons, reader),
        search=reader.link("/search", q=words),
        data=[(label, f"{reader.root}{path}.{suffix}", kind) for label, suffix, kind in DATA_FORMS],
    )
