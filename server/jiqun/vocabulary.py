"""The IRIs that both halves of the program speak of."""

from __future__ import annotations

from typing import Final

BASE: Final = "https://w3id.org/jiqun/"
KG: Final = f"{BASE}ontology#"
ID: Final = f"{BASE}id/"
SOURCE: Final = f"{BASE}source/"
QUERY: Final = f"{BASE}query/"
GRAPH: Final = f"{BASE}graph/"
DATASET: Final = f"{BASE}dataset"
CATALOGUE: Final = f"{BASE}catalogue"
PARTITION: Final = f"{BASE}.well-known/void#"
