"""Figures of speed, each beside a hand-written ceiling that runs in the same minutes.

A figure counts as a ratio: absolute rates move with the machine, and with whatever else runs on it.
"""
