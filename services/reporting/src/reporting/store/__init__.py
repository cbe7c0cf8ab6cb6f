"""Every SQL statement of reporting: projections in, nights made, reports out."""
