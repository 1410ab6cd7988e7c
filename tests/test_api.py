"""The door: what other programs call does what the command line does."""

import inspect
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass, replace
from itertools import cycle
from pathlib import Path
from typing import Any, TypeVar

import av
import numpy as np
import pytest
from click.testing import CliRunner

import videnhance
from tests.clips import Clip, Sound, pts_of, write_clip
from tests.films import Film, write_film
from tests.models import write_model
from tests.sources import ROOT
from videnhance.cli import app
from videnhance.frame import Pixels
from videnhance.media.reader.video_reader import VideoReader

PATIENCE = 60.0
FEW = Clip(pts=range(0, 5 * 512, 512))
MANY = Clip(pts=range(0, 40 * 512, 512))
CODED: dict[str, Any] = {"codec": "mpeg4", "segment": 10, "workers": 1}
"""An encoder that makes the same of the same frames however busy the machine is."""
T = TypeVar("T")


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Options of a model that loads at once: nothing is measured."""
    card = write_model(tmp_path_factory.mktemp("model"))
    return {"model": str(card), "trust_model": True, "device": "cpu"}


def _beside(work: Callable[[], T]) -> "tuple[threading.Thread, list[T]]":
    """The work in a thread of its own, and what it will have given."""
    results: list[T] = []
    thread = threading.Thread(target=lambda: results.append(work()))
    thread.start()
    return thread, results


# The surface.


def test_the_surface_is_sorted_and_there() -> None:
    assert videnhance.__all__ == sorted(videnhance.__all__)
    assert len(videnhance.__all__) == 32
    for name in videnhance.__all__:
        assert getattr(videnhance, name) is not None
    assert set(videnhance.__all__) <= set(dir(videnhance))
    with pytest.raises(AttributeError, match="no attribute 'covnert'"):
        _ = videnhance.covnert


def test_every_error_is_at_the_door() -> None:
    errors = sys.modules["videnhance.errors"]
    kinds = {n for n in errors.__all__ if inspect.isclass(getattr(errors, n))}
    assert kinds <= set(videnhance.__all__)


@pytest.mark.opencv
@pytest.mark.parametrize("name", videnhance.__all__)
def test_each_name_is_documented_and_typed(name: str) -> None:
    page = (ROOT / "docs/api.md").read_text(encoding="utf-8")
    assert f"`{name}" in page
    value = getattr(videnhance, name)
    if name == "__version__":
        return
    assert inspect.getdoc(value)
    if inspect.isfunction(value):
        signature = inspect.signature(value)
        assert signature.return_annotation is not inspect.Signature.empty
        assert all(p.annotation is not p.empty for p in signature.parameters.values())
    if is_dataclass(value) and "Options" in name:
        assert [f.name for f in fields(value) if f"`{f.name}`" not in page] == []


def test_no_module_has_the_name_of_a_function() -> None:
    # Importing it would put the module in the function's place.
    modules = {path.stem for path in (ROOT / "videnhance").iterdir()}
    assert modules & set(videnhance.__all__) == set()


def test_nothing_is_loaded_before_it_is_needed() -> None:
    code = (
        "import sys, videnhance; dir(videnhance); print(*sys.modules, end=' | ')\n"
        "videnhance.ConvertOptions(size='4k', rate='25'); videnhance.Progress\n"
        "videnhance.VidenhanceError, videnhance.Report; print(*sys.modules)"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True
    ).stdout.decode()
    bare, light = (set(part.split()) for part in loaded.split(" | "))
    assert {m for m in bare if m.startswith("videnhance")} == {"videnhance"}
    assert light & {"av", "cv2", "numpy", "torch", "click"} == set()


# Files.


@pytest.mark.opencv
@pytest.mark.parametrize(
    ("line", "changes"),
    [
        ("", {}),
        (
            "--skip 2 --strength 0.5 -c mpeg4",
            {"skip": 2, "strength": 0.5, "codec": "mpeg4"},
        ),
        ("--size 100x -e g=3", {"size": "100x", "encoder_options": {"g": "3"}}),
        (
            "--start 0.04 --max-frames 3 --no-audio",
            {"start": 0.04, "max_frames": 3, "audio": False},
        ),
    ],
)
def test_the_same_options_make_the_same_file(
    tmp_path: Path, tiny: dict[str, Any], line: str, changes: dict[str, Any]
) -> None:
    source = write_clip(tmp_path / "in.mkv", replace(FEW, sounds=(Sound(),)))
    words = [str(source), str(tmp_path / "a.mp4"), *line.split(), "-m", tiny["model"]]
    words += ["--trust-model", "--device", "cpu", "-e", "threads=1"]
    done = CliRunner().invoke(app, ["convert", *words])
    assert done.exit_code == 0, done.output
    own = changes.pop("encoder_options", {}) | {"threads": "1"}
    report = videnhance.convert(
        source, tmp_path / "b.mp4", encoder_options=own, **tiny, **changes
    )
    assert report.target == str(tmp_path / "b.mp4")
    assert report.frames_written == len(pts_of(tmp_path / "b.mp4"))
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()


@pytest.mark.opencv
def test_progress_comes_for_each_frame(tmp_path: Path, tiny: dict[str, Any]) -> None:
    told: list[videnhance.Progress] = []
    source = write_clip(tmp_path / "in.mp4", FEW)
    options = videnhance.ConvertOptions(overwrite=True, **tiny)
    videnhance.convert(source, tmp_path / "a.gif", options, on_progress=told.append)
    assert [one.frames for one in told] == [0, 1, 2, 3, 4, 5]
    assert [one.share for one in told] == [n / 5 for n in range(6)]
    assert {one.total for one in told} == {5}
    assert told[0].seconds_left is None
    assert told[-1].seconds_left == 0
    assert all(one.frames_per_second > 0 for one in told[1:])
    assert [one.seconds for one in told] == sorted(one.seconds for one in told)
    videnhance.convert(source, tmp_path / "b.mp4", options, on_progress=told.append)
    assert not told[-1].notices


@pytest.mark.opencv
def test_progress_tells_what_a_user_should_hear(
    tmp_path: Path, tiny: dict[str, Any]
) -> None:
    told: list[videnhance.Progress] = []
    odd = Clip(width=63, height=47, pts=FEW.pts, pix_fmt="yuv444p")
    source = write_clip(tmp_path / "in.mkv", odd)
    videnhance.convert(
        source, tmp_path / "a.mp4", on_progress=told.append, scale=1, **tiny
    )
    assert told[0].notices


@pytest.mark.opencv
def test_cancelling_from_another_thread_keeps_what_is_finished(
    tmp_path: Path, tiny: dict[str, Any]
) -> None:
    source, target = write_clip(tmp_path / "in.mp4", MANY), tmp_path / "out.mp4"
    options = videnhance.ConvertOptions(**CODED, **tiny)
    videnhance.convert(source, tmp_path / "whole.mp4", options)
    reached, cancel = threading.Event(), threading.Event()

    def slow(progress: videnhance.Progress) -> None:
        frames.append(progress.frames)
        if progress.frames == 25:
            reached.set()
            assert cancel.wait(PATIENCE)

    frames: list[int] = []
    thread, _ = _beside(lambda: cancel.set() if reached.wait(PATIENCE) else None)
    words = "was cancelled; 20 frames are kept: the same command goes on"
    with pytest.raises(videnhance.Cancelled, match=words):
        videnhance.convert(source, target, options, on_progress=slow, cancel=cancel)
    thread.join(PATIENCE)
    assert frames[-1] == 25  # no frame more
    assert not target.exists()
    threads = [t.name for t in threading.enumerate() if t.name.startswith("videnhance")]
    assert threads == []
    report = videnhance.convert(source, target, options)
    assert report.frames_kept == 20
    assert target.read_bytes() == (tmp_path / "whole.mp4").read_bytes()


def test_what_is_cancelled_beforehand_does_nothing(tmp_path: Path) -> None:
    cancel = threading.Event()
    cancel.set()
    source = write_clip(tmp_path / "in.mp4", FEW)
    with pytest.raises(videnhance.Cancelled):
        videnhance.convert(source, tmp_path / "a.mkv", strength=0, cancel=cancel)
    assert [path.name for path in tmp_path.iterdir()] == ["in.mp4"]


def test_an_error_of_the_listener_ends_the_work_in_order(tmp_path: Path) -> None:
    def tell(progress: videnhance.Progress) -> None:
        if progress.frames == 25:
            raise RuntimeError("the window is gone")

    source, target = write_clip(tmp_path / "in.mp4", MANY), tmp_path / "out.mkv"
    plain: dict[str, Any] = {"strength": 0, **CODED}
    with pytest.raises(RuntimeError, match="the window is gone"):
        videnhance.convert(source, target, on_progress=tell, **plain)
    assert videnhance.convert(source, target, **plain).frames_kept == 20


@pytest.mark.opencv
def test_two_conversions_at_once_are_as_each_alone(
    tmp_path: Path, tiny: dict[str, Any]
) -> None:
    clips = MANY, Clip(width=80, height=50, pts=MANY.pts, codec="mpeg4", options={})
    handlers = [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)]
    names = [write_clip(tmp_path / f"{n}.mkv", clip) for n, clip in enumerate(clips)]
    alone = [tmp_path / f"alone{n}.mp4" for n in range(2)]
    both = [tmp_path / f"both{n}.mp4" for n in range(2)]
    for source, target in zip(names, alone, strict=True):
        videnhance.convert(source, target, **CODED, **tiny)
    together = threading.Barrier(2)

    def meet(progress: videnhance.Progress) -> None:
        if progress.frames in (0, 20):
            together.wait(PATIENCE)  # neither is done before the other is half-way

    running = [
        _beside(
            lambda s=source, t=target: videnhance.convert(  # type: ignore[misc]
                s, t, on_progress=meet, **CODED, **tiny
            )
        )
        for source, target in zip(names, both, strict=True)
    ]
    for thread, results in running:
        thread.join(PATIENCE)
        assert results[0].frames_out == 40
    for one, other in zip(alone, both, strict=True):
        assert one.read_bytes() == other.read_bytes()
    assert handlers == [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)]


def test_mistyped_options_are_told(tmp_path: Path) -> None:
    with pytest.raises(videnhance.UsageError, match="did you mean skip"):
        videnhance.convert("a.mp4", "b.mp4", skipp=2)
    with pytest.raises(videnhance.UsageError, match="did you mean jobs"):
        videnhance.convert_folder(tmp_path, tmp_path / "out", job=2)
    with pytest.raises(videnhance.InputError, match=r"nosuch\.mp4 does not exist"):
        videnhance.convert(tmp_path / "nosuch.mp4", tmp_path / "b.mp4", strength=0)


def test_preflight_tells_and_writes_nothing(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "in.mp4", FEW)
    found = videnhance.preflight(source, tmp_path / "a.mkv", size="128x", strength=0)
    assert str(found.plan.size) == "128x96"
    assert found.as_json()["estimate"]["frames"] == 5
    assert any(line.startswith("time ") for line in found.lines())
    assert [path.name for path in tmp_path.iterdir()] == ["in.mp4"]


def test_probe_takes_a_name(tmp_path: Path) -> None:
    info = videnhance.probe(str(write_clip(tmp_path / "in.mp4", FEW)))
    assert (str(info.size), info.frames, info.codec) == ("64x48", 5, "h264")


# Folders.


def _folder(tmp_path: Path) -> Path:
    (tmp_path / "in/drafts").mkdir(parents=True)
    for name in ("a.mkv", "b.mp4", "drafts/c.mkv"):
        write_clip(tmp_path / "in" / name, FEW)
    (tmp_path / "in/bad.mkv").write_bytes(b"no film")
    return tmp_path


def test_a_folder_gives_an_outcome_for_each_input(tmp_path: Path) -> None:
    folder, seen = _folder(tmp_path), list[videnhance.Outcome]()
    options = videnhance.FolderOptions(
        strength=0, settle=0, jobs=1, nice=False, exclude=("drafts",)
    )
    places = folder / "in", folder / "out"
    outcomes = videnhance.convert_folder(*places, options, on_outcome=seen.append)
    assert [(one.source, one.status.value) for one in outcomes] == [
        ("a.mkv", "done"),
        ("b.mp4", "done"),
        ("bad.mkv", "failed"),
    ]
    assert sorted(one.source for one in seen) == [one.source for one in outcomes]
    assert outcomes[0].report["frames_out"] == 5
    assert "bad.mkv" in outcomes[2].reason
    assert pts_of(folder / "out/b.mp4") == pts_of(folder / "in/b.mp4")
    again = videnhance.convert_folder(*places, options, exclude=("drafts", "bad*"))
    assert {one.status.value for one in again} == {"skipped"}


def test_a_program_without_a_guard_is_run_once(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    write_clip(tmp_path / "in/a.mkv", FEW)
    code = (
        "import videnhance\n"
        "print('once')\n"
        "options = videnhance.FolderOptions(strength=0, settle=0, jobs=1, again=True)\n"
        "made = videnhance.convert_folder('in', 'out', options)\n"
        "print(*(one.status.value for one in made))\n"
    )
    (tmp_path / "program.py").write_text(code)
    for words, given in (["program.py"], None), (["-"], code):
        said = subprocess.run(
            [sys.executable, *words],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            input=given,
            capture_output=True,
            text=True,
            check=True,
        )
        assert said.stderr == ""
        assert said.stdout.split() == ["once", "done"]


def test_a_folder_can_be_cancelled(tmp_path: Path) -> None:
    folder, cancel = _folder(tmp_path), threading.Event()
    options = videnhance.FolderOptions(strength=0, settle=0, jobs=1, nice=False)
    seen: list[str] = []

    def tell(outcome: videnhance.Outcome) -> None:
        seen.append(outcome.source)
        thread, _ = _beside(cancel.set)
        thread.join(PATIENCE)

    places = folder / "in", folder / "out"
    with pytest.raises(videnhance.Cancelled):
        videnhance.convert_folder(*places, options, on_outcome=tell, cancel=cancel)
    assert len(seen) == 1
    outcomes = videnhance.convert_folder(*places, options)
    assert len(outcomes) == 4


def test_a_watched_folder_goes_on_until_it_is_cancelled(tmp_path: Path) -> None:
    folder, cancel = _folder(tmp_path), threading.Event()
    options = videnhance.FolderOptions(strength=0, settle=0, jobs=1, nice=False)
    seen: list[str] = []

    def tell(outcome: videnhance.Outcome) -> None:
        seen.append(outcome.source)
        if len(seen) == 4:
            write_clip(folder / "in/late.mp4", FEW)
        if "late.mp4" in seen:
            cancel.set()

    places = folder / "in", folder / "out"
    with pytest.raises(videnhance.Cancelled):
        videnhance.convert_folder(
            *places, options, on_outcome=tell, cancel=cancel, watch=True
        )
    assert len(seen) == 5
    assert (folder / "out/late.mp4").is_file()


# Arrays.


def _pictures(count: int, *, gray: bool = False) -> list[Pixels]:
    y, x = np.mgrid[:48, :64]
    shift = np.array([0, 60, 120]) if not gray else np.array([0])
    moving = [(x * 3 + y * 2 + 5 * n)[..., None] + shift for n in range(count)]
    made = [(picture % 256).astype(np.uint8) for picture in moving]
    return [picture[..., 0] for picture in made] if gray else made


@pytest.mark.opencv
@pytest.mark.parametrize("gray", [False, True])
@pytest.mark.parametrize(
    ("changes", "size"),
    [
        ({}, (96, 128)),
        ({"scale": 1}, (48, 64)),
        ({"scale": 4, "skip": 2}, (192, 256)),
        ({"size": "120x90"}, (90, 120)),
        ({"size": "128x128", "fit": "pad", "workers": 0}, (128, 128)),
        ({"strength": 0}, (96, 128)),
    ],
)
def test_pictures_are_enlarged_one_for_one(
    tiny: dict[str, Any], gray: bool, changes: dict[str, Any], size: tuple[int, int]
) -> None:
    made = [*videnhance.enhance(_pictures(5, gray=gray), **tiny, **changes)]
    assert [one.shape for one in made] == [size if gray else (*size, 3)] * 5
    assert {one.dtype for one in made} == {np.dtype(np.uint8)}
    assert all(one.flags.writeable and one.flags.c_contiguous for one in made)
    assert not np.array_equal(made[0], made[1])


@pytest.mark.opencv
@pytest.mark.parametrize("form", ["bgr0", "gray"])
@pytest.mark.parametrize("changes", [{}, {"skip": 3}, {"size": "100x75"}])
def test_pictures_become_what_a_file_of_them_becomes(
    tmp_path: Path, tiny: dict[str, Any], form: str, changes: dict[str, Any]
) -> None:
    pictures = _pictures(6, gray=form == "gray")
    source, target = tmp_path / "in.mkv", tmp_path / "out.mkv"
    with av.open(str(source), "w") as out:
        stream = out.add_stream("ffv1", rate=25, width=64, height=48, pix_fmt=form)
        for picture in pictures:
            kind = "gray" if form == "gray" else "rgb24"
            out.mux(stream.encode(av.VideoFrame.from_ndarray(picture, kind)))
        out.mux(stream.encode(None))
    videnhance.convert(source, target, codec="ffv1", **tiny, **changes)
    made = list(videnhance.enhance(pictures, **tiny, **changes))
    with VideoReader(target) as reader:
        for frame, one in zip(reader, made, strict=True):
            planes = np.stack(frame.planes, axis=-1)
            assert np.array_equal(planes[..., 0] if form == "gray" else planes, one)


def test_a_buffer_may_be_used_again() -> None:
    wanted = [*videnhance.enhance(_pictures(8), strength=0)]
    buffer = np.empty((48, 64, 3), np.uint8)

    def reused() -> Iterator[Pixels]:
        for picture in _pictures(8):
            buffer[:] = picture
            yield buffer

    for one, other in zip(
        wanted, videnhance.enhance(reused(), strength=0), strict=True
    ):
        assert np.array_equal(one, other)


def test_pictures_come_while_others_are_still_made() -> None:
    asked: list[int] = []

    def endless() -> Iterator[Pixels]:
        for picture in cycle(_pictures(1)):
            asked.append(len(asked))
            yield picture

    line = videnhance.enhance(endless(), strength=0, workers=0)
    assert asked == []
    assert next(line).shape == (96, 128, 3)
    assert len(asked) <= 2
    line.close()  # type: ignore[attr-defined]  # a generator


def test_closing_ends_the_threads() -> None:
    line = videnhance.enhance(_pictures(30), strength=0, workers=2)
    next(line)
    line.close()  # type: ignore[attr-defined]  # a generator
    names = [t.name for t in threading.enumerate() if t.name.startswith("videnhance")]
    assert names == []


def test_nothing_comes_of_nothing() -> None:
    assert list(videnhance.enhance([], strength=0)) == []


@pytest.mark.parametrize(
    ("picture", "words"),
    [
        (np.zeros((4, 4, 3), np.float32), r"picture 1 is \(4, 4, 3\) float32: give"),
        (np.zeros((48, 64, 4), np.uint8), r"picture 1 is \(48, 64, 4\) uint8: give"),
        (np.zeros((0, 64, 3), np.uint8), r"picture 1 is \(0, 64, 3\) uint8: give"),
        (np.zeros((48, 60, 3), np.uint8), r"those before it \(48, 64, 3\)"),
        (np.zeros((48, 64), np.uint8), r"those before it \(48, 64, 3\)"),
    ],
)
def test_a_picture_that_does_not_fit_is_named(picture: Pixels, words: str) -> None:
    line = videnhance.enhance([_pictures(1)[0], picture], strength=0, workers=1)
    with pytest.raises(videnhance.UsageError, match=words):
        list(line)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"crf": 20}, "--crf is for files: enhance knows clean, "),
        ({"audio": False}, "--no-audio is for files"),
        ({"modle": "fast"}, "did you mean model"),
        ({"scale": 3}, "--scale 3 is not possible"),
    ],
)
def test_options_of_files_are_none_of_pictures(
    changes: dict[str, Any], words: str
) -> None:
    with pytest.raises(videnhance.UsageError, match=words):
        videnhance.enhance([], **changes)
    with pytest.raises(videnhance.ModelError, match="nosuch"):
        videnhance.enhance([], model="nosuch")


# Comparing.


@pytest.mark.opencv
def test_a_comparison_tells_its_progress_and_is_cancelled(tmp_path: Path) -> None:
    one = write_film(tmp_path / "a.mkv")
    two = write_film(tmp_path / "b.mkv", Film(noise=3))
    told: list[videnhance.Progress] = []
    found = videnhance.compare(one, two, metrics=["psnr"], on_progress=told.append)
    assert isinstance(found, videnhance.Comparison)
    assert [progress.frames for progress in told] == [*range(1, 17)]
    beside = videnhance.compare(one, two, one, metrics=["psnr"], every=4)
    assert beside.ours[0].figures["psnr"].mean == pytest.approx(
        found.ours[0].figures["psnr"].mean, abs=0.3
    )
    with pytest.raises(videnhance.UsageError, match="two files"):
        videnhance.compare(one)
    stop = threading.Event()
    stop.set()
    with pytest.raises(videnhance.Cancelled):
        videnhance.compare(one, two, cancel=stop)
