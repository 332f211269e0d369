"""Sample documents about invented people: what the demo signs, what tests and benchmarks read."""
