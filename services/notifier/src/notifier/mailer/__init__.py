"""Mail to the campus relay, through the staged state machine that never repeats in silence."""
