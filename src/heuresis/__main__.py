"""`python -m heuresis` is the same as the command `heuresis`."""

from heuresis.cli.main import main

if __name__ == "__main__":
    main()
