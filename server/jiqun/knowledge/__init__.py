"""From sources to a release: reads, checks, infers and writes the graph."""
