"""Reads secrets of the operator, one per file."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from jiqun.errors import SettingsError


def read_secret(path: Path, what: str) -> str:
    """Return the content of a file; `what` names it at the beginning of a sentence.

    Raises `SettingsError` when it cannot be read, is empty, or other users may read or change it.
    """
    try:
        with path.open(encoding="utf-8") as file:
            mode = os.fstat(file.fileno()).st_mode
            secret = file.read().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{what} cannot be read from {path}: {error}.") from None
    if mode & (stat.S_IROTH | stat.S_IWOTH):
        raise SettingsError(
            f"Every user of this machine may read or change {path} (mode {mode & 0o777:o}). "
            f"{what} must be private: chmod 600 {path}"
        )
    if not secret:
        raise SettingsError(f"{path} is empty. It must contain: {what}.")
    return secret
