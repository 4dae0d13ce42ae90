CLEAR SILENT GRAPH <http://example.org/client>
