"""Packed files: read as if they were not, in little memory, and what is damaged is reported with the rest kept."""

from __future__ import annotations

import sys
from hashlib import sha512
from io import BytesIO
from pathlib import Path

import msgspec
import pytest

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

from sessionframe.formats.jsonl import open_log, records
from sessionframe.formats.problems import Problems
from sessionframe.formats.rawlines import RawLines
from sessionframe.formats.zstd import Unpacked


class Numbered(msgspec.Struct):
    n: int | None = None


LINES = b"".join(b'{"n":%d,"filler":"%s"}\n' % (n, sha512(b"%d" % n).hexdigest().encode()) for n in range(5000))


def read(path: Path) -> tuple[list[int | None], list[str]]:
    problems = Problems(str(path))
    found = [record.n for _, record in records(path, Numbered, problems)]
    return found, [issue.kind for issue in problems.rows()]


def packed(tmp_path: Path, data: bytes) -> Path:
    path = tmp_path / "x.jsonl.zst"
    path.write_bytes(data)
    return path


def test_lines_of_a_packed_file(tmp_path: Path) -> None:
    assert read(packed(tmp_path, zstd.compress(LINES, 3))) == (list(range(5000)), [])


def test_several_frames_are_one_file(tmp_path: Path) -> None:
    assert read(packed(tmp_path, zstd.compress(LINES) + zstd.compress(b'{"n":7}\n') + zstd.compress(b""))) == ([*range(5000), 7], [])


def test_an_empty_file_has_no_lines(tmp_path: Path) -> None:
    assert read(packed(tmp_path, b"")) == ([], [])
    assert read(packed(tmp_path, zstd.compress(b""))) == ([], [])


def test_a_file_that_ends_too_early_keeps_what_came_before(tmp_path: Path) -> None:
    whole = zstd.compress(LINES)
    found, issues = read(packed(tmp_path, whole[: len(whole) // 2]))
    assert found == list(range(len(found)))
    assert "unreadable" in issues


@pytest.mark.parametrize("data", [b"not packed at all", zstd.compress(LINES) + b"rest", zstd.compress(LINES)[:9] + b"\xff" * 99])
def test_damage_is_reported(tmp_path: Path, data: bytes) -> None:
    assert "unreadable" in read(packed(tmp_path, data))[1]


def test_blocks_stay_small_whatever_the_ratio() -> None:
    """A megabyte of one letter packs into some bytes."""
    with Unpacked(BytesIO(zstd.compress(b"x" * 50_000_000))) as file:  # type: ignore[arg-type]
        sizes = set()
        while piece := file.read(1 << 16):
            sizes.add(len(piece))
    assert max(sizes) <= 1 << 16


def test_raw_lines_of_a_packed_file(tmp_path: Path) -> None:
    lines = RawLines(packed(tmp_path, zstd.compress(b'{"n":1}\n{"n":2}\n')))
    assert [lines.at(1), lines.at(2), lines.at(3)] == ['{"n":1}', '{"n":2}', None]
    lines.close()


def test_a_plain_file_is_read_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_bytes(b"{}\n")
    with open_log(path) as file:
        assert file.read() == b"{}\n"


def test_a_small_file_that_unpacks_to_gigabytes_is_not_read_to_its_end(tmp_path: Path) -> None:
    packer = zstd.ZstdCompressor()
    parts = [packer.compress(b'{"n":1}\n'), *(packer.compress(b" " * (1 << 22)) for _ in range(32)), packer.flush()]
    file = packed(tmp_path, b"".join(parts))
    assert file.stat().st_size < 200_000
    unpacked = Unpacked(file.open("rb", buffering=0))
    sizes: list[int] = []
    with pytest.raises(OSError, match="more than 1000 times its size"):
        sizes.extend(len(part) for part in iter(lambda: unpacked.read(1 << 20), b""))
    assert 1 << 25 <= sum(sizes) < 1 << 27
    assert read(file) == ([1], ["unreadable"])


def test_a_log_that_packs_well_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sessionframe.formats.zstd.FREE_BYTES", 1000)
    assert read(packed(tmp_path, zstd.compress(LINES))) == (list(range(5000)), [])
