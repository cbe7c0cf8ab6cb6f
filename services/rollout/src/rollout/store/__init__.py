"""Every SQL statement of the service; each works on a whole batch."""
