"""`python -m roster`: the roster's command line."""

from roster.cli import main

main()
