"""Calls to other servers, only where the operator allows them."""
