"""`python -m reporting` is the console script `reporting`."""

from __future__ import annotations

from reporting.cli import main

if __name__ == "__main__":
    main()
