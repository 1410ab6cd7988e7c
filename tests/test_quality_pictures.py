"""Frames in the size, depth, range and way up of an original's."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.clips import Clip, write_clip
from tests.stills import write_still
from videnhance.frame import Frame, VideoInfo
from videnhance.frame.geometry import Size
from videnhance.media.reader.video_reader import VideoReader
from videnhance.media.stills.still_reader import StillReader
from videnhance.quality.pictures import Form, Pictures, form_of

pytestmark = pytest.mark.opencv


def first_of(path: Path) -> tuple[VideoInfo, Frame]:
    """What is known of a clip, and its first frame."""
    with VideoReader(path) as reader:
        return reader.info, next(iter(reader))


def test_the_same_form_changes_nothing(tmp_path: Path) -> None:
    info, frame = first_of(write_clip(tmp_path / "a.mp4"))
    form = form_of(info, frame, depth=8)
    assert form == Form(Size(64, 48), 8, False)
    assert Pictures(info, form)(frame).luma is frame.planes[0]


def test_full_range_is_brought_to_limited_and_back(tmp_path: Path) -> None:
    clip = Clip(codec="ffv1", pix_fmt="yuv420p", colour=(2, 1, 1, 1))
    info, frame = first_of(write_clip(tmp_path / "a.mkv", clip))
    assert form_of(info, frame, depth=8).full
    limited = Pictures(info, Form(frame.size, 8, False))(frame).luma
    exact = frame.planes[0] * (219 / 255) + 16
    assert np.abs(limited - exact).max() <= 0.51
    again = replace(
        frame, planes=(limited, *frame.planes[1:]), tags=replace(frame.tags, range=1)
    )
    back = Pictures(info, Form(frame.size, 8, True))(again).luma.astype(int)
    assert np.abs(back - frame.planes[0]).max() <= 1


def test_depths_meet_at_the_deeper(tmp_path: Path) -> None:
    info, frame = first_of(write_clip(tmp_path / "a.mp4"))
    picture = Pictures(info, Form(frame.size, 10, False))(frame)
    assert picture.luma.dtype == np.uint16
    assert np.array_equal(picture.luma, frame.planes[0].astype(np.uint16) << 2)
    assert np.array_equal(picture.luma8, frame.planes[0])


def test_a_turned_video_is_shown_upright(tmp_path: Path) -> None:
    info, frame = first_of(write_clip(tmp_path / "a.mp4", Clip(turn=90)))
    form = form_of(info, frame, depth=8)
    assert form.size == Size(48, 64)
    picture = Pictures(info, form)(frame)
    turns = info.rotation_degrees // 90
    assert np.array_equal(picture.luma, np.rot90(frame.planes[0], -turns))
    assert picture.rgb.shape == (64, 48, 3)


def test_colour_pictures_have_a_luma(tmp_path: Path) -> None:
    with StillReader(write_still(tmp_path / "a.png", 61, 47, 2)) as reader:
        info, frame = reader.info, next(iter(reader))
    picture = Pictures(info, form_of(info, frame, depth=8))(frame)
    rgb = picture.rgb.astype(float)
    exact = rgb @ [0.299, 0.587, 0.114]
    assert np.abs(picture.luma - exact).max() <= 1
