"""Enlarges what a camera, or a file in its place, shows, and writes it to a file.

python examples/camera_to_file.py 0 out.mkv 100
"""

import sys
from collections.abc import Iterator
from itertools import chain

import av
import cv2
import numpy as np
import numpy.typing as npt

import videnhance

Picture = npt.NDArray[np.uint8]
"""H x W x 3, RGB."""


def seen(place: str, count: int) -> Iterator[Picture]:
    """At most `count` pictures of a camera's number, or of a file."""
    camera = cv2.VideoCapture(int(place) if place.isdecimal() else place)
    if not camera.isOpened():
        sys.exit(f"{place} cannot be opened")
    try:
        for _ in range(count):
            is_there, picture = camera.read()
            if not is_there:
                return
            yield cv2.cvtColor(picture, cv2.COLOR_BGR2RGB).astype(np.uint8)
    finally:
        camera.release()


def main(place: str, target: str, count: str = "100") -> None:
    """Writes 30 pictures a second, whatever the camera does."""
    pictures = videnhance.enhance(seen(place, int(count)), model="fast")
    first = next(pictures, None)
    if first is None:
        sys.exit(f"{place} shows nothing")
    height, width, _ = first.shape
    with av.open(target, "w") as out:
        stream = out.add_stream("libx264", rate=30, width=width, height=height)
        stream.options = {"crf": "18"}
        for large in chain([first], pictures):
            out.mux(stream.encode(av.VideoFrame.from_ndarray(large, "rgb24")))
        out.mux(stream.encode(None))


if __name__ == "__main__":
    main(*sys.argv[1:])
