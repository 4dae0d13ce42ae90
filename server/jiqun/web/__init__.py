"""The HTTP server: the SPARQL protocol, pages, linked data and metadata."""
