"""What a curator is told: shapes, rules, identifiers, quotes."""
