"""The command line as a program, ``sessionframe`` or ``python -m sessionframe``, which Ctrl-C ends without a traceback from the first."""

import sys


def run() -> None:
    """Load the command line and run it."""
    try:
        from sessionframe.cli import program  # loads for a tenth of a second, in which Ctrl-C may already come

        program()
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    run()
