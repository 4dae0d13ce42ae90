"""The pages: rendered on the server, without inline code, working without scripts.

A reader of the graph returns plain data, a renderer turns plain data and a `Reader` into HTML, and
a document function calls the one and the other.
"""
