"""`python -m embedded` is the `rollcall` command."""

from embedded.cli import main

main()
