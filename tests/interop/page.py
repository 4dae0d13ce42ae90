from typing import Any
from interop.tool import ROOT
PAGE = ROOT / "docs" / "interoperability.md"
def page(results: dict[str, Any]) -> str: return ""
def unexplained(results: dict[str, Any]) -> list[str]: return []
