"""The routes, one file for each resource; thin, because the behaviour lives beside them."""
