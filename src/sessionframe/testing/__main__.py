"""``python -m sessionframe.testing demo|home FOLDER``: a folder and a size go in; the truth about the new home goes to stdout as JSON."""

from __future__ import annotations

import argparse
import sys

from sessionframe.errors import SessionFrameError
from sessionframe.testing import make_demo, make_home


def main() -> None:
    """Write a home; what is in it goes to stdout."""
    parser = argparse.ArgumentParser(
        prog="python -m sessionframe.testing", description="Write a synthetic home and print its exact totals."
    )
    parser.add_argument("what", choices=["demo", "home"], help="the demo home, or one of any size")
    parser.add_argument("folder", help="a new or empty folder")
    parser.add_argument("--mb", type=float, default=50, help="size of the home (default: 50)")
    parser.add_argument("--seed", type=int, default=7, help="decides everything in the home (default: 7)")
    parser.add_argument("--agents", nargs="+", default=["claude-code"], help="agent types (default: claude-code)")
    given = parser.parse_args()
    try:
        demo = given.what == "demo"
        truth = make_demo(given.folder) if demo else make_home(given.folder, seed=given.seed, mb=given.mb, agents=given.agents)
    except SessionFrameError as error:
        parser.error(str(error))
    sys.stdout.write(truth.to_json())


if __name__ == "__main__":
    main()
