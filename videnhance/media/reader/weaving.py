"""What becomes of a film's fields, by the user's wish and by what is seen in it."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from av.video.frame import VideoFrame

from videnhance.frame import VideoInfo
from videnhance.media.reader.combing import FIELDS, Kind, seen
from videnhance.media.reader.fields import (
    Shot,
    deinterlaced,
    first_shown,
    is_large_enough,
    is_taken,
    marked,
    untold_field,
    woven,
)
from videnhance.media.reader.survey import Look, Weave
from videnhance.media.source import Deinterlace

__all__ = ["Weaving", "weaving_of"]

_OFF = "--deinterlace off keeps the fields"
_KEPT = "the video is interlaced: its fields are enlarged as one picture"
_WOVEN = f"the video is interlaced: each frame is made from its fields (bwdif); {_OFF}"
_ASSUMED = "every frame is taken for interlaced and made from its fields (bwdif)"
_UNMARKED = (
    "the video is not marked as interlaced, but its pictures are made of two fields: "
    f"each frame is made from them (bwdif); {_OFF}"
)
_TELECINED = (
    "a film of 24 pictures a second is stored as 30 (telecine, 3:2): those that comb "
    "are made from one field (bwdif); ffmpeg -vf fieldmatch,decimate gives back the 24"
)
_SEEN = {
    Weave.COMBED: "the video is marked as interlaced, but its pictures are whole: only "
    "those that comb are made from their fields (bwdif); --deinterlace on takes all",
    Weave.NOT_WHOLE: "the video is marked as interlaced, but some of its pictures are "
    "whole: the others are made from their fields (bwdif); --deinterlace on takes all",
}
_SOME_COMB = (
    "some pictures comb as if they were made of two fields: they stay as they are; "
    "--deinterlace on makes all frames from their fields"
)


@dataclass(frozen=True, slots=True)
class Weaving:
    """What becomes of fields: every frame is delivered, some made from one field."""

    mode: Deinterlace
    look: Look
    untold: str | None
    """The first field, `tff` or `bff`, where only the container says there are two."""
    told: str | None = None
    """The first field by the container, where it says so."""
    unable: str = ""
    """The pixel format or the size, if it is asked for what cannot be done with it."""

    def shots(self, shots: Iterable[Shot]) -> Iterator[Shot]:
        """The shots, whole."""
        weave = self.look.weave
        order = self.look.order.value if self.look.order else self.untold
        if self.mode is Deinterlace.OFF:
            return iter(shots)
        whole = self.mode is Deinterlace.AUTO
        if whole and weave in (Weave.COMBED, Weave.NOT_WHOLE):
            return woven(marked(self._judged(shots, order)))
        if not whole or weave is Weave.ALL or self.untold:
            return deinterlaced(shots, order)
        if order is None or weave is Weave.NONE:
            return woven(shots)
        right = ((s, order if s.source.interlaced_frame else None) for s in shots)
        return woven(marked(right))

    def _judged(
        self, shots: Iterable[Shot], order: str | None
    ) -> Iterator[tuple[Shot, str | None]]:
        """Shots, and how to mark them by what is seen in each."""
        every = self.look.telecined or self.untold is not None
        for shot, sight in seen(shots):
            kind = self.look.kind_of(sight)
            if not every and not shot.source.interlaced_frame:
                yield shot, None
            elif kind in FIELDS:
                yield shot, order or kind.value
            elif kind is Kind.UNSURE and self.look.weave is Weave.NOT_WHOLE:
                yield shot, order
            else:
                yield shot, Kind.WHOLE.value

    def notices(self) -> Iterator[str]:
        """What is to be said of the whole film."""
        look = self.look
        if self.unable:
            yield f"{self.unable} cannot be deinterlaced: fields stay as they are"
        if self.mode is Deinterlace.ON:
            yield _ASSUMED
        if self.mode is not Deinterlace.AUTO:
            return
        if look.telecined:
            yield _TELECINED
        elif not look.marked and look.weave is Weave.ALL:
            yield _UNMARKED
        elif not look.marked and look.some_comb:
            yield _SOME_COMB
        seen_first = look.order.value if look.order else None
        if look.marked and self.told and seen_first and seen_first != self.told:
            first, other = (
                ("bottom", "top") if self.told == "tff" else ("top", "bottom")
            )
            yield (
                f"the file says that the {other} field is first, but its pictures show "
                f"the {first} one first: they are followed"
            )

    def notice(self, picture: VideoFrame) -> str | None:
        """What is to be said when this picture comes."""
        if not picture.interlaced_frame and self.untold is None:
            return None
        if self.mode is Deinterlace.AUTO:
            return None if self.look.telecined else _SEEN.get(self.look.weave, _WOVEN)
        return _KEPT if self.mode is Deinterlace.OFF else None


def weaving_of(
    mode: Deinterlace,
    info: VideoInfo,
    *,
    field_order: int,
    first: VideoFrame,
    look: Callable[[bool], Look],
) -> Weaving:
    """Looks at the film, if its fields are to be looked at.

    `field_order` is the container's, in FFmpeg's numbers; `first` a decoded picture;
    `look` looks at the film, and is told whether it is marked as interlaced.
    """
    name = info.layout.name
    untold = untold_field(info.codec, field_order, first)
    small = not is_large_enough(name, info.size)
    if mode is Deinterlace.OFF or small or not is_taken(name):
        what = f"a picture of {info.size}" if small else name
        unable = what if mode is Deinterlace.ON else ""
        return Weaving(Deinterlace.OFF, Look(Counter()), untold, unable=unable)
    told = first.interlaced_frame or untold is not None
    return Weaving(mode, look(told), untold, first_shown(field_order))
