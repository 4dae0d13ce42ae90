"""Parsing, planning and evaluation of SPARQL queries."""
