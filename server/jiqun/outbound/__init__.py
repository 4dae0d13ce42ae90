"""Connections to other servers, for SERVICE and LOAD, only where the operator allows them."""
