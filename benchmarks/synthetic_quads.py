"""N-Quads of any size, shaped as a catalogue of firms with evidence; the same for the same number.

`python -m benchmarks.synthetic_quads 1e6 firms.nq` writes about a million statements: firms with
names in three languages, their places, figures, and a named graph for each passage that states
something of them. Half of the statements are in the default graph, which merges the named ones.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

BASE: Final = "https://data.example.org/"
TERMS: Final = f"{BASE}terms#"
_RDF_TYPE: Final = "<http://www.w3.org/1999/02/22-rdf-syntax-ns#type>"
_INTEGER: Final = "http://www.w3.org/2001/XMLSchema#integer"
_LABEL: Final = "<http://www.w3.org/2000/01/rdf-schema#label>"
_PASSAGES_OF_A_SOURCE: Final = 50
_PLACES: Final = 400
_HAN: Final = (
    "华东南北京津冀沪苏浙川渝湘鄂粤桂晋鲁豫皖闽赣辽吉黑蒙新藏青宁甘陕云贵琼海天地金木水火土光电力"
)
_TRADITIONAL: Final = str.maketrans("华东苏鲁赣辽宁陕云贵琼电闽", "華東蘇魯贛遼寧陝雲貴瓊電閩")
_SYLLABLES: Final = ("hua", "dong", "nan", "bei", "jing", "jin", "ji", "hu", "su", "zhe", "chuan")
_TRADES: Final = (("装备", "equipment"), ("汽车", "cars"), ("软件", "software"))


def firms(number: int) -> Iterator[str]:
    """Yield lines of N-Quads for so many firms."""
    chance = random.Random(number)  # noqa: S311 -- for names, not for secrets
    for place in range(_PLACES):
        node = f"<{BASE}id/place-{place}>"
        yield from _both(_named(node, "Place", *_name(chance)), f"{BASE}graph/register")
    for firm in range(number):
        node = f"<{BASE}id/firm-{firm}>"
        han, latin = _name(chance)
        trade, english = chance.choice(_TRADES)
        facts = _named(node, "Firm", f"{han}{trade}", f"{latin} {english}")
        facts.append(f'{node} <{TERMS}code> "{firm:012d}"')
        yield from _both(facts, f"{BASE}graph/register")
        source, part = divmod(firm, _PASSAGES_OF_A_SOURCE)
        passage = f"{BASE}source/{source}#p{part}"
        figure = f"<{BASE}id/figure-{firm}>"
        stated = [
            f"{node} <{TERMS}seat> <{BASE}id/place-{chance.randrange(_PLACES)}>",
            f"{figure} {_RDF_TYPE} <{TERMS}Figure>",
            f"{figure} <{TERMS}about> {node}",
            f'{figure} <{TERMS}year> "{2000 + firm % 25}"',
            f'{figure} <{TERMS}value> "{chance.randrange(99_999)}"^^<{_INTEGER}>',
            f"{figure} <{TERMS}statedIn> <{passage}>",
        ]
        yield from _both(stated, passage)
        described = [
            f"<{passage}> {_RDF_TYPE} <{TERMS}Passage>",
            f'<{passage}> <{TERMS}words> "{han}{trade}位于{han}。"@zh-Hans',
        ]
        yield from _both(described, f"{BASE}graph/sources")


STATEMENTS_OF_A_FIRM: Final = 26


def _name(chance: random.Random) -> tuple[str, str]:
    length = chance.randrange(2, 5)
    latin = " ".join(chance.choice(_SYLLABLES) for _ in range(length)).title()
    return "".join(chance.choice(_HAN) for _ in range(length)), latin


def _named(node: str, kind: str, han: str, latin: str) -> list[str]:
    return [
        f"{node} {_RDF_TYPE} <{TERMS}{kind}>",
        f'{node} {_LABEL} "{han}"@zh-Hans',
        f'{node} {_LABEL} "{han.translate(_TRADITIONAL)}"@zh-Hant',
        f'{node} {_LABEL} "{latin}"@en',
    ]


def _both(statements: list[str], graph: str) -> Iterator[str]:
    for each in statements:
        yield f"{each} .\n"
        yield f"{each} <{graph}> .\n"


def write(statements: int, path: Path) -> None:
    """Write about so many statements to a file."""
    with path.open("w", encoding="utf-8", buffering=1 << 20) as file:
        file.writelines(firms(max(1, statements // STATEMENTS_OF_A_FIRM)))


if __name__ == "__main__":
    write(int(float(sys.argv[1])), Path(sys.argv[2]))
