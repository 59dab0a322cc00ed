"""Fuzz one target for some time, guided by coverage: ``pip install atheris``, then ``python -m tests.fuzz.run codex --minutes 5``.

Finds are written into a folder, one file for each place that raised, and the run goes on. `finds/` keeps those that were mended.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import shutil
import signal
import sys
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from types import FrameType

os.environ["SESSIONFRAME_CACHE"] = "off"
os.environ["POLARS_MAX_THREADS"] = "1"

import atheris

with atheris.instrument_imports(include=["sessionframe.formats", "sessionframe.dialects", "sessionframe.providers"]):
    from tests.fuzz.targets import Target, scratch, targets

    for _name in targets():  # all modules load now
        for _seed in targets()[_name].seeds():
            targets()[_name].check(_seed)
            break

HANG_S = 10.0
SMALLEST_TRIES = 300


class HangError(Exception):
    """It took too long."""


@contextmanager
def limited(seconds: float) -> Iterator[None]:
    """Raise `HangError` in what takes more processor time; what waits for longer is stopped by the fuzzer itself."""

    def stop(number: int, frame: FrameType | None) -> None:
        del number, frame
        raise HangError(f"more than {seconds} s")

    signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


class Run:
    """Counts what was tried, and keeps what raised."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name, self.target, self.folder = name, targets()[name], folder
        self.begun, self.done, self.slowest = time.process_time(), 0, 0.0
        self.finds: dict[str, int] = {}
        folder.mkdir(parents=True, exist_ok=True)

    def one(self, data: bytes) -> None:
        """Try one input."""
        self.done += 1
        begun = time.process_time()
        error = raised(self.target, data)
        took = time.process_time() - begun
        if took > self.slowest:
            self.slowest = took
            (self.folder / "slowest").write_bytes(data)
        if error is not None:
            self.keep(error, data)

    def keep(self, error: BaseException, data: bytes) -> None:
        """Keep the smallest input of each place that raised."""
        place = signature(error)
        digest = hashlib.sha256(place.encode()).hexdigest()[:8]
        path = self.folder / f"find-{digest}"
        if place not in self.finds:
            (self.folder / f"find-{digest}.txt").write_text("".join(traceback.format_exception(error)), "utf-8", errors="replace")
            print(f"FIND {self.name} {digest} {place}", flush=True)
        self.finds[place] = self.finds.get(place, 0) + 1
        if not path.exists() or len(data) < path.stat().st_size:
            path.write_bytes(data)

    def report(self) -> None:
        """What was tried so far."""
        minutes = (time.process_time() - self.begun) / 60
        print(
            f"DONE {self.name}: {self.done} executions, {minutes:.1f} min, slowest {self.slowest:.2f} s, {len(self.finds)} finds",
            flush=True,
        )


def raised(target: Target, data: bytes) -> Exception | None:
    """What a target raises on some bytes."""
    try:
        with limited(HANG_S):
            target.check(data)
    except Exception as error:  # noqa: BLE001 - whatever it is
        return error
    return None


def signature(error: BaseException) -> str:
    """Equal for errors of one kind from one place."""
    frames = traceback.extract_tb(error.__traceback__)
    place = next((frame for frame in reversed(frames) if "sessionframe" in frame.filename or "checks" in frame.filename), frames[-1])
    said = re.sub(r"[0-9]+", "0", str(error))[:20] if isinstance(error, AssertionError) else ""
    return f"{type(error).__name__} {Path(place.filename).name}:{place.lineno} {said}"


def main() -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("target", choices=sorted(targets()))
    parser.add_argument("--minutes", type=float, default=5.0, help="of processor time")
    parser.add_argument("--folder", type=Path, default=Path("fuzzing"), help="for the corpus and what is found")
    asked = parser.parse_args()
    run = Run(asked.target, asked.folder / asked.target)
    corpus = run.folder / "corpus"
    corpus.mkdir(exist_ok=True)
    seeds = list(run.target.seeds())
    for number, seed in enumerate(seeds):
        (corpus / f"seed-{number:03}").write_bytes(seed)

    def mutate(data: bytes, max_size: int, seed: int) -> bytes:
        random = Random(seed)  # noqa: S311 - not for secrets
        if random.randrange(2):  # libFuzzer likes the smallest inputs best, and those are hardly logs any more
            data = random.choice(seeds)
        changed = run.target.mutate(data, random) if random.randrange(8) else atheris.Mutate(data, max_size)
        return bytes(changed[:max_size])

    end = time.process_time() + asked.minutes * 60

    def one(data: bytes) -> None:
        run.one(data)
        if time.process_time() > end:
            run.report()
            sys.stdout.flush()
            shutil.rmtree(scratch(), ignore_errors=True)
            os._exit(0)

    limits = ["-max_len=65536", "-len_control=0", "-rss_limit_mb=3000", "-timeout=300", "-report_slow_units=300"]
    options = ["run", str(corpus), *limits, "-verbosity=0", "-reload=0", f"-artifact_prefix={run.folder}/"]
    atheris.Setup(options, one, custom_mutator=mutate)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
