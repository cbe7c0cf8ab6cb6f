"""Mechanisms every Rollcall service needs and none writes twice; knows no person, no module."""
