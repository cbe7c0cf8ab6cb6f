"""Every SQL statement of the completion service; each takes a connection and whole batches."""
