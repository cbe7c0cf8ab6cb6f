"""`python -m rollout`: the service's command line."""

from rollout.cli import main

main()
