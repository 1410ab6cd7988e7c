"""Which encoder takes over a sound, in which form, and what is lost by that.

Never fewer channels, another rate or fewer bits without a word: of the encoders that a
container can have, the first that loses the least.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, cast

import av
from av.audio.codeccontext import AudioCodecContext
from av.audio.layout import AudioLayout

from videnhance.media.containers import container_named
from videnhance.media.stream_choice import layout_of

__all__ = ["DISCRETE", "LAYOUTS", "SoundForm", "best_form", "form_for", "keeps_places"]

_USUAL = ("mono", "stereo", "3.0", "4.0", "5.0", "5.1", "6.1", "7.1")
LAYOUTS = dict(enumerate(_USUAL, 1))
"""The usual places of so many channels."""
_BITS = {"alac": 24, "flac": 24, "pcm_s16le": 16, "pcm_s24le": 24, "pcm_s32le": 32}
"""Encoders without loss, and the most bits of a sample that they keep."""
_FLOAT = 33
"""Bits of a sample with a floating point: more than a whole number keeps."""
_FORMAT_BITS = {"u8": 8, "s16": 16, "s32": 24, "s64": 32, "flt": _FLOAT, "dbl": _FLOAT}
"""FFmpeg decodes 24 bits into 32; the codecs that have all 32 say so in their name."""
_CODEC_BITS = re.compile(r"pcm_[su](\d+)")
_PLAIN_FLAC = frozenset(("mono", "stereo", "3.0", "quad", "5.0", "5.1", "6.1", "7.1"))
"""Layouts that FLAC has by their number of channels; only Matroska tells others."""
_AAC = frozenset(
    ("mono", "stereo", "2.1", "3.0", "3.0(back)", "quad", "4.0", "5.0", "5.1", "7.1")
)
"""Layouts that FFmpeg's encoder writes so that its decoder knows them again."""
_ROOM = {
    "u8": ("u8", "s16", "s32", "flt"),
    "s16": ("s16", "s32", "flt"),
    "s32": ("s32", "flt", "dbl", "s16"),
    "s64": ("s64", "s32", "dbl", "flt", "s16"),
    "flt": ("flt", "dbl", "s32", "s16"),
    "dbl": ("dbl", "flt", "s32", "s16"),
}
"""Sample formats that hold another's samples, from the best on."""
_ANY_FORMAT = "fltp"
_NAMED = (
    *("mono", "stereo", "2.1", "3.0", "3.0(back)", "quad", "quad(side)", "4.0", "3.1"),
    *("5.0", "5.0(side)", "4.1", "5.1", "5.1(side)", "6.0", "6.0(front)", "hexagonal"),
    *("6.1", "6.1(back)", "6.1(front)", "7.0", "7.0(front)", "7.1", "7.1(wide)"),
    *("7.1(wide-side)", "octagonal", "5.1.4", "7.1.4", "hexadecagonal", "22.2"),
)
"""Layouts from the smallest on."""
_ROOMY = ("3.0", "quad", "5.0", "5.1", "6.1", "7.1")
"""Layouts that nearly all encoders and players know, to put smaller ones into."""
DISCRETE = {"libopus": {"mapping_family": "255"}}
"""Options of encoders that take channels without places only if they are told to."""


@dataclass(frozen=True, slots=True)
class SoundForm:
    """How a sound is encoded."""

    encoder: str
    """FFmpeg's name."""
    rate: int
    """Samples a second."""
    format: str
    layout: str
    """`N channels` where they have no places."""
    in_order: bool
    """Whether the first channel becomes the first, and so on, whatever their names."""
    losses: tuple[str, ...] = ()
    """What is lost, the worst first."""
    rank: tuple[bool, ...] = ()
    """The smaller, the less is lost."""

    @property
    def is_lossless(self) -> bool:
        """Whether the encoder gives back every sample."""
        return self.encoder in _BITS


def best_form(container: str, source: AudioCodecContext) -> SoundForm | None:
    """The form that loses the least in an FFmpeg container; None if there is none."""
    row = container_named(container)
    names = row.sound
    if source.codec.lossless:
        names = (*row.lossless_sound, *names)
    names = tuple(_pcm_for(source) if name == "pcm" else name for name in names)
    able = [name for name in names if name in av.codecs_available]
    forms = [form_for(name, source, container=container) for name in able]
    return min(forms, key=lambda form: form.rank, default=None)


def form_for(encoder: str, source: AudioCodecContext, *, container: str) -> SoundForm:
    """The form in which this encoder keeps the most of the source."""
    codec = av.Codec(encoder, "w")
    rates, rate = codec.audio_rates, source.sample_rate
    if rates and rate not in rates:
        rate = min((r for r in rates if r >= rate), default=max(rates))
    names = [f.name for f in codec.audio_formats or ()]
    form = _nearest_format(_format(source), names)
    layout, in_order = _layout(
        encoder, source, container=container, wanted=(rate, form)
    )
    losses = _losses(encoder, source, container=container, form=(rate, layout))
    found = tuple(words for words in losses if words)
    rank = tuple(words is not None for words in losses)
    return SoundForm(encoder, rate, form, layout, in_order, found, rank)


def _losses(
    encoder: str, source: AudioCodecContext, *, container: str, form: tuple[int, str]
) -> tuple[str | None, ...]:
    """Words for what is lost, or None: channels, all else, rate, bits, places."""
    rate, layout = form
    old, new = layout_of(source), AudioLayout(layout)
    channels = places = bits = None
    if new.nb_channels < old.nb_channels:
        channels = f"its {old.nb_channels} channels are mixed into {new.nb_channels}"
    elif _places(old) and not _tells_places(container, encoder, layout=new):
        places = "where its channels belong is not told"
    lossy = "" if source.codec.lossless and encoder not in _BITS else None
    before, after = _bits(source), _BITS.get(encoder, _FLOAT)
    if before > after:
        what = "floating point" if before == _FLOAT else f"{before} bits"
        become = "becomes" if before == _FLOAT else "become"
        bits = f"{what} {become} {after} bits"
    changed = rate != source.sample_rate
    hertz = f"{source.sample_rate} Hz become {rate} Hz" if changed else None
    return channels, lossy, hertz, bits, places


def keeps_places(container: str, codec: str, *, layout: AudioLayout) -> bool:
    """Whether a copy of this sound tells as well which channel is which."""
    plain = not codec.startswith("pcm_") or not _places(layout) or container == "mov"
    return plain or _tells_places(container, codec, layout=layout)


def _tells_places(container: str, codec: str, *, layout: AudioLayout) -> bool:
    """Whether a file says, or all players guess, which channel of this layout is which.

    `codec` is FFmpeg's name of what is in it.
    """
    if codec == "aac":
        return layout.name in _AAC
    if codec == "flac":
        return layout.name in _PLAIN_FLAC or (
            container == "matroska" and _named(layout)
        )
    if not codec.startswith("pcm_") or (
        container_named(container).pcm_places and _named(layout)
    ):
        return _named(layout)
    usual = _places(AudioLayout(LAYOUTS.get(layout.nb_channels, "mono")))
    return _named(layout) and _turned_back(_places(layout)) == _turned_back(usual)


def _named(layout: AudioLayout) -> bool:
    """Whether FFmpeg has a name for all of it: the channels in their usual order."""
    return "channels" not in layout.name


def _bits(source: AudioCodecContext) -> int:
    """Bits of a sample that must be kept; 0 of sound that has lost some already."""
    if not source.codec.lossless:
        return 0
    found = _CODEC_BITS.match(source.codec.name)
    plain = _format(source).removesuffix("p")
    return int(found[1]) if found else _FORMAT_BITS.get(plain, 0)


def _pcm_for(source: AudioCodecContext) -> str:
    bits = _bits(source)
    if bits == _FLOAT:
        return "pcm_f32le"
    return next((n for n, b in _BITS.items() if "pcm" in n and b >= bits), "pcm_s32le")


def _format(source: AudioCodecContext) -> str:
    declared: Any = source.format  # none where the container cannot tell
    return declared.name if declared else _ANY_FORMAT


def _nearest_format(form: str, names: list[str]) -> str:
    """The format among `names` that keeps the most of the samples."""
    if not names or form in names:
        return form
    for plain in _ROOM.get(form.removesuffix("p"), ()):
        for name in (plain, f"{plain}p"):
            if name in names:
                return name
    return names[0]


def _layout(
    encoder: str, source: AudioCodecContext, *, container: str, wanted: tuple[int, str]
) -> tuple[str, bool]:
    """The layout that keeps the most channels; whether they go into it in order."""
    able = [
        (name, in_order)
        for name, in_order in _candidates(layout_of(source))
        if _opens(encoder, *wanted, name)
    ]
    for name, in_order in able:
        if _tells_places(container, encoder, layout=AudioLayout(name)):
            return name, in_order
    if able:
        return able[0]
    fewer = sorted(LAYOUTS.items(), reverse=True)
    found = (name for _, name in fewer if _opens(encoder, *wanted, name))
    return next(found, "stereo"), False


def _candidates(layout: AudioLayout) -> Iterator[tuple[str, bool]]:
    """Layouts that keep every channel, from the best on; and whether in order."""
    count, places = layout.nb_channels, _places(layout)
    if places:
        turned, known = _turned_back(places), _by_places()
        yield from ((name, False) for p, name in known.items() if p == places)
        for same in (True, False):
            for other, name in known.items():
                back = _turned_back(other)
                if back == turned if same else back > turned and name in _ROOMY:
                    yield name, False
    elif count in LAYOUTS and "ambisonic" not in layout.name:
        yield LAYOUTS[count], True
    yield f"{count} channels", True


def _places(layout: AudioLayout) -> frozenset[str]:
    """The names of the channels; empty if they are not all named, and different."""
    names = [channel.name for channel in layout.channels]
    known = set(names) <= _known_places() and len(set(names)) == len(names)
    return frozenset(names) if known else frozenset()


def _turned_back(places: frozenset[str]) -> frozenset[str]:
    """The same with the sides at the back if nothing is there: one pair, two names."""
    if places & {"BL", "BR"}:
        return places
    return frozenset({"SL": "BL", "SR": "BR"}.get(name, name) for name in places)


@cache
def _by_places() -> dict[frozenset[str], str]:
    layouts = [(name, AudioLayout(name)) for name in _NAMED]
    return {frozenset(c.name for c in made.channels): name for name, made in layouts}


@cache
def _known_places() -> frozenset[str]:
    return frozenset().union(*_by_places())


def _opens(encoder: str, rate: int, form: str, layout: str) -> bool:
    """Whether the encoder takes such sound."""
    trial = cast(AudioCodecContext, av.CodecContext.create(encoder, "w"))
    try:
        trial.sample_rate, trial.format, trial.layout = rate, form, layout
        if layout.endswith("channels"):
            trial.options = DISCRETE.get(encoder, {})
        trial.open()
    except (av.FFmpegError, ValueError):
        return False
    return True
