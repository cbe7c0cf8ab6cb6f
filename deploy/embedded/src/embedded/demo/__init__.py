"""The 2023-24 cycle of a synthetic university, driven day by day on the embedded platform."""
