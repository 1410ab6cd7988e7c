"""The log of a run, to the last digit, and its picture."""

from pathlib import Path

import numpy as np
from PIL import Image

from videnhance.training.curve import Point, added, drawn_curve, read_points

POINTS = [Point(7, 0.1 + 0.2, 31.25, 1.0), Point(14, 0.1 / 3, 32.5, 2.5)]


def test_points_come_back_to_the_last_digit(tmp_path: Path) -> None:
    log = tmp_path / "log.csv"
    assert read_points(log) == []
    for point in POINTS:
        added(log, point)
    assert read_points(log) == POINTS
    assert log.read_text(encoding="utf-8").startswith("step,loss,psnr,seconds\n7,0.300")


def test_what_was_lost_is_replaced(tmp_path: Path) -> None:
    log = tmp_path / "log.csv"
    for point in POINTS:
        added(log, point)
    again = Point(7, 0.3, 31.0, 9.0)
    assert added(log, again) == [again] == read_points(log)


def test_both_lines_are_drawn(tmp_path: Path) -> None:
    drawn_curve(POINTS, tmp_path / "curve.png")
    with Image.open(tmp_path / "curve.png") as image:
        pixels = np.asarray(image.convert("RGB")).reshape(-1, 3)
    colours = {tuple(map(int, pixel)) for pixel in pixels}
    assert {(0xC2, 0x41, 0x0C), (0x1D, 0x4E, 0xD8)} <= colours


def test_the_first_point_can_be_drawn(tmp_path: Path) -> None:
    drawn_curve(POINTS[:1], tmp_path / "curve.png")
    with Image.open(tmp_path / "curve.png") as image:
        assert image.size == (960, 540)
