"""Saved queries as their files say them."""
