"""Outbound connections, for SERVICE, LOAD and backends, only where the operator allows them."""
