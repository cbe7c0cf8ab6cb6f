"""A synthetic university for the 2023-24 cycle: its people, and a dated script of what happens.

Deterministic and made of the standard library alone, so that a run of the whole platform can be
repeated and recomputed. Everybody in it is invented.
"""

from embedded.university.build import build
from embedded.university.model import SOURCE, Department, Happening, Person, University

__all__ = ["SOURCE", "Department", "Happening", "Person", "University", "build"]
