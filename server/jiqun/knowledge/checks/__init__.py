"""Checks of the content: files, quotes, rules and shapes."""
