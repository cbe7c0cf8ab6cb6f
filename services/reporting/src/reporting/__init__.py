"""Snapshots, editions and the pages officers read."""
