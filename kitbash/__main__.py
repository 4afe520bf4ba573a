"""`python -m kitbash` is the `kitbash` command."""

from kitbash.cli.main import main

main()
