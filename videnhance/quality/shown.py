"""Compared videos to look at: the worst frames as a picture, and both in one video."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from enum import Enum
from itertools import chain, islice
from math import isnan
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw

from videnhance.frame import Frame, Pixels, VideoInfo
from videnhance.frame.geometry import Region, Size
from videnhance.media.containers import container_for, container_named
from videnhance.media.display import frame_of_screen
from videnhance.media.encoder.encoding import Encoding
from videnhance.media.output.muxer import VideoWriter
from videnhance.quality.chart import saved_picture
from videnhance.quality.comparison import Comparison
from videnhance.quality.metrics import METRICS
from videnhance.quality.pairs import Matched, Pairs, Video
from videnhance.quality.pictures import Picture, resized

__all__ = ["Arrangement", "save_video", "save_worst"]

_CROP = Size(480, 270)
_GAP, _LABEL, _TEXT = 8, 26, 15
_APART_SECONDS = 1.0
"""Between two bad frames: neighbours look alike."""
_JUDGES = ("vmaf", "ssimulacra2", "psnr", "ssim")
"""The first that was measured tells which frames are worst."""


class Arrangement(Enum):
    """How two videos are shown in one."""

    SPLIT = "split"
    """The left half of the first, the right half of the second."""
    SIDE = "side"
    """Beside each other."""


def save_worst(
    comparison: Comparison, videos: Sequence[Video], path: Path, *, count: int = 4
) -> None:
    """Draws the worst moments of the last video as PNG: a row for each, at 1:1 around
    the largest error, the original first.

    `videos` are those of the comparison, the original first. Raises OutputError.
    """
    rows = _worst_rows(comparison, count)
    wanted = {row * comparison.every: row for row in rows}
    pictures: dict[int, Image.Image] = {}
    with closing(Pairs(videos[0], videos[1:]).moments()) as moments:
        for moment in islice(moments, max(wanted) + 1):
            if moment.index in wanted:
                row = wanted[moment.index]
                pictures[row] = _row(moment, comparison, row)
    width = max(image.width for image in pictures.values())
    height = sum(image.height + _GAP for image in pictures.values())
    sheet = Image.new("RGB", (width, height), "white")
    y = 0
    for row in rows:
        sheet.paste(pictures[row], (0, y))
        y += pictures[row].height + _GAP
    saved_picture(sheet, path)


def _worst_rows(comparison: Comparison, count: int) -> list[int]:
    """Measured frames, the worst first, with some time between."""
    frames = comparison.ours[-1].frames
    judge = next((name for name in _JUDGES if name in frames), next(iter(frames)))
    sign = -1 if METRICS[judge].less_is_better else 1
    values = [(sign * v, n) for n, v in enumerate(frames[judge]) if not isnan(v)]
    chosen: list[int] = []
    for _, row in sorted(values):
        at = comparison.seconds[row]
        near = (abs(comparison.seconds[n] - at) < _APART_SECONDS for n in chosen)
        if not any(near):
            chosen.append(row)
    return chosen[:count] or [0]


def _row(moment: Matched, comparison: Comparison, row: int) -> Image.Image:
    place = _worst_place(moment.original, moment.ours[-1])
    names = [comparison.original.name, *(video.name for video in comparison.ours)]
    cells = []
    for n, picture in enumerate((moment.original, *moment.ours)):
        words = f"{names[n]}, {moment.seconds:.2f} s"
        if n:
            words = f"{names[n]}: {_scores(comparison, n - 1, row=row)}"
        rows, columns = place.slices
        cells.append(_labelled(picture.rgb[rows, columns], words))
    width = sum(cell.width + _GAP for cell in cells) - _GAP
    image = Image.new("RGB", (width, cells[0].height), "white")
    for n, cell in enumerate(cells):
        image.paste(cell, (n * (cell.width + _GAP), 0))
    return image


def _scores(comparison: Comparison, number: int, *, row: int) -> str:
    frames = comparison.ours[number].frames
    known = [METRICS[name] for name in _JUDGES if name in frames]
    values = ((m, frames[m.name][row]) for m in known)
    return ", ".join(f"{m.title} {value:.{m.digits}f}" for m, value in values)


def _worst_place(original: Picture, ours: Picture) -> Region:
    """The part with the largest error, as large as a cell."""
    error = cv2.absdiff(original.luma8, ours.luma8).astype(np.float32)
    soft = cv2.blur(error, (_CROP.height // 4, _CROP.height // 4))
    _, _, _, (x, y) = cv2.minMaxLoc(soft)
    height, width = error.shape
    wide, high = min(_CROP.width, width), min(_CROP.height, height)
    left = min(max(x - wide // 2, 0), width - wide)
    top = min(max(y - high // 2, 0), height - high)
    return Region(left, top, wide, high)


def _labelled(pixels: Pixels, words: str) -> Image.Image:
    """The picture under a line of words."""
    height, width = pixels.shape[:2]
    image = Image.new("RGB", (width, height + _LABEL), "white")
    image.paste(Image.fromarray(pixels), (0, _LABEL))
    ImageDraw.Draw(image).text((0, 4), words, "#222222", font_size=_TEXT)
    return image


def save_video(
    videos: Sequence[Video],
    path: Path,
    *,
    arrangement: Arrangement = Arrangement.SPLIT,
    overwrite: bool = False,
    advanced: Callable[[int, int | None], None] = lambda done, total: None,
) -> None:
    """Writes two videos as one, with their names, in the larger one's size.

    Of three the second and the third are shown. `advanced` is told how many frames are
    written, and of how many. Raises UsageError or OutputError.
    """
    pairs = Pairs(videos[0], videos[1:])
    with closing(pairs.moments()) as moments:
        frames = _shown_frames(pairs, moments, arrangement)
        first = next(frames)
        with videos[0].opened() as source:
            info = _of_screen(source.info, first)
        codec = container_named(container_for(path)).default_codec
        encoding = Encoding(codec, audio=False)
        with VideoWriter(
            path, info, first.size, encoding, overwrite=overwrite
        ) as writer:
            for frame in chain([first], frames):
                writer.write(frame)
                advanced(writer.frames_written, pairs.total)


def _of_screen(info: VideoInfo, first: Frame) -> VideoInfo:
    """What is known of pictures that show those of a video."""
    return replace(
        info,
        size=first.size,
        layout=first.layout,
        tags=first.tags,
        sample_aspect_ratio=None,
        rotation_degrees=0,
        mirrored=False,
        light=None,
        sphere=None,
        stereo=None,
        interlaced=False,
        duration_seconds=None,
        frames=None,
    )


def _shown_frames(
    pairs: Pairs, moments: Iterator[Matched], arrangement: Arrangement
) -> Iterator[Frame]:
    names = pairs.names[-2:]
    size, labels = None, []
    for moment in moments:
        two = (moment.original, *moment.ours)[-2:]
        pictures = [picture.whole_rgb for picture in two]
        if size is None:
            size = _larger(pictures)
            labels = [
                _label(_titled(name, pixels, size))
                for name, pixels in zip(names, pictures, strict=True)
            ]
        left, right = (_in_size(pixels, size) for pixels in pictures)
        canvas = _arranged(left, right, arrangement)
        _lay(canvas, labels[0], x=_GAP)
        x = size.width if arrangement is Arrangement.SIDE else None
        x = canvas.shape[1] - labels[1].shape[1] - _GAP if x is None else x + _GAP
        _lay(canvas, labels[1], x=x)
        yield frame_of_screen(canvas[..., ::-1], moment.original.frame)


def _larger(pictures: Sequence[Pixels]) -> Size:
    height, width = max((p.shape[:2] for p in pictures), key=lambda side: side[1])
    return Size(width, height)


def _in_size(pixels: Pixels, size: Size) -> Pixels:
    return resized(pixels, size).astype(np.uint8, copy=False)


def _titled(name: str, pixels: Pixels, size: Size) -> str:
    own = Size(pixels.shape[1], pixels.shape[0])
    return name if own == size else f"{name} ({own}, bicubic)"


def _arranged(left: Pixels, right: Pixels, arrangement: Arrangement) -> Pixels:
    if arrangement is Arrangement.SIDE:
        return np.concatenate([left, right], axis=1)
    middle = left.shape[1] // 2
    canvas = np.concatenate([left[:, :middle], right[:, middle:]], axis=1)
    canvas[:, middle - 1 : middle + 1] = 255
    return canvas


def _label(words: str) -> Pixels:
    """White words on black."""
    font = ImageDraw.Draw(Image.new("RGB", (1, 1)))
    width = int(font.textlength(words, font_size=_TEXT)) + 12
    image = Image.new("RGB", (width, _LABEL), "black")
    ImageDraw.Draw(image).text((6, 4), words, "white", font_size=_TEXT)
    return np.asarray(image)


def _lay(canvas: Pixels, label: Pixels, *, x: int) -> None:
    """Puts a label at the top, as far as it fits."""
    place = canvas[_GAP : _GAP + _LABEL, max(x, 0) : max(x, 0) + label.shape[1]]
    place[:] = label[: place.shape[0], : place.shape[1]]
