"""The pages: rendered on the server, without inline code, working without scripts.

Readers of the graph return plain data, renderers turn plain data and a `Reader` into HTML, and
document functions call both.
"""
