"""Use cases: each loads, decides, and writes state and outbox within one transaction."""
