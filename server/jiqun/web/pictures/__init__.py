"""The pictures of the pages: SVG with one grammar of certainty for all of them."""
