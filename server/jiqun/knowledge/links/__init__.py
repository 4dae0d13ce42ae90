"""SSSOM mapping sets: reading, checks, verification, and their graphs."""
