"""Every SQL statement of the SCIM door."""
