"""Explains why a query or update was refused: the mistake, its position, the fix."""
