"""``python -m sessionframe``: the command line where its script is not on the path."""

from sessionframe.cli import program

if __name__ == "__main__":
    program()
