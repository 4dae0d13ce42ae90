"""Parameters are decoded as the standard library decodes them, only faster."""

from __future__ import annotations

import re
from urllib.parse import unquote_to_bytes

from hypothesis import given
from hypothesis import strategies as st

from jiqun.errors import BadParameter
from jiqun.query.protocol import parse_parameters

TRICKY = st.lists(st.sampled_from([*"%=+\r\n 09aAfFgzé", "%3D", "%0A", "%E9", "=\n", "%25"])).map(
    lambda parts: "".join(parts).encode()
)


@given(TRICKY)
def test_decoding(value: bytes) -> None:
    sound = not re.search(rb"%(?![0-9A-Fa-f]{2})", value)
    try:
        expected = unquote_to_bytes(value.replace(b"+", b" ")).decode() if sound else None
    except UnicodeDecodeError:
        expected = None
    try:
        found = parse_parameters(b"x=" + value, "body")["x"][0]
    except BadParameter:
        found = None
    assert found == expected
