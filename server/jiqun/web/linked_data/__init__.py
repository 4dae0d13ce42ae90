"""Linked Data: what a thing, a source and the ontology are as RDF, and under which addresses."""
