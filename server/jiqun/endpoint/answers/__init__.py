"""From a question to its answer: gate, cache, one flight for the same question, engine."""
