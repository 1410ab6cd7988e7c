"""Runs the command line as `python -m videnhance`."""

from videnhance.cli import main

if __name__ == "__main__":
    main()
