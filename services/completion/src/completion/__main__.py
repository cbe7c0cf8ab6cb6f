"""`python -m completion`: the same as the console script."""

from __future__ import annotations

from completion.cli import main

if __name__ == "__main__":
    main()
