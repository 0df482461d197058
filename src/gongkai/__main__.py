"""`python -m gongkai`."""

from gongkai.cli.app import main

main()
