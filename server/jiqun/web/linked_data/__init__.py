"""Linked Data: RDF documents of things, sources and the ontology, and their URLs."""
