"""The contracts of Rollcall: every event, every topic, and what may be read from them."""
