"""Search in the index of a release."""
