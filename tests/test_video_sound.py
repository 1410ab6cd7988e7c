"""Sound that is encoded anew: every sample, also those without a time of their own."""

from pathlib import Path
from typing import Any

import av
import pytest
from av.audio.frame import AudioFrame

from tests.clips import Clip, Sound, write_clip
from videnhance.video.others.sound import SoundConverter
from videnhance.video.source import AnyPacket, open_source


class _Late:
    """A decoder that is a packet behind, and gives the last frame without a time."""

    def __init__(self, inner: Any) -> None:  # noqa: ANN401 - a decoder
        self.inner, self.held = inner, list[AudioFrame]()

    def decode(self, packet: AnyPacket | None) -> list[AudioFrame]:
        if packet is not None:
            ready, self.held = self.held, self.inner.decode(packet)
            return ready
        for frame in self.held:
            frame.pts = None
        return self.held


def _samples(path: Path) -> int:
    with av.open(str(path)) as opened:
        return sum(frame.samples for frame in opened.decode(audio=0))


def _converted(source: Path, made: Path, encoder: str, late: bool) -> int:
    with open_source(source) as opened, av.open(str(made), "w") as out:
        stream = opened.streams.audio[0]
        converter = SoundConverter(out, stream, encoder)
        if late:
            whole: Any = converter
            whole._source = _Late(stream.codec_context)
        out.start_encoding()
        packets = [p for p in opened.demux(stream) if p.size]
        for packet in [*packets, None]:
            for ready in converter.packets(packet):
                ready.stream = converter.out
                out.mux(ready)
    return converter.damaged_packets


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize(("encoder", "most"), [("flac", 0), ("aac", 2048)])
def test_no_sample_is_lost_at_the_end(
    tmp_path: Path, encoder: str, most: int, late: bool
) -> None:
    clip = Clip(sounds=(Sound("pcm_s16le"),))
    source, made = write_clip(tmp_path / "in.mov", clip), tmp_path / "out.mkv"
    assert _converted(source, made, encoder, late) == 0
    assert 0 <= _samples(made) - _samples(source) <= most


def test_sound_of_an_unknown_format_is_damage_and_no_crash(tmp_path: Path) -> None:
    # NUT does not say what WMA's decoder has to know.
    clip = Clip(sounds=(Sound("wmav2", bit_rate=128_000),))
    source, made = write_clip(tmp_path / "in.nut", clip), tmp_path / "out.mkv"
    assert _converted(source, made, "flac", late=False) > 0
