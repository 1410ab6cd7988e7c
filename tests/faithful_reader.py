"""What ffprobe and ffmpeg, which are not the code under test, read in a file."""

import json
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["Media", "Shown", "Track", "run_tool"]

Samples = npt.NDArray[np.uint16]
SECONDS = 60
EXACT = "bicubic+accurate_rnd+full_chroma_int"
CENTRED = ("h263", "mjpeg", "mpeg1video", "theora", "webp")


def run_tool(*words: str, folder: Path | None = None) -> bytes:
    """What a program writes to its standard output; it must succeed."""
    done = subprocess.run(
        words, capture_output=True, cwd=folder, timeout=SECONDS, check=False
    )
    assert done.returncode == 0, f"{' '.join(words)}: {done.stderr.decode()[-800:]}"
    return done.stdout


@dataclass(frozen=True)
class Track:
    """A stream with its packets, as ffprobe reads them."""

    values: Mapping[str, Any]
    packets: tuple[Mapping[str, Any], ...]

    @property
    def kind(self) -> str:
        return str(self.values.get("codec_type"))

    @property
    def codec(self) -> str:
        named = self.values.get("codec_name")
        return str(named or self.values.get("codec_tag_string"))

    @property
    def base(self) -> Fraction:
        return Fraction(self.values["time_base"])

    @property
    def tags(self) -> dict[str, str]:
        return {k.lower(): v for k, v in self.values.get("tags", {}).items()}

    @property
    def roles(self) -> set[str]:
        return {role for role, is_set in self.values["disposition"].items() if is_set}

    @property
    def hashes(self) -> list[str]:
        return [packet["data_hash"] for packet in self.packets if int(packet["size"])]

    @property
    def starts(self) -> list[Fraction]:
        """Seconds of each packet that has any, sorted."""
        told = [p.get("pts", p.get("dts")) for p in self.packets]
        return sorted(int(pts) * self.base for pts in told if pts is not None)

    @property
    def told_end(self) -> Fraction:
        """Seconds at which the stream ends, as the container says."""
        values = self.values
        return (int(values["start_pts"]) + int(values["duration_ts"])) * self.base

    @property
    def end(self) -> Fraction:
        """Seconds at which the last packet ends."""
        timed = [p for p in self.packets if "pts" in p]
        ends = [int(p["pts"]) + int(p.get("duration", 0)) for p in timed]
        return max(ends) * self.base


@dataclass(frozen=True)
class Shown:
    """A decoded frame, as ffprobe tells of it."""

    values: Mapping[str, Any]
    base: Fraction

    @property
    def seconds(self) -> Fraction | None:
        pts = self.values.get("best_effort_timestamp")
        return None if pts is None else int(pts) * self.base

    def side(self, kind: str) -> Mapping[str, Any] | None:
        """The side data of this kind."""
        listed = self.values.get("side_data_list", [])
        return next((s for s in listed if s["side_data_type"] == kind), None)


class Media:
    """A file, read by ffprobe; its pictures by ffmpeg."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.name = f"file:{path.absolute()}"

    @cached_property
    def _told(self) -> dict[str, Any]:
        asked = "-show_streams -show_format -show_chapters -show_packets"
        words = f"{asked} -show_data_hash md5 -of json".split()
        told: dict[str, Any] = json.loads(run_tool(*_ffprobe(), *words, self.name))
        return told

    @cached_property
    def tracks(self) -> tuple[Track, ...]:
        """All streams, in their order."""
        told = self._told
        return tuple(
            Track(
                values,
                tuple(
                    p for p in told["packets"] if p["stream_index"] == values["index"]
                ),
            )
            for values in told["streams"]
        )

    def of(self, kind: str) -> list[Track]:
        """The streams of a kind, covers left out."""
        alike = [track for track in self.tracks if track.kind == kind]
        return [track for track in alike if "attached_pic" not in track.roles]

    @property
    def covers(self) -> list[Track]:
        return [track for track in self.tracks if "attached_pic" in track.roles]

    @property
    def video(self) -> Track:
        return self.of("video")[0]

    @property
    def tags(self) -> dict[str, str]:
        """The file's own, in lower case."""
        return {k.lower(): v for k, v in self._told["format"].get("tags", {}).items()}

    @property
    def chapters(self) -> list[tuple[Fraction, Fraction, str]]:
        """Start, end in seconds and title of each."""
        return [
            (
                int(c["start"]) * Fraction(c["time_base"]),
                int(c["end"]) * Fraction(c["time_base"]),
                c.get("tags", {}).get("title", ""),
            )
            for c in self._told["chapters"]
        ]

    @cached_property
    def frames(self) -> tuple[Shown, ...]:
        """The frames of the first video stream, decoded."""
        words = f"-select_streams {self.video.values['index']} -show_frames -of json"
        told = json.loads(run_tool(*_ffprobe(), *words.split(), self.name))
        return tuple(Shown(frame, self.video.base) for frame in told["frames"])

    @property
    def times(self) -> list[Fraction]:
        """Seconds of every frame; those that have none are left out."""
        return [s for s in (frame.seconds for frame in self.frames) if s is not None]

    def sound(self) -> tuple[Fraction, npt.NDArray[np.float64]]:
        """Seconds at which the first sound is heard, and its samples, 48,000 a second.

        What the container says is hidden is left out.
        """
        words = [
            "-select_streams",
            "a:0",
            "-show_frames",
            "-show_streams",
            "-of",
            "json",
        ]
        told = json.loads(run_tool(*_ffprobe(), *words, self.name))
        base = Fraction(told["streams"][0]["time_base"])
        first = told["frames"][0]
        start = int(first.get("pts", first.get("best_effort_timestamp"))) * base
        words = ["-map", "0:a:0", "-ac", "1", "-ar", "48000", "-f", "s16le", "-"]
        raw = run_tool(*["ffmpeg", "-nostdin", "-v", "quiet", "-i"], self.name, *words)
        return start, np.frombuffer(raw, "<i2").astype(float)

    def pictures(
        self, like: "Media | None" = None, pix_fmt: str = ""
    ) -> list[list[Samples]]:
        """The planes of every frame, in the size and format of `like`, if given.

        Nothing is turned, and nothing is left out or repeated for the sake of a rate.
        """
        values = (like or self).video.values
        width, height = int(values["width"]), int(values["height"])
        pix_fmt = pix_fmt or str(values["pix_fmt"])
        chain = f"scale={width}:{height}:flags={EXACT}{self._siting},format={pix_fmt}"
        words = f"-map 0:{self.video.values['index']} -vf {chain}"
        raw = run_tool(
            *["ffmpeg", "-nostdin", "-v", "quiet", "-noautorotate"],
            *self._decoder(pix_fmt),
            *("-i", self.name, *words.split()),
            *["-fps_mode", "passthrough", "-f", "rawvideo", "-"],
        )
        return [*_planes(raw, width, height, pix_fmt)]

    @property
    def _siting(self) -> str:
        """Chroma lies level with the left of two luma samples, but for a few codecs."""
        sited = self.video.codec not in CENTRED
        return ":in_h_chr_pos=0:out_h_chr_pos=0" if sited else ""

    def _decoder(self, pix_fmt: str) -> tuple[str, ...]:
        """VP8 and VP9 hold their transparency where only libvpx looks."""
        wanted = {"vp8": "libvpx", "vp9": "libvpx-vp9"}.get(self.video.codec)
        return ("-c:v", wanted) if wanted and "yuva" in pix_fmt else ()


def _ffprobe() -> tuple[str, ...]:
    return ("ffprobe", "-v", "quiet")


def _planes(
    raw: bytes, width: int, height: int, pix_fmt: str
) -> Iterator[list[Samples]]:
    """Frames of raw video, cut into their planes; packed pixels stay as they are."""
    deep = pix_fmt.endswith(("le", "be"))
    samples = np.frombuffer(raw, "<u2" if deep else "u1").astype(np.uint16)
    across, down = _chroma(pix_fmt)
    small = -(-width // across), -(-height // down)
    sizes = [(width, height), small, small, (width, height)][: _count(pix_fmt)]
    if "gbr" in pix_fmt:
        sizes = [(width, height)] * len(sizes)
    if pix_fmt.startswith(("rgb", "bgr", "argb", "abgr", "ya")):
        packed = 2 if pix_fmt.startswith("ya") else 4 if "a" in pix_fmt else 3
        sizes = [(width * packed, height)]
    area = sum(w * h for w, h in sizes)
    assert len(samples) % area == 0, f"{len(samples)} samples of {sizes}, {pix_fmt}"
    for start in range(0, len(samples), area):
        planes, place = [], start
        for w, h in sizes:
            planes.append(samples[place : place + w * h].reshape(h, w))
            place += w * h
        yield planes


def _chroma(pix_fmt: str) -> tuple[int, int]:
    known = {"420": (2, 2), "422": (2, 1), "444": (1, 1), "440": (1, 2), "411": (4, 1)}
    return next((size for name, size in known.items() if name in pix_fmt), (1, 1))


def _count(pix_fmt: str) -> int:
    if pix_fmt.startswith("gray"):
        return 1
    return 4 if pix_fmt.startswith(("yuva", "gbrap")) else 3
