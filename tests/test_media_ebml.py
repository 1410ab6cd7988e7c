"""Elements of EBML are read back as they were written."""

import io

import pytest

from videnhance.media.ebml import children, element, element_head

NAME = b"\x53\x6e"


@pytest.mark.parametrize("length", [0, 1, 126, 127, 16382, 16383])
def test_an_element_is_read_from_bytes_and_from_a_file(length: int) -> None:
    body = bytes(length)
    whole = element(NAME, body)
    assert list(children(whole * 2)) == [(NAME, body, whole)] * 2
    file = io.BytesIO(whole)
    assert element_head(file) == (NAME, length)
    assert file.read() == body


def test_a_size_that_is_not_known_is_none() -> None:
    assert element_head(io.BytesIO(NAME + b"\xff")) == (NAME, None)
    assert element_head(io.BytesIO(NAME + b"\x01" + b"\xff" * 7)) == (NAME, None)


@pytest.mark.parametrize("data", [b"", b"\x00", b"\x53", NAME, NAME + b"\x40", b"\x08"])
def test_no_whole_head_is_none(data: bytes) -> None:
    assert element_head(io.BytesIO(data)) is None


def test_elements_that_are_cut_off_are_told() -> None:
    with pytest.raises(IndexError):
        list(children(element(NAME, b"a") + NAME))
