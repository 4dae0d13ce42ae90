INSERT DATA { GRAPH <http://example.org/client> {
  <http://example.org/a> <http://example.org/p> "一"@zh , "two" , 3 .
} }
