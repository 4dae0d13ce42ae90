"""From a release to HTTP: the engine, the SPARQL protocol and the pages."""
