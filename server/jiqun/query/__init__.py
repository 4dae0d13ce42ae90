"""The language: what a query or an update is, and whether it may pass."""
