"""What is wrong with a query or update that was refused: the mistake, its place, the mend."""
