"""Measurements of the endpoint; see docs/benchmarks.md."""
