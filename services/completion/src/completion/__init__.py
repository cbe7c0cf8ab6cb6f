"""Completion facts from every learning system, verified and matched."""
