"""The error tree: exit codes, and names that are safe to show."""

import pytest

from videnhance import errors
from videnhance.errors import UsageError, VidenhanceError, printable

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
