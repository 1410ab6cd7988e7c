"""The error tree: exit codes, and names that are safe to show."""

import re

import pytest

from tests.sources import sources
from videnhance import errors
from videnhance.errors import (
    UsageError,
    VidenhanceError,
    counted,
    printable,
)

KINDS = [getattr(errors, name) for name in errors.__all__ if name.endswith("Error")]


@pytest.mark.parametrize("kind", KINDS)
def test_every_error_is_a_videnhance_error(kind: type[VidenhanceError]) -> None:
    with pytest.raises(VidenhanceError, match="what failed"):
        raise kind("what failed")


@pytest.mark.parametrize("kind", KINDS)
def test_only_a_wrong_use_exits_with_2(kind: type[VidenhanceError]) -> None:
    assert kind.exit_code == (2 if issubclass(kind, UsageError) else 1)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("film 1.mp4", "film 1.mp4"),
        ("Ünï©ode 映画.mkv", "Ünï©ode 映画.mkv"),
        ("a\nb\tc", r"a\nb\tc"),
        ("\x1b[31mred", r"\x1b[31mred"),
        ("gpj.\u202e4pm", r"gpj.\u202e4pm"),
        ("not utf-8: \udcff", r"not utf-8: \udcff"),
        (r"C:\new\table", r"C:\new\table"),
    ],
)
def test_a_name_cannot_steer_the_terminal(name: str, shown: str) -> None:
    assert printable(name) == shown
    assert printable(name).isprintable()


def test_anything_can_be_named() -> None:
    assert printable(17) == "17"


def test_one_thing_is_no_plural() -> None:
    assert [counted(number, "frame") for number in (0, 1, 2)] == [
        "0 frames",
        "1 frame",
        "2 frames",
    ]
    verbs = [counted(number, "picture is", "pictures are") for number in (1, 3)]
    assert verbs == ["1 picture is", "3 pictures are"]


COUNT = re.compile(
    r"[^ ]\} (frames|packets|pictures|links|streams|bytes|chapters|samples|files)\b"
    r"(?! a second)"
)
MANY = {
    "of {promised} frames",  # of which some are there
    "{len(made)} packets have",
    "{len(piece)} bytes",  # a long piece
    "{count} files: {printable(words)}",  # what several have in common
    "{rate:.1f} frames",
    "['frames_per_second']:.4g} frames",
    "{1 / share:.2g} frames",
    "{n_fmt} of {total_fmt} files",
    "{still.tags.pictures} pictures",
    "{info.frames} frames",
    "{len(self.tail)} frames",
    "{self.frames} frames",
}
"""What is more than one wherever it is said, or an error of the programmer's."""


def test_numbers_of_things_are_counted() -> None:
    found = [
        f"{source.name}: {line.strip()}"
        for source in sources()
        for line in source.text.splitlines()
        if COUNT.search(line) and not any(words in line for words in MANY)
    ]
    assert found == []


def test_only_a_fault_of_ours_is_to_be_reported() -> None:
    """Not what an input, a file system or an option does."""
    asked = {s.name for s in sources() if ": report this" in s.text}
    assert asked <= {
        # Frames of two sizes from our own pipeline.
        "videnhance.media.encoder.video_encoder",
        "videnhance.media.output.boxes",  # what we have just written ourselves
        "videnhance.media.output.immersion",
    }
