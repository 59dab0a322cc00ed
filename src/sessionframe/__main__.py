"""``python -m sessionframe``: the command line where its script is not on the path."""

from sessionframe.cli import main

if __name__ == "__main__":
    main()
