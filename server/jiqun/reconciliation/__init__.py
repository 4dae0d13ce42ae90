"""The Reconciliation Service API, versions 0.2 and 1.0-draft."""
