"""Extras: what is absent is named with how to get it."""

import pytest

from videnhance.errors import MissingLibraryError
from videnhance.models.extras import extra, is_here


def test_what_is_here_is_given() -> None:
    assert extra("json", "none").loads("7") == 7
    assert is_here("json")


def test_what_is_absent_is_named() -> None:
    assert not is_here("videnhance.nothing")
    with pytest.raises(MissingLibraryError, match=r"nothing.*pip install '\.\[some\]'"):
        extra("videnhance.nothing", "some")


def test_nothing_is_told_to_the_makers_of_libraries() -> None:
    assert is_here("json")
    assert not is_here("openvino_telemetry")
