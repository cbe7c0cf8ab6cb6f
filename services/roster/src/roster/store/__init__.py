"""Every SQL statement of the roster; each works on a whole batch."""
