"""What the tests share: real backends, databases, topics, and waiting with a deadline."""
