"""Queries in worker processes that can be stopped at any moment."""
