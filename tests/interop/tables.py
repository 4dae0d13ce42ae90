"""pandas and DuckDB read the CSV and Parquet tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from interop.python_rdf import version
from interop.tool import Tool

if TYPE_CHECKING:
    from pathlib import Path


def _pandas_csv(folder: Path) -> int:
    import pandas as pd  # noqa: PLC0415 (takes long)

    return sum(len(pd.read_csv(path)) for path in sorted(folder.glob("*.csv")))


def _duckdb(pattern: str, function: str) -> int:
    import duckdb  # noqa: PLC0415 (as pandas)

    count = 0
    with duckdb.connect() as connection:
        for (path,) in connection.execute("SELECT file FROM glob(?)", [pattern]).fetchall():
            found = connection.execute(f"SELECT count(*) FROM {function}(?)", [path]).fetchone()
            count += found[0] if found else 0
    return count


TOOLS: Final = (
    Tool(
        "pandas",
        "PyPI",
        "pandas",
        lambda: version("pandas"),
        counts={"*.csv": _pandas_csv},
        python=True,
    ),
    Tool(
        "DuckDB",
        "PyPI",
        "duckdb",
        lambda: version("duckdb"),
        counts={
            "*.csv": lambda folder: _duckdb(f"{folder}/*.csv", "read_csv"),
            "*.parquet": lambda folder: _duckdb(f"{folder}/*.parquet", "read_parquet"),
        },
        python=True,
    ),
)
