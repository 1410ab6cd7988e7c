"""Keys: the same for the same work, and another for any other."""

import os
from dataclasses import dataclass, replace
from enum import Enum
from fractions import Fraction
from pathlib import Path

import pytest

from videnhance.conversion.fingerprint import (
    input_key,
    library_key,
    option_key,
    series_key,
)
from videnhance.errors import InputError


class _Way(Enum):
    SHORT = "short"


@dataclass(frozen=True)
class _Options:
    scale: int = 2
    rate: Fraction = Fraction(30000, 1001)
    way: _Way = _Way.SHORT
    workers: int = 3


def test_an_input_is_known_by_its_size_and_many_places(tmp_path: Path) -> None:
    path = tmp_path / "in.bin"
    data = bytes(9_000_000)
    path.write_bytes(data)
    key = input_key(path)
    assert key["input bytes"] == 9_000_000
    os.utime(path, ns=(6, 6))
    assert input_key(path) == key
    for place in (0, 4_500_000 // 142_000 * 142_000, 8_999_999):
        path.write_bytes(data[:place] + b"x" * 100_000 + data[place + 100_000 :])
        assert input_key(path)["input hash"] != key["input hash"]


def test_many_files_are_known_by_name_size_and_time(tmp_path: Path) -> None:
    files = [tmp_path / f"{n}.png" for n in range(3)]
    for file in files:
        file.write_bytes(b"abc")
        os.utime(file, ns=(5, 5))
    key = series_key(files)
    assert (key["input files"], series_key(files)) == (3, key)
    os.utime(files[1], ns=(6, 6))
    assert series_key(files) != key
    assert series_key(files[:2]) != key


def test_a_missing_input_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no cannot be read"):
        input_key(tmp_path / "no")
    with pytest.raises(InputError, match="no cannot be read"):
        series_key([tmp_path / "no"])


def test_options_are_plain_and_those_that_change_nothing_are_left_out() -> None:
    key = option_key(_Options(), ("workers",))
    assert key == {"scale": 2, "rate": "30000/1001", "way": "SHORT"}
    assert option_key(replace(_Options(), workers=9), ("workers",)) == key
    assert option_key(replace(_Options(), scale=4), ("workers",)) != key


def test_the_versions_stand_in_the_key() -> None:
    assert {"videnhance", "av", "torch", "numpy"} <= set(library_key())
