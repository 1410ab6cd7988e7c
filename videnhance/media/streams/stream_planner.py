"""Plans what becomes of each stream other than the video in a container.

Before the work; what FFmpeg's tables say is proved by a header in memory.
"""

import io
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import cast

import av
from av.audio.codeccontext import AudioCodecContext
from av.codec.context import CodecContext
from av.container import InputContainer, OutputContainer
from av.stream import Stream
from av.video.stream import VideoStream

from videnhance.media.containers import container_named
from videnhance.media.source import AnyPacket, open_source
from videnhance.media.stream_choice import chosen_video, context_of, layout_of
from videnhance.media.streams.actions import (
    MATROSKA,
    StreamAction,
    StreamPlan,
    Way,
    codec_words,
)
from videnhance.media.streams.converters import loses_style, text_codec_for
from videnhance.media.streams.copies import (
    container_takes,
    data_survives,
    first_packets,
    holds_cover,
    is_cover,
    is_decodable,
)
from videnhance.media.streams.late import LISTLESS, TOO_LATE, late_streams
from videnhance.media.streams.sound_form import best_form, keeps_places
from videnhance.media.streams.tags import lost_description

__all__ = ["plan_streams"]

_WITH_SCRIPTS = ("flv", "live_flv")
"""Formats whose subtitles are what a server says of the stream; copied as text, it
spoils the tracks of a Matroska."""


def plan_streams(
    source: Path, container: str, *, audio: bool = True, video_track: int | None = None
) -> tuple[StreamPlan, ...]:
    """What becomes of each stream but the video in an FFmpeg container of this name.

    Raises InputError if the source cannot be read.
    """
    with (
        open_source(source) as opened,
        av.open(io.BytesIO(), "w", format=container) as out,
        av.open(io.BytesIO(), "w", format=MATROSKA) as other,
    ):
        video = chosen_video(opened, source, track=video_track)
        others = [s for s in opened.streams if s.index != video.index]
        packets = first_packets(opened, others)

        def planned(into: OutputContainer) -> tuple[StreamPlan, ...]:
            made = _Planner(opened, video, into, packets).plans(audio)
            return _without_undecodable(source, made)

        plans = planned(out)
        late = late_streams(source, opened)
        if container == MATROSKA or not any(plan.loses for plan in plans):
            return (*plans, *late)
        same = {plan.index: plan for plan in planned(other)}
        return (*(_compared(plan, same.get(plan.index)) for plan in plans), *late)


def _without_undecodable(
    source: Path, plans: tuple[StreamPlan, ...]
) -> tuple[StreamPlan, ...]:
    """The plans, without sound to convert of which nothing can be decoded."""
    made = []
    for plan in plans:
        converted = plan.kind == "audio" and plan.action is StreamAction.CONVERTED
        if converted and not is_decodable(source, plan.index):
            why = f"{plan.codec} would have to be converted, but cannot be decoded"
            plan = replace(plan, action=StreamAction.LOST, why=why, encoder="")
        made.append(plan)
    return tuple(made)


def _compared(plan: StreamPlan, there: StreamPlan | None) -> StreamPlan:
    """The plan with what Matroska would do; None: its chapters, which it keeps."""
    if there is None:
        kept = plan.index >= 0 or plan.action is StreamAction.KEPT
        why = plan.why if kept else f"{plan.why}; .mkv keeps them"
        return replace(plan, why=why, better_in_matroska=not kept)
    if there.rank <= plan.rank:
        return plan
    why = plan.why
    if plan.action is StreamAction.LOST or plan.lessened:
        form = f" as {there.encoder}" if there.encoder else ""
        why = f"{why}; .mkv keeps it{form}"
    return replace(plan, why=why, better_in_matroska=True)


class _Planner:
    """Plans the streams of one file for one container."""

    def __init__(
        self,
        source: InputContainer,
        video: VideoStream,
        out: OutputContainer,
        packets: Mapping[int, AnyPacket],
    ) -> None:
        self._source, self._video, self._packets = source, video, packets
        self._out, self._form = out, out.format.name
        self._row = container_named(self._form)
        self._held = out.supported_codecs | self._row.more_codecs
        self._chapters = len(source.chapters())

    def plans(self, audio: bool) -> tuple[StreamPlan, ...]:
        """One for each stream but the video, and one for chapters that are lost."""
        plans = []
        for stream in self._source.streams:
            if stream.index == self._video.index:
                continue
            if stream.type == "audio" and not audio:
                why = "the sound is left out, as asked for"
                plans.append(_lost(_kept(stream), why))
            else:
                plans.append(self._with_description(stream, self._plan(stream)))
        if self._chapters and not self._row.chapters:
            why = f"{self._form} holds none"
            chapters = f"{self._chapters} in all"
            plans.append(StreamPlan(-1, "chapters", chapters, StreamAction.LOST, why))
        return tuple(plans)

    def _with_description(self, stream: Stream, plan: StreamPlan) -> StreamPlan:
        """The plan with what the container does not hold of the track's description."""
        if plan.action is StreamAction.LOST or stream.type not in ("audio", "subtitle"):
            return plan
        words = lost_description(stream, self._form)
        why = "; ".join(part for part in (plan.why, words) if part)
        return replace(plan, why=why, lessened=plan.lessened or bool(words))

    def _plan(self, stream: Stream) -> StreamPlan:
        kept = _kept(stream)
        if stream.type == "audio":
            return self._plan_sound(stream, kept)
        if stream.type == "subtitle":
            return self._plan_subtitle(stream, kept)
        if stream.type == "video":
            cover = is_cover(stream)
            return (
                self._plan_cover(stream, kept)
                if cover
                else self._plan_video(stream, kept)
            )
        if stream.type == "attachment":
            if self._row.attachments:
                return kept
            return _lost(kept, f"{self._form} holds no attachments")
        if stream.type == "data":
            return self._plan_data(stream, kept)
        return _lost(kept, "its kind is unknown")

    def _plan_sound(self, stream: Stream, kept: StreamPlan) -> StreamPlan:
        context = context_of(stream)
        if context is None:
            return _lost(kept, "its codec is unknown")
        if not _is_sound(context):
            listless = self._source.format.name in LISTLESS
            damaged = "its header is damaged, or comes too late"
            return _lost(kept, TOO_LATE if listless else damaged)
        sound = cast(AudioCodecContext, context)
        form = best_form(self._form, sound)
        why = self._not_held(kept)
        if self._takes(stream):
            if not keeps_places(self._form, kept.codec, layout=layout_of(sound)):
                why = (
                    f"{self._form} does not tell which channel of {kept.codec} is which"
                )
            elif self._form == "mp4" and kept.codec.startswith("pcm_"):
                # Silent in most players; with 24 bits, noise in FFmpeg before 6.1.
                why = "few players know PCM in mp4"
            else:
                return kept
            if form is None or form.rank[0]:
                return replace(kept, why=why, lessened=True)
        if form is None:
            return _lost(kept, why)
        why = "; ".join((f"{why}, {form.encoder} is used", *form.losses))
        plan = self._converted(kept, form.encoder)
        return replace(plan, why=why, lessened=bool(form.losses))

    def _plan_subtitle(self, stream: Stream, kept: StreamPlan) -> StreamPlan:
        if context_of(stream) is None:
            return _lost(kept, "its codec is unknown")
        if self._source.format.name in _WITH_SCRIPTS:
            return _lost(kept, "it is data of the streaming server, and no text")
        if not self._row.durations:
            return _lost(kept, f"{self._form} does not tell when a line ends")
        if self._takes(stream):
            return kept
        encoder = text_codec_for(self._out, stream)
        if encoder is None:
            return _lost(kept, self._not_held(kept))
        plan = self._converted(kept, encoder)
        if not loses_style(stream, encoder):
            return plan
        why = f"{plan.why}; styles are lost: choose .mkv to keep them"
        return replace(plan, why=why)

    def _plan_cover(self, stream: Stream, kept: StreamPlan) -> StreamPlan:
        if not holds_cover(self._form, stream):
            return _lost(kept, f"{self._form} does not hold such cover pictures")
        if self._row.attachments:
            return replace(kept, way=Way.ATTACHED)
        return kept

    def _plan_video(self, stream: Stream, kept: StreamPlan) -> StreamPlan:
        only = "only one video is enlarged"
        if context_of(stream) is None:
            return _lost(kept, f"{only}, and the codec of this one is unknown")
        # Two of them: flv takes one video stream, and the enlarged one is it.
        if not self._takes(stream, times=2):
            return _lost(kept, f"{only}, and {self._not_held(kept)} beside it")
        return replace(kept, why=f"{only}; this one is copied as it is")

    def _plan_data(self, stream: Stream, kept: StreamPlan) -> StreamPlan:
        if self._is_chapter_track(stream):
            if self._row.chapters:
                return replace(kept, way=Way.MUXER, why="it is the chapters' titles")
            return _lost(kept, f"it is the chapters' titles; {self._form} holds none")
        if "timecode" in stream.metadata and "timecode" in self._video.metadata:
            if self._row.timecode:
                why = "it is written again from the video's timecode"
                return replace(kept, way=Way.MUXER, why=why)
            return _lost(kept, f"{self._form} holds no timecode")
        if not self._row.data:
            return _lost(kept, f"{self._form} holds no data streams")
        if data_survives(stream, self._form):
            return kept
        return _lost(kept, f"FFmpeg writes no such data to {self._form}")

    def _is_chapter_track(self, stream: Stream) -> bool:
        """Whether FFmpeg's demuxer gives the text of mp4's chapters as a stream."""
        named = getattr(stream, "name", None) == "bin_data"
        return named and 0 < stream.frames == self._chapters

    def _takes(self, stream: Stream, times: int = 1) -> bool:
        context = context_of(stream)
        held = context is not None and context.name in self._held
        packet = self._packets.get(stream.index)
        return held and container_takes(stream, self._form, packet=packet, times=times)

    def _not_held(self, plan: StreamPlan) -> str:
        return f"{self._form} does not hold {plan.codec}"

    def _converted(self, kept: StreamPlan, encoder: str) -> StreamPlan:
        why = f"{self._not_held(kept)}, {encoder} is used"
        return replace(
            kept,
            action=StreamAction.CONVERTED,
            why=why,
            way=Way.ENCODED,
            encoder=encoder,
        )


def _is_sound(context: CodecContext) -> bool:
    sound = cast(AudioCodecContext, context)
    return bool(sound.sample_rate and layout_of(sound).nb_channels)


def _kept(stream: Stream) -> StreamPlan:
    return StreamPlan(stream.index, stream.type, codec_words(stream), StreamAction.KEPT)


def _lost(plan: StreamPlan, why: str) -> StreamPlan:
    return replace(plan, action=StreamAction.LOST, why=why)
