"""Synthetic homes with exactly known content, for tests, benchmarks and examples. Nothing here reads a real log.

>>> from sessionframe.testing import make_home
>>> truth = make_home(tmp_path / "home", sessions=3)
>>> truth.sessions
3
"""

from sessionframe.testing.demo import demo_home, make_demo
from sessionframe.testing.home import make_home
from sessionframe.testing.truth import Tally, Thread, Tokens, Truth

__all__ = ["Tally", "Thread", "Tokens", "Truth", "demo_home", "make_demo", "make_home"]
