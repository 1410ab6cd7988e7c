"""From the words of `convert` to the Job that they make."""

import os
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from videnhance.errors import UsageError, printable

if TYPE_CHECKING:
    from videnhance.enhance import Settings
    from videnhance.job import Job
    from videnhance.region import Size
    from videnhance.video.coding.encoding import Encoding
    from videnhance.video.pipes.raw import RawShape
    from videnhance.video.source import Reading

__all__ = ["check_report", "job_of", "rate_of", "size_of"]


def job_of(options: dict[str, Any]) -> "Job":
    """The conversion that these options ask for. Raises UsageError."""
    from videnhance.fit import Fit, box_of
    from videnhance.job import Job, Resources
    from videnhance.model.runtime import Choice
    from videnhance.video.pipes.pipe_writer import PipeForm
    from videnhance.video.source import Span

    source, target = _files(options)
    check_report(options["report"], "--report", (source, target))
    settings, notices = _settings(options)
    choice = Choice(
        model=_model(options),
        precision=options["precision"],
        device=options["device"],
        trusted=options["trust_model"],
    )
    box = None
    if options["size"] is not None:
        if options["scale"] is not None:
            raise UsageError("--size and --scale say two things; give one of them")
        box = box_of(options["size"], Fit(options["fit"]))
    elif options["fit"] != "inside":
        raise UsageError(f"--fit {options['fit']} needs a --size to fit into")
    return Job(
        source=source,
        target=target,
        choice=choice,
        settings=settings,
        encoding=_encoding(options, target),
        span=Span(options["start"] or 0.0, options["end"], options["max_frames"]),
        overwrite=options["overwrite"],
        notices=notices,
        reading=_reading(options),
        box=box,
        discard=options["discard"],
        full_check=options["verify"] == "full",
        resources=Resources(
            isolate=options["isolate"],
            nice=options["nice"],
            max_cpu_percent=options["max_cpu"],
            max_memory_mb=options["max_memory"],
            cluster=options["cluster"],
        ),
        rate=None if options["raw_size"] else rate_of(options["rate"]),
        raw=_raw(options),
        pipe=PipeForm(options["pipe_format"]),
    )


def _model(options: dict[str, Any]) -> str:
    from videnhance.model.clean import clean_model

    if options["clean"] is None:
        return options["model"] or "default"
    if options["model"]:
        raise UsageError("--clean and --model say two things; give one of them")
    return clean_model(options["clean"])


def _settings(options: dict[str, Any]) -> "tuple[Settings, tuple[str, ...]]":
    from videnhance.convert import default_workers
    from videnhance.enhance import Settings, default_fuse

    fuse, notice = options["fuse"], None
    if fuse is None:
        moves = options["strength"] != 0
        fuse, notice = default_fuse(options["skip"]) if moves else (0.0, None)
    settings = Settings(
        scale=2 if options["scale"] is None else options["scale"],
        strength=options["strength"],
        skip=options["skip"],
        reuse=options["reuse"] == "exact",
        workers=default_workers() if options["workers"] is None else options["workers"],
        patch_area=options["tile"] ** 2,
        fuse=fuse,
        segment_frames=options["segment"] or 0,
    )
    return settings, () if notice is None else (notice,)


def _encoding(options: dict[str, Any], target: Path) -> "Encoding":
    from videnhance.video.coding.encoding import Encoding, default_codec
    from videnhance.video.making.target import CONTAINERS

    container = CONTAINERS.get(target.suffix.lower(), "")
    return Encoding(
        codec=options["codec"] or default_codec(container),
        crf=options["crf"],
        preset=options["preset"],
        pix_fmt=options["pix_fmt"],
        options=options["extra"],
        audio=not options["no_audio"],
        by_default=not options["codec"],
    )


def _reading(options: dict[str, Any]) -> "Reading":
    from videnhance.video.source import Deinterlace, Reading

    reading = Reading(
        Deinterlace(options["deinterlace"]), video_track=options["video_track"]
    )
    if options["limit_pixels"] is None:
        return reading
    return replace(reading, limit_pixels=options["limit_pixels"])


def _raw(options: dict[str, Any]) -> "RawShape | None":
    from videnhance.video.pipes.raw import RawShape

    if options["raw_size"] is None:
        if options["raw_format"] is not None:
            raise UsageError("--raw-format needs --raw-size, for example 640x360")
        return None
    rate = rate_of(options["rate"]) or Fraction(25)
    form = options["raw_format"] or "yuv420p"
    return RawShape(size_of(options["raw_size"]), form, rate)


def size_of(words: str, option: str = "--raw-size") -> "Size":
    """A size from `640x360`. Raises UsageError, which names the option."""
    from videnhance.region import Size

    width, cross, height = words.partition("x")
    good = cross and width.isdecimal() and height.isdecimal()
    if not good or not int(width) or not int(height):
        raise UsageError(f"{option} {printable(words)} is no size; write 640x360")
    return Size(int(width), int(height))


def rate_of(words: str | None) -> Fraction | None:
    """Frames a second from `25`, `23.976` or `30000/1001`. Raises UsageError."""
    if words is None:
        return None
    try:
        rate = Fraction(words).limit_denominator(1001)
    except (ValueError, ZeroDivisionError):
        rate = Fraction(0)
    if not 0 < rate <= 1000:
        raise UsageError(
            f"--rate {printable(words)} is no rate; write 25 or 30000/1001"
        )
    return rate


def check_report(report: Path | None, option: str, files: tuple[Path, ...]) -> None:
    """Raises UsageError now if the report may not replace, or cannot be written later.

    `files` are the videos of the run, the input first.
    """
    if report is None:
        return
    name = printable(report)
    exist = bool(files) and report.exists() and files[0].exists()
    same = exist and report.samefile(files[0])
    if same or report.resolve() in [file.resolve() for file in files]:
        raise UsageError(f"{option} {name} is a video of this run; name another file")
    folder = report.absolute().parent
    if not folder.is_dir() or report.is_dir() or not os.access(folder, os.W_OK):
        raise UsageError(f"{option} {name} cannot be written; choose another file")


def _files(options: dict[str, Any]) -> tuple[Path, Path]:
    """Source and target, given in place or by -i and -o."""
    rest = list(options["files"])
    source = options["source"] or (rest.pop(0) if rest else None)
    target = options["target"] or (rest.pop(0) if rest else None)
    if rest:
        raise UsageError(
            f"{printable(rest[0])} is one file too many; give one input and one output"
        )
    if source is None or target is None:
        raise UsageError(
            f"the {'input' if source is None else 'output'} is missing; "
            "write: videnhance IN OUT"
        )
    return source, target
