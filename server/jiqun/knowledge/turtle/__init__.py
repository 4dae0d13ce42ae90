"""Turtle and TriG files: read, pointed into, and written in one canonical form."""
