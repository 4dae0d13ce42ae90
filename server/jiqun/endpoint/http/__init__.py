"""What HTTP asks and gets: protocol, negotiation, codings, errors, counts."""
