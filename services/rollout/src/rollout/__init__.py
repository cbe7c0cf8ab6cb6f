"""Cycles, groups, obligations and reminders: what each person owes, and by when."""
