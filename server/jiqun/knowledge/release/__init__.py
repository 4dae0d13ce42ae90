"""Writes a release folder and its files."""
