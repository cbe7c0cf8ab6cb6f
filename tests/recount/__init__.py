"""Recount every published number from the log alone, sharing no code with the services."""
