r"""The terminals of SPARQL 1.1 (§19.8) as regular expressions, with the additions of SPARQL 1.2.

`TERMINAL` matches one token with the blanks and comments before it; the name of its group is the
kind of the token. `ESCAPE` matches a codepoint escape, or, as its group `kept`, a whole stretch of
text in which the parser decodes escapes by itself.
"""

from __future__ import annotations

import re
from typing import Final

_WORDS: Final = """
    BASE PREFIX VERSION SELECT DISTINCT REDUCED AS CONSTRUCT WHERE DESCRIBE ASK FROM NAMED
    GROUP BY HAVING ORDER ASC DESC LIMIT OFFSET VALUES UNDEF OPTIONAL GRAPH SERVICE SILENT
    BIND MINUS UNION FILTER LATERAL A TRUE FALSE NOT IN EXISTS SEPARATOR COUNT SUM MIN MAX AVG
    SAMPLE GROUP_CONCAT STR LANG LANGMATCHES LANGDIR DATATYPE BOUND IRI URI BNODE RAND ABS
    CEIL FLOOR ROUND CONCAT STRLEN UCASE LCASE ENCODE_FOR_URI CONTAINS STRSTARTS STRENDS
    STRBEFORE STRAFTER YEAR MONTH DAY HOURS MINUTES SECONDS TIMEZONE TZ NOW UUID STRUUID MD5
    SHA1 SHA256 SHA384 SHA512 COALESCE IF STRLANG STRLANGDIR STRDT SAMETERM SAMEVALUE ISIRI
    ISURI ISBLANK ISLITERAL ISNUMERIC HASLANG HASLANGDIR REGEX SUBSTR REPLACE ISTRIPLE TRIPLE
    SUBJECT PREDICATE OBJECT ADJUST INSERT DELETE DATA LOAD CLEAR DROP CREATE ADD MOVE COPY
    WITH USING INTO TO DEFAULT ALL
"""
WORDS: Final = frozenset(_WORDS.split())
UPDATES: Final = frozenset("INSERT DELETE LOAD CLEAR DROP CREATE ADD MOVE COPY WITH".split())  # noqa: SIM905

_LETTER = (
    "A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u02ff\u0370-\u037d\u037f-\u1fff\u200c-\u200d"
    "\u2070-\u218f\u2c00-\u2fef\u3001-\ud7ff\uf900-\ufdcf\ufdf0-\ufffd\U00010000-\U000effff"
)
_VARIABLE = f"_{_LETTER}0-9\u00b7\u0300-\u036f\u203f-\u2040"
_NAME = f"{_VARIABLE}\\-"
_PERCENT = r"%[0-9A-Fa-f]{2}|\\[_~.\-!$&'()*+,;=/?\#@%]"

IRI = r"""<[^\x00-\x20<>"{}|^`]*>"""
# The order matters: three quotes open a long string and nothing else.
STRING = r"""
    \"\"\"(?:[^"\\]++|\\[^\r\n]|"(?!""))*+\"\"\" | \'\'\'(?:[^'\\]++|\\[^\r\n]|'(?!''))*+\'\'\'
  | "(?!"")(?:[^"\\\r\n]++|\\[^\r\n])*+" | '(?!'')(?:[^'\\\r\n]++|\\[^\r\n])*+'
"""
# A prefix is bounded so that a long run of letters and dots is not read anew from each dot.
TERMINAL: Final = re.compile(
    rf"""
    (?:[ \t\r\n]++|\#[^\r\n]*+)*+
    (?:
      (?P<iri>{IRI})
    | (?P<variable>[?$][{_VARIABLE}]++)
    | (?P<name>(?:[{_LETTER}](?:[{_NAME}.]{{0,127}}[{_NAME}])?)?:
          (?:(?:[_{_LETTER}:0-9]|{_PERCENT})
             (?:[{_NAME}:]|{_PERCENT}|\.+(?=[{_NAME}:%\\]))*+)?)
    | (?P<blank>_:[_{_LETTER}0-9](?:[{_NAME}]|\.+(?=[{_NAME}]))*+)
    | (?P<word>[A-Za-z][A-Za-z0-9_]*+)
    | (?P<string>{STRING})
    | (?P<number>[0-9]++\.[0-9]*[eE][+-]?[0-9]+|\.?[0-9]+[eE][+-]?[0-9]+|[0-9]*\.[0-9]+|[0-9]+)
    | (?P<language>@[A-Za-z]++(?:-[A-Za-z0-9]++)*+(?:--[A-Za-z]++)?)
    | (?P<mark><<\(|\)>>|\^\^|\|\||&&|!=|<=|>=|<<|>>|\{{\||\|\}}|[{{}}()\[\].,;*/+\-!=<>|^?~])
    | (?P<end>\Z)
    )
    """,
    re.VERBOSE,
)
ESCAPE: Final = re.compile(
    rf"(?P<kept>{IRI}|{STRING}|\#[^\r\n]*+)|\\u([0-9A-Fa-f]{{4}})|\\U([0-9A-Fa-f]{{8}})",
    re.VERBOSE,
)
BLANKS: Final = re.compile(r"(?:[ \t\r\n]++|#[^\r\n]*+)*+")
