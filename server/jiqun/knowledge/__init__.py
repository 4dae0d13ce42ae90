"""From sources to a release: reading, checking, inferring and writing the graph."""
