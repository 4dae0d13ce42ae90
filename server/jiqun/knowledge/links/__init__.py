"""Mapping sets in SSSOM: read, checked, verified, and as graphs."""
