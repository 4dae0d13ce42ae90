"""A release folder and everything in it."""
