"""SPARQL keywords and functions, and what people write in their place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Final

from jiqun.rdf.namespaces import DBPEDIA, DBPEDIA_ONTOLOGY, GEONAMES, PREFIXES, SD

_MANY: Final = 10_000
# Function to the least and most number of its arguments.
ARITIES: Final[Mapping[str, tuple[int, int]]] = {
    **dict.fromkeys(("RAND", "NOW", "UUID", "STRUUID"), (0, 0)),
    "BNODE": (0, 1),
    **dict.fromkeys("STR LANG LANGDIR DATATYPE BOUND IRI URI ABS CEIL FLOOR ROUND".split(), (1, 1)),
    **dict.fromkeys("STRLEN UCASE LCASE ENCODE_FOR_URI YEAR MONTH DAY HOURS".split(), (1, 1)),
    **dict.fromkeys("MINUTES SECONDS TIMEZONE TZ MD5 SHA1 SHA256 SHA384 SHA512".split(), (1, 1)),
    **dict.fromkeys("ISIRI ISURI ISBLANK ISLITERAL ISNUMERIC HASLANG HASLANGDIR".split(), (1, 1)),
    **dict.fromkeys("ISTRIPLE SUBJECT PREDICATE OBJECT".split(), (1, 1)),
    **dict.fromkeys("LANGMATCHES CONTAINS STRSTARTS STRENDS STRBEFORE STRAFTER".split(), (2, 2)),
    **dict.fromkeys("STRLANG STRDT SAMETERM SAMEVALUE".split(), (2, 2)),
    **dict.fromkeys(("IF", "STRLANGDIR", "TRIPLE"), (3, 3)),
    **dict.fromkeys(("CONCAT", "COALESCE"), (0, _MANY)),
    **dict.fromkeys(("REGEX", "SUBSTR"), (2, 3)),
    "REPLACE": (3, 4),
    "ADJUST": (1, 2),
}
AGGREGATES: Final = frozenset("COUNT SUM MIN MAX AVG SAMPLE GROUP_CONCAT".split())
EXPRESSION_WORDS: Final = (*ARITIES, *AGGREGATES, "EXISTS", "NOT", "IN", "TRUE", "FALSE")
GROUP_WORDS: Final = tuple(
    "FILTER OPTIONAL UNION MINUS BIND VALUES GRAPH SERVICE SELECT LATERAL".split()
)
QUERY_FORMS: Final = ("SELECT", "ASK", "CONSTRUCT", "DESCRIBE")
UPDATE_FORMS: Final = tuple("INSERT DELETE LOAD CLEAR DROP CREATE ADD MOVE COPY WITH".split())
PROLOGUE: Final = ("PREFIX", "BASE", "VERSION")

FOREIGN_FUNCTIONS: Final[Mapping[str, str]] = {
    **dict.fromkeys(("LENGTH", "LEN", "CHAR_LENGTH", "SIZE"), "STRLEN(…)"),
    **dict.fromkeys(("SUBSTRING", "MID", "SLICE"), "SUBSTR(text, start, length)"),
    **dict.fromkeys(("LOWER", "TOLOWER", "LOWERCASE"), "LCASE(…)"),
    **dict.fromkeys(("UPPER", "TOUPPER", "UPPERCASE"), "UCASE(…)"),
    **dict.fromkeys(("STARTSWITH", "STARTS_WITH"), "STRSTARTS(text, beginning)"),
    **dict.fromkeys(("ENDSWITH", "ENDS_WITH"), "STRENDS(text, end)"),
    **dict.fromkeys(("INSTR", "CONTAIN", "INCLUDES", "HAS"), "CONTAINS(text, part)"),
    **dict.fromkeys(("IFNULL", "NVL", "ISNULL"), "COALESCE(?x, value), or !BOUND(?x)"),
    **dict.fromkeys(("CAST", "CONVERT", "TO_NUMBER"), "a cast such as xsd:integer(?x)"),
    **dict.fromkeys(("INT", "INTEGER", "TOINTEGER"), "xsd:integer(?x)"),
    **dict.fromkeys(("DATE", "TO_DATE"), "xsd:date(?x)"),
    **dict.fromkeys(("DATETIME", "TIMESTAMP"), "xsd:dateTime(?x)"),
    **dict.fromkeys(("FLOAT", "DOUBLE", "DECIMAL", "NUMBER"), "a cast such as xsd:decimal(?x)"),
    **dict.fromkeys(("STRING", "TOSTRING", "TEXT"), "STR(…)"),
    **dict.fromkeys(("AVERAGE", "MEAN"), "AVG(…)"),
    **dict.fromkeys(("STRING_AGG", "GROUPCONCAT"), 'GROUP_CONCAT(?x; SEPARATOR=", ")'),
    **dict.fromkeys(("CURRENT_DATE", "GETDATE", "TODAY", "SYSDATE"), "NOW()"),
    **dict.fromkeys(("CEILING",), "CEIL(…)"),
    **dict.fromkeys(("TRIM", "STRIP"), 'REPLACE(?x, "^\\\\s+|\\\\s+$", "")'),
    **dict.fromkeys(("MATCH", "MATCHES", "REGEXP", "REGEXP_LIKE"), "REGEX(text, pattern)"),
    **dict.fromkeys(("LABEL",), "a statement such as ?x rdfs:label ?label"),
}
"""What to write instead of a function of SQL, Cypher or a programming language."""

FOREIGN_OPERATORS: Final[Mapping[str, str]] = {
    "AND": "“AND” is written “&&”",
    "OR": "“OR” is written “||”",
    "XOR": "SPARQL has no XOR: write (a || b) && !(a && b)",
    "IS": "“IS NULL” is written !BOUND(?x), “IS NOT NULL” BOUND(?x)",
    "LIKE": 'SPARQL has no LIKE: write CONTAINS(?x, "…") or REGEX(?x, "…")',
    "BETWEEN": "SPARQL has no BETWEEN: write ?x >= 1 && ?x <= 9",
    "EQ": "“equals” is written “=”",
    "NE": "“not equal” is written “!=”",
    "MOD": "SPARQL has no remainder operator: write ?x - FLOOR(?x / 2) * 2",
    "DIV": "division is written “/”",
    "CONTAINS": "CONTAINS is a function: write CONTAINS(text, part)",
    "STARTS": "write STRSTARTS(text, beginning)",
    "ENDS": "write STRENDS(text, end)",
    "MATCHES": "write REGEX(text, pattern)",
}
"""What to write instead of an operator of another language."""

KNOWN_PREFIXES: Final[Mapping[str, str]] = {
    **PREFIXES,
    "dct": PREFIXES["dcterms"],
    "dc": "http://purl.org/dc/elements/1.1/",
    "sdo": PREFIXES["schema"],
    "wdt": "http://www.wikidata.org/prop/direct/",
    "wikibase": "http://wikiba.se/ontology#",
    "dbr": DBPEDIA,
    "dbo": DBPEDIA_ONTOLOGY,
    "gn": GEONAMES,
    "sd": SD,
    "geof": "http://www.opengis.net/def/function/geosparql/",
    "sf": "http://www.opengis.net/ont/sf#",
    "fn": "http://www.w3.org/2005/xpath-functions#",
    "afn": "http://jena.apache.org/ARQ/function#",
}
"""Well-known prefixes that people use without declaring them."""

FULL_WIDTH: Final[Mapping[str, str]] = {
    **{chr(code): chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F) if code < 0xFF10},
    **{chr(code): chr(code - 0xFEE0) for code in (*range(0xFF1A, 0xFF21), *range(0xFF3B, 0xFF41))},
    **{chr(code): chr(code - 0xFEE0) for code in range(0xFF5B, 0xFF5F)},
    "。": ".",
    "、": ",",
    "「": '"',
    "」": '"',
    "『": '"',
    "』": '"',
    "【": "[",
    "】": "]",
    "《": "<",
    "》": ">",
    "〈": "<",
    "〉": ">",
    "￥": "$",
}
"""East Asian punctuation and its SPARQL equivalent."""

LOOKALIKES: Final[Mapping[str, str]] = {
    **dict.fromkeys("“”„‟«»″", '"'),
    **dict.fromkeys("‘’‚‛´′", "'"),
    **dict.fromkeys("‐‑‒–—―−", "-"),
    "…": "...",
    "×": "*",
    "÷": "/",
    "≤": "<=",
    "≥": ">=",
    "≠": "!=",
    "∧": "&&",
    "∨": "||",
    "¬": "!",
    "⟨": "<",
    "⟩": ">",
    "‹": "<",
    "›": ">",
}
"""Characters that word processors put in place of those of SPARQL."""

INVISIBLE: Final[Mapping[str, str]] = {
    "\u00a0": "a no-break space",
    "\u3000": "an ideographic space",
    "\u200b": "a zero-width space",
    "\u200c": "a zero-width non-joiner",
    "\u200d": "a zero-width joiner",
    "\u2060": "a word joiner",
    "\ufeff": "a byte order mark",
    "\u2028": "a line separator",
    "\u2029": "a paragraph separator",
    "\u202e": "a text-direction control",
    "\u200e": "a text-direction control",
    "\u200f": "a text-direction control",
    **{chr(code): "a non-standard space" for code in range(0x2000, 0x200B)},
    "\u202f": "a non-standard space",
    "\x0b": "a control character",
    "\x0c": "a control character",
    "\x00": "a control character",
}
"""Names of invisible characters."""


def close(word: str, candidates: Iterable[str]) -> str | None:
    """Return the candidate (in upper case) that `word` most probably misspells."""
    folded = word.upper()[:40]
    known = list(dict.fromkeys(candidates))
    squeezed = folded.replace("_", "")
    for each in known:
        if each.replace("_", "") == squeezed and each != folded:
            return each
    found = get_close_matches(folded, known, n=1, cutoff=0.72)
    return found[0] if found else None


def prefix_iri(prefix: str) -> str | None:
    """Return the namespace that a prefix usually stands for."""
    return KNOWN_PREFIXES.get(prefix) or KNOWN_PREFIXES.get(prefix.lower())
