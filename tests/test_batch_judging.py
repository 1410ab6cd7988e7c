"""What is done already: only what is whole, current and ours is left as it is."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clips import write_clip
from tests.trees import filled
from videnhance.batch.finding import Choosing, Input, found_in
from videnhance.batch.judging import Judge, State
from videnhance.batch.records import Made, Records, identity_of
from videnhance.errors import InputError
from videnhance.video.making.stamp import stamp_of, stamped

WISHES = "0" * 32


class _Case:
    """One input and its output, recorded as made."""

    def __init__(self, folder: Path) -> None:
        self.source, self.target = folder / "in/a.mp4", folder / "out/a.mp4"
        filled(folder / "in", "a.mp4")
        self.records = Records(folder / "out")
        self.target.write_bytes(b"a whole output")

    @property
    def one(self) -> Input:
        return found_in(self.source.parent, Choosing(), Path("nowhere")).inputs[0]

    def record(self) -> None:
        source, result = identity_of(self.source), identity_of(self.target)
        made = Made("a.mp4", "a.mp4", WISHES, source, result, 0)
        self.records.complete(made)

    def state(self, wishes: str = WISHES, **how: bool) -> State:
        judge = Judge(self.records, **how)
        return judge.state(self.one, "a.mp4", self.target, wishes)

    def stamp(self, suffix: str, wishes: str = WISHES) -> None:
        """Makes the output a stamped video of which nothing is recorded."""
        self.target = write_clip(self.target.with_suffix(suffix))
        stamped(self.target, stamp_of(identity_of(self.source).digest, wishes))


@pytest.fixture
def case(tmp_path: Path) -> Iterator[_Case]:
    """An input with an output that is not recorded."""
    made = _Case(tmp_path)
    with made.records:
        yield made


def test_no_output_is_absent_whatever_is_recorded(case: _Case) -> None:
    case.record()
    case.target.unlink()
    assert case.state() is State.ABSENT


def test_a_whole_output_of_this_input_and_these_wishes_is_current(case: _Case) -> None:
    case.record()
    assert case.state() is State.CURRENT
    assert case.state(recheck=True) is State.CURRENT
    assert case.state(again=True) is State.WANTED


def test_other_wishes_are_seen(case: _Case) -> None:
    case.record()
    assert case.state("1" * 32) is State.OTHER_WISHES


def test_a_changed_input_is_seen(case: _Case) -> None:
    case.record()
    case.source.write_bytes(b"another")
    assert case.state() is State.OTHER_INPUT


def test_a_touched_input_is_the_same(case: _Case) -> None:
    case.record()
    os.utime(case.source, ns=(0, 7))
    assert case.state() is State.CURRENT


def test_an_output_that_is_cut_off_is_seen(case: _Case) -> None:
    case.record()
    case.target.write_bytes(b"a who")
    assert case.state() is State.CUT_OFF
    assert State.CUT_OFF.is_ours


@pytest.mark.parametrize("content", [b"A WHOLE OUTPUT", b"a whole output, and more"])
def test_an_output_that_somebody_changed_is_not_ours(
    case: _Case, content: bytes
) -> None:
    case.record()
    case.target.write_bytes(content)
    os.utime(case.target, ns=(0, 7))
    assert case.state() is State.ALTERED
    assert not State.ALTERED.is_ours


def test_content_that_changed_behind_size_and_time_is_seen_on_demand(
    case: _Case,
) -> None:
    case.record()
    for path in (case.source, case.target):
        before = path.stat().st_mtime_ns
        path.write_bytes(path.read_bytes().upper())
        os.utime(path, ns=(0, before))
        assert case.state() is State.CURRENT
    assert case.state(recheck=True) is State.ALTERED
    case.record()


def test_a_file_that_nobody_recorded_is_not_ours(case: _Case) -> None:
    assert case.state() is State.FOREIGN
    assert not State.FOREIGN.is_ours


def test_what_was_begun_is_ours(case: _Case) -> None:
    case.records.begin("a.mp4", "a.mp4")
    assert case.state() is State.BEGUN
    assert State.BEGUN.is_ours


def test_a_stamped_output_is_recorded_anew(case: _Case) -> None:
    case.stamp(".mp4")
    assert case.state() is State.CURRENT
    assert case.records.made("a.mp4") is not None


def test_a_stamped_output_of_other_wishes_is_ours(case: _Case) -> None:
    case.stamp(".mp4", "1" * 32)
    assert case.state() is State.OTHER_WISHES


def test_a_stamped_output_that_is_cut_off_is_not_taken_for_whole(case: _Case) -> None:
    case.stamp(".mp4")
    case.target.write_bytes(case.target.read_bytes()[:-40])
    assert case.state() is State.FOREIGN


def test_an_input_that_is_gone_is_said(case: _Case) -> None:
    case.record()
    one, judge = case.one, Judge(case.records, recheck=True)
    case.source.unlink()
    with pytest.raises(InputError, match=r"a\.mp4 cannot be read"):
        judge.state(one, "a.mp4", case.target, WISHES)
