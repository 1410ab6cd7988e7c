"""The command line: exit codes, messages, and that nothing is lost when it fails."""

import json
import logging
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from click.testing import CliRunner, Result

from tests.clips import Clip, Sound, pts_of, sound_packets, write_clip
from tests.models import REPORT, edit_card, write_model, write_wrong
from videnhance.cli import app
from videnhance.conversion.journal import Journal
from videnhance.errors import OutputError
from videnhance.frame import Frame
from videnhance.media.reader.video_reader import VideoReader
from videnhance.pipeline.alpha import laid_on_black
from videnhance.pipeline.resize import doubled

Word = str | Path | int | float
FEW = Clip(pts=range(0, 5 * 512, 512))
HEAVY = {"av", "cv2", "numpy", "torch"}


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    """Takes back what a program sets for its whole process."""
    handler, level = signal.getsignal(signal.SIGTERM), logging.root.level
    yield
    signal.signal(signal.SIGTERM, handler)
    logging.root.setLevel(level)
    logging.getLogger("videnhance").setLevel(logging.NOTSET)


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> tuple[Word, ...]:
    """Options of a model that loads at once: nothing is measured."""
    card = write_model(tmp_path_factory.mktemp("model"))
    return ("-m", card, "--trust-model", "--device", "cpu")


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """Five frames without sound."""
    return write_clip(tmp_path / "in.mp4", FEW)


def _run(*words: Word | None) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words if word is not None])


def _done(*words: Word) -> Result:
    result = _run(*words)
    assert result.exit_code == 0, result.output
    return result


def _frames(path: Path) -> list[Frame]:
    with VideoReader(path) as reader:
        return list(reader)


def _size(path: Path) -> tuple[int, int]:
    with VideoReader(path) as reader:
        return reader.info.size.width, reader.info.size.height


def _contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def _refused(folder: Path, code: int, *words: Word) -> str:
    """Runs what must fail cleanly; gives its one message."""
    before = _contents(folder)
    result = _run(*words)
    assert (result.exit_code, result.stdout) == (code, "")
    assert isinstance(result.exception, SystemExit)
    assert _contents(folder) == before
    lines = result.stderr.splitlines()
    if lines[0].startswith("Usage: "):
        told = [line for line in lines if line.startswith("Error: ")]
    else:
        assert lines[0].startswith("videnhance: ")
        told = lines
    assert len(told) == 1
    assert "Traceback" not in result.stderr
    return told[0]


# Where the files stand on the line.


@pytest.mark.opencv
@pytest.mark.parametrize(
    "line",
    [
        "IN OUT",
        "-i IN -o OUT",
        "--output OUT IN",
        "-i IN OUT",
        "convert IN OUT",
        "convert -i IN --output OUT",
        "IN OUT --skip 2",
        "--skip 2 IN OUT",
        "--skip 2 -i IN -o OUT",
        "-q IN OUT",
        "IN --skip 2 OUT",
    ],
)
def test_files_may_stand_anywhere(
    clip: Path, tiny: Sequence[Word], line: str, tmp_path: Path
) -> None:
    target = tmp_path / "out.mp4"
    places = {"IN": clip, "OUT": target}
    _done(*(places.get(word, word) for word in line.split()), *tiny)
    assert _size(target) == (128, 96)
    assert len(_frames(target)) == 5


def test_a_file_is_known_without_a_suffix(
    clip: Path, tiny: Sequence[Word], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    clip.rename("film")
    _done("film", "out.mkv", *tiny)
    assert len(_frames(tmp_path / "out.mkv")) == 5


@pytest.mark.parametrize("word", ["convrt", "prob"])
def test_a_typo_is_no_file(clip: Path, word: str, tmp_path: Path) -> None:
    told = _refused(tmp_path, 2, word, clip, tmp_path / "out.mp4")
    assert f"No such command '{word}'" in told
    assert {"convrt": "convert", "prob": "probe"}[word] in told


@pytest.mark.parametrize("line", ["nofile OUT", "nofile", "nofile --skip 2 OUT"])
def test_a_first_word_that_is_nothing_is_a_missing_file(
    line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    told = _refused(tmp_path, 1, *line.split())
    assert told.startswith("videnhance: nofile does not exist: check the name")


def test_batch_of_a_file_names_convert(clip: Path, tmp_path: Path) -> None:
    told = _refused(tmp_path, 2, "batch", clip, tmp_path / "out")
    assert f"is one file: convert it by `videnhance {clip} OUT`" in told


@pytest.mark.parametrize("with_picture", [False, True])
def test_a_folder_names_batch(tmp_path: Path, with_picture: bool) -> None:
    folder = tmp_path / "films"
    folder.mkdir()
    if with_picture:
        (folder / "a.png").write_bytes(b"")
    assert f"videnhance batch {folder} OUT_DIR" in _refused(tmp_path, 2, folder)
    for target in ("out", "out.mp4"):
        told = _refused(tmp_path, 1, folder, tmp_path / target)
        assert f"convert all in it by `videnhance batch {folder} OUT_DIR`" in told
        assert ("*.png" in told) == with_picture


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("convert", "input is missing; write: videnhance IN OUT"),
        ("convert IN", "output is missing; write: videnhance IN OUT"),
        ("-o OUT", "input is missing"),
        ("IN OUT third.mp4", "third.mp4 is one file too many"),
        ("-i IN -o OUT third.mp4", "third.mp4 is one file too many"),
        ("IN OUT --skipp 2", "No such option '--skipp'"),
        ("--skipp 2 IN OUT", "No such option '--skipp'"),
    ],
)
def test_a_line_that_cannot_be_right(
    clip: Path, line: str, words: str, tmp_path: Path
) -> None:
    places = {"IN": clip, "OUT": tmp_path / "out.mp4"}
    told = _refused(tmp_path, 2, *(places.get(word, word) for word in line.split()))
    assert words in told


def test_help_and_version_need_no_file() -> None:
    assert "IN OUT [--skip N]" in _done("--help").stdout
    assert "network on every Nth frame" in _done("convert", "-h").stdout
    assert re.fullmatch(r"videnhance, version \S+\n", _done("--version").stdout)
    assert "Usage:" in _run().output


def test_help_loads_no_heavy_library() -> None:
    code = (
        "import sys; from videnhance.cli import app\n"
        "for words in (['--help'], ['convert', '--help'], ['probe', '--help']):\n"
        "    app(words, standalone_mode=False)\n"
        "print('MODULES', *sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    )
    text, _, modules = done.stdout.partition("MODULES")
    assert text.count("Usage:") == 3
    assert set(modules.split()) & HEAVY == set()


# What is refused, and how.


def _broken(folder: Path, kind: str) -> Path:
    path = folder / "bad.mp4"
    if kind == "empty":
        path.write_bytes(b"")
    elif kind == "text":
        path.write_text("This is no film.\n" * 40, encoding="utf-8")
    elif kind == "sound":
        path = folder / "bad.wav"
        _write_sound(path)
    elif kind == "cut off":
        path.write_bytes(write_clip(folder / "whole.mp4").read_bytes()[:900])
    elif kind == "folder":
        path.mkdir()
    return path


def _write_sound(path: Path) -> None:
    with av.open(str(path), "w") as out:
        stream = out.add_stream("pcm_s16le", rate=8000, layout="mono")
        frame = av.AudioFrame(format="s16", layout="mono", samples=800)
        frame.sample_rate = 8000
        frame.planes[0].update(bytes(1600))
        out.mux(stream.encode(frame))
        out.mux(stream.encode(None))


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("missing", "does not exist: check the name"),
        ("empty", "is empty"),
        ("text", "is not a video of a known kind"),
        ("sound", "has no video stream"),
        ("cut off", "looks cut off or damaged"),
        ("folder", "is a folder"),
    ],
)
@pytest.mark.parametrize("command", ["convert", "probe"])
def test_an_input_that_is_no_video(
    tmp_path: Path, command: str, kind: str, words: str
) -> None:
    bad = _broken(tmp_path, kind)
    targets = [tmp_path / "out.mp4"] if command == "convert" else []
    told = _refused(tmp_path, 1, command, bad, *targets)
    assert words in told
    assert bad.name in told


def test_an_existing_target_stays(
    clip: Path, tiny: Sequence[Word], tmp_path: Path
) -> None:
    target = tmp_path / "out.mp4"
    target.write_bytes(b"mine")
    told = _refused(tmp_path, 1, clip, target, *tiny)
    assert "exists already: use -y" in told
    _done(clip, target, *tiny, "-y")
    assert len(_frames(target)) == 5


def test_the_input_is_never_the_target(clip: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.mp4"
    link.hardlink_to(clip)
    for target in (clip, tmp_path / "." / "in.mp4", link):
        assert "is the input itself" in _refused(tmp_path, 2, clip, target, "-y")


@pytest.mark.parametrize(
    ("name", "code", "words"),
    [
        ("none/out.mp4", 1, "there is no folder"),
        ("out", 2, "no suffix is not the suffix of a container"),
        ("out.xyz", 2, "choose one of .avi"),
        ("out.txt", 2, "choose one of .avi"),
        ("folder.mp4", 1, "is a folder"),
        ("x" * 300 + ".mp4", 1, "too long"),
    ],
)
def test_a_target_that_cannot_be_written(
    clip: Path, tmp_path: Path, name: str, code: int, words: str
) -> None:
    (tmp_path / "folder.mp4").mkdir()
    assert words in _refused(tmp_path, code, clip, tmp_path / name)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_rights(clip: Path, tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(0o555)
    assert "cannot be written to" in _refused(tmp_path, 1, clip, closed / "out.mp4")


def test_a_device_is_no_place_for_a_target(clip: Path, tmp_path: Path) -> None:
    told = _refused(tmp_path, 1, clip, "/proc/out.mp4")
    assert "/proc/out.mp4" in told


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("--scale 3", "--scale 3 is not possible; use 1, 2 or 4"),
        ("--scale two", "'two' is not a valid integer"),
        ("--strength 2", "--strength 2.0 is not possible; use 0 to 1"),
        ("--strength nan", "--strength nan is not possible"),
        ("--skip 0", "--skip 0 is not possible"),
        ("--fuse -1", "--fuse -1.0 is not possible"),
        ("--workers -1", "--workers -1 is not possible"),
        ("--workers 1000", "--workers 1000 is not possible"),
        ("--tile 0", "0 is not in the range"),
        ("--start abc", "'abc' is no time"),
        ("--start 1::2", "'1::2' is no time"),
        ("--start -1", "before the video"),
        ("--start nan", "--start"),
        ("--end inf", "--end"),
        ("--start 2 --end 1", "is not after the start"),
        ("--start 77", "choose an earlier start"),
        ("--max-frames 0", "--max-frames 0 is not possible; use 1 or more"),
        ("-e nokey", "'nokey' is not key=value"),
        ("-e =1", "'=1' is not key=value"),
        ("-e nosuch=1", "has no option nosuch"),
        ("--reuse maybe", "'maybe' is not one of"),
        ("--precision int4", "'int4' is not one of"),
        ("--device tpu", "'tpu' is not one of"),
        ("--progress loud", "'loud' is not one of"),
        ("-c nosuch", "nosuch"),
        ("-c libx256", "libx256 (did you mean libx265?)"),
        ("-c aac", "aac"),
        ("--pix-fmt nosuch", "nosuch"),
        ("--crf best", "'best' is not a valid integer"),
        ("--preset nosuch", "preset=nosuch"),
        ("--clean 0.2", "--clean and --model say two things"),
        ("--clean 1.2", "1.2 is not in the range 0<=x<=1"),
    ],
)
def test_an_option_that_cannot_be_right(
    clip: Path, tiny: Sequence[Word], tmp_path: Path, line: str, words: str
) -> None:
    told = _refused(tmp_path, 2, clip, tmp_path / "out.mp4", *tiny, *line.split())
    assert words in told


def test_a_model_that_cannot_be_had(clip: Path, tmp_path: Path) -> None:
    line = (clip, tmp_path / "out.mp4", "-m")
    card = write_model(tmp_path / "model")
    assert "unknown; available: crisp, default" in _refused(
        tmp_path, 1, *line, "nosuch"
    )
    assert "(did you mean restore?)" in _refused(tmp_path, 1, *line, "restor")
    assert "--trust-model" in _refused(tmp_path, 1, *line, card)
    trusted = (*line, card, "--trust-model", "--device", "cpu")
    assert "tiny comes as float32" in _refused(
        tmp_path, 2, *trusted, "--precision", "int8"
    )
    edit_card(card, {}, "halo")
    assert "KeyError 'halo'" in _refused(tmp_path, 1, *trusted)
    wrong = write_wrong(tmp_path / "model", "same")
    trusted = (*line, wrong, "--trust-model", "--device", "cpu")
    assert "card promises" in _refused(tmp_path, 1, *trusted)


def test_what_lies_between_the_sets_of_weights(
    clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "cache"))
    report = tmp_path / "report.json"
    words = ("--clean", "0.3", "--precision", "int8", "--device", "cpu")
    _done(clip, tmp_path / "out.mp4", *words, "--report", report)
    files = json.loads(report.read_text(encoding="utf-8"))["model_files"]
    assert len(files) == 4
    assert "clean-0.3.int8.pt" in files


def test_a_report_never_replaces_the_input(
    clip: Path, tiny: Sequence[Word], tmp_path: Path
) -> None:
    line = (clip, tmp_path / "out.mp4", *tiny, "--report")
    assert "--report" in _refused(tmp_path, 2, *line, clip)
    assert "--report" in _refused(tmp_path, 2, *line, tmp_path / "out.mp4")
    (tmp_path / "sub").mkdir()
    around = tmp_path / "sub" / ".." / "out.mp4"
    assert "--report" in _refused(tmp_path, 2, *line, around)


def test_a_benchmark_never_replaces_its_input(clip: Path, tmp_path: Path) -> None:
    before = clip.read_bytes()
    for report in (clip, tmp_path / "none" / "bench.json"):
        done = CliRunner().invoke(app, ["bench", str(clip), "--json", str(report)])
        assert done.exit_code == 2
        assert "--json" in done.stderr
    assert clip.read_bytes() == before


def test_a_report_that_cannot_be_written_is_told_before_the_work(
    clip: Path, tiny: Sequence[Word], tmp_path: Path
) -> None:
    report = tmp_path / "none" / "report.json"
    told = _refused(tmp_path, 2, clip, tmp_path / "out.mp4", *tiny, "--report", report)
    assert "choose another file" in told


def test_names_cannot_write_to_the_terminal(tmp_path: Path) -> None:
    told = _refused(tmp_path, 1, tmp_path / "a\x1b[31m\nb.mp4", tmp_path / "out.mp4")
    assert "\\x1b[31m\\nb.mp4" in told


# What comes out.


@pytest.mark.opencv
@pytest.mark.parametrize("skip", [1, 2, 4])
def test_frames_times_and_sound_are_kept(
    tiny: Sequence[Word], tmp_path: Path, skip: int
) -> None:
    uneven = Clip(
        pts=(0, 512, 1100, 1536, 2900, 3072, 3600, 5000, 5120), sounds=(Sound(),)
    )
    source = write_clip(tmp_path / "in.mp4", uneven)
    before, target = source.read_bytes(), tmp_path / "out.mp4"
    _done(source, target, *tiny, "--skip", skip)
    assert pts_of(target) == pts_of(source)
    assert len(_frames(target)) == 9
    assert sound_packets(target) == sound_packets(source)
    assert source.read_bytes() == before


def test_sound_is_left_out_when_asked(tiny: Sequence[Word], tmp_path: Path) -> None:
    source = write_clip(tmp_path / "in.mp4", Clip(pts=FEW.pts, sounds=(Sound(),)))
    _done(source, tmp_path / "out.mp4", *tiny, "--no-audio")
    with av.open(str(tmp_path / "out.mp4"), "r") as opened:
        assert [stream.type for stream in opened.streams] == ["video"]


@pytest.mark.parametrize("pix_fmt", ["yuv420p", "yuv422p10le", "gray"])
def test_strength_zero_is_the_base_to_the_bit(tmp_path: Path, pix_fmt: str) -> None:
    kind = Clip(pix_fmt=pix_fmt, codec="ffv1", options={}, pts=range(0, 120, 40))
    source = write_clip(tmp_path / "in.mkv", kind)
    target = tmp_path / "out.mkv"
    result = _done(source, target, "--strength", "0", "-c", "ffv1", "-v")
    assert "model none: strength is 0" in result.stderr
    for ours, theirs in zip(_frames(source), _frames(target), strict=True):
        assert ours.layout == theirs.layout
        for small, large, left in zip(
            ours.planes, theirs.planes, ours.layout.sited_left, strict=True
        ):
            assert np.array_equal(doubled(small, ours.layout.depth, left), large)


def test_the_network_changes_luma_alone(
    clip: Path, tiny: Sequence[Word], tmp_path: Path
) -> None:
    target = tmp_path / "out.mkv"
    _done(clip, target, *tiny, "-c", "ffv1")
    for ours, theirs in zip(_frames(clip), _frames(target), strict=True):
        sited = zip(ours.planes, ours.layout.sited_left, strict=True)
        bases = [doubled(plane, 8, left) for plane, left in sited]
        same = [
            np.array_equal(*pair) for pair in zip(bases, theirs.planes, strict=True)
        ]
        assert same == [False, True, True]


@pytest.mark.parametrize(
    ("scale", "size"), [(1, (64, 48)), (2, (128, 96)), (4, (256, 192))]
)
def test_scale_sets_the_size(
    clip: Path, tiny: Sequence[Word], tmp_path: Path, scale: int, size: tuple[int, int]
) -> None:
    _done(clip, tmp_path / "out.mp4", *tiny, "--scale", scale)
    assert _size(tmp_path / "out.mp4") == size
    assert len(_frames(tmp_path / "out.mp4")) == 5


@pytest.mark.parametrize(
    ("line", "times"),
    [
        ("--start 0.08", range(3)),
        ("--start 0:00:00.08 --end 0:0.16", range(2)),
        ("--end 0.08", range(2)),
        ("--max-frames 3", range(3)),
        ("--start 0.04 --max-frames 2", range(2)),
    ],
)
def test_a_part_begins_at_zero(
    clip: Path, tiny: Sequence[Word], tmp_path: Path, line: str, times: range
) -> None:
    _done(clip, tmp_path / "out.mp4", *tiny, *line.split())
    assert pts_of(tmp_path / "out.mp4") == [Fraction(t, 25) for t in times]


def test_an_rgb_model_works_on_yuv(clip: Path, tmp_path: Path) -> None:
    card = write_model(tmp_path / "model", REPORT)
    trusted = ("-m", card, "--trust-model", "--device", "cpu")
    _done(clip, tmp_path / "out.mkv", *trusted, "-c", "ffv1")
    for ours, theirs in zip(_frames(clip), _frames(tmp_path / "out.mkv"), strict=True):
        assert theirs.layout.name == "yuv420p"
        for small, large in zip(ours.planes, theirs.planes, strict=True):
            change = np.abs(doubled(small, 8).astype(int) - large)
            assert 0 < change.max() < 60


def test_a_batch_keeps_the_format_that_is_asked_for(
    tiny: Sequence[Word], tmp_path: Path
) -> None:
    source, target = tmp_path / "in", tmp_path / "out"
    source.mkdir()
    kind = Clip(pix_fmt="yuv422p", codec="ffv1", options={}, pts=range(0, 120, 40))
    write_clip(source / "a.mkv", kind)
    words = ("batch", source, target, "--to", ".mp4", *tiny, "--jobs", "1")
    for more, stored in (((), "yuv420p"), (("--pix-fmt", "source"), "yuv422p")):
        result = _done(*words, *more)
        assert ("which plays everywhere" in result.output) == (not more)
        with VideoReader(target / "a.mp4") as reader:
            assert reader.info.source_format == stored


def test_what_has_no_opacity_is_the_picture_on_black(tmp_path: Path) -> None:
    kind = Clip(pix_fmt="yuva420p", codec="ffv1", options={}, pts=range(0, 120, 40))
    source, target = write_clip(tmp_path / "in.mkv", kind), tmp_path / "out.mkv"
    words = ("--strength", "0", "-c", "ffv1", "--pix-fmt", "yuv420p")
    result = _done(source, target, *words)
    assert result.stderr.count("transparency, where there is any, is left out") == 1
    for frame, made in zip(_frames(source), _frames(target), strict=True):
        assert frame.layout.alpha
        ours = laid_on_black(frame)
        assert made.layout == ours.layout
        for small, large, left in zip(
            ours.planes, made.planes, ours.layout.sited_left, strict=True
        ):
            assert np.array_equal(doubled(small, 8, left), large)


@pytest.mark.parametrize(
    ("target", "kept"),
    [
        ("out.mp4", ["8 bits, yuv420p"]),
        ("out.mov", ["8 bits, yuv420p"]),
        ("out.webm", ["8 bits, yuva420p", "opacity"]),
    ],
)
def test_opacity_is_listed_as_kept_or_as_left_out(
    tmp_path: Path, target: str, kept: list[str]
) -> None:
    kind = Clip(pix_fmt="yuva420p", codec="ffv1", options={}, pts=range(0, 120, 40))
    source = write_clip(tmp_path / "in.mkv", kind)
    result = _done(source, tmp_path / target, "--strength", "0", "--dry-run")
    lines = [line.split(maxsplit=1) for line in result.stdout.splitlines()]
    assert [words for head, words in lines if head == "kept"] == kept
    lost = [words for head, words in lines if "transparency" in words]
    assert len(lost) == (len(kept) == 1)


def test_ten_bits_stay_ten_bits(tiny: Sequence[Word], tmp_path: Path) -> None:
    source = write_clip(tmp_path / "in.mp4", Clip(pix_fmt="yuv420p10le", pts=FEW.pts))
    _done(source, tmp_path / "out.mkv", *tiny)
    (layout,) = {frame.layout for frame in _frames(tmp_path / "out.mkv")}
    assert (layout.name, layout.depth) == ("yuv420p10le", 10)
    values = np.concatenate(
        [f.planes[0].ravel() for f in _frames(tmp_path / "out.mkv")]
    )
    assert np.unique(values & 3).size == 4


def _damage(path: Path, number: int) -> None:
    """Overwrites one packet of the video."""
    with av.open(str(path), "r") as opened:
        packets = [p for p in opened.demux(video=0) if p.size]
        place, size = packets[number].pos, packets[number].size
    assert place is not None
    content = bytearray(path.read_bytes())
    content[place : place + size] = b"\xff" * size
    path.write_bytes(content)


def test_a_damaged_packet_is_told_once(tiny: Sequence[Word], tmp_path: Path) -> None:
    source = write_clip(tmp_path / "in.mp4", Clip(options={"g": "1"}))
    _damage(source, 6)
    before = source.read_bytes()
    result = _done(source, tmp_path / "out.mp4", *tiny, "--progress", "none")
    assert result.stderr.count(" is damaged") == 1
    assert "videnhance: the input is damaged: 1 packet and" in result.stderr
    assert 11 <= len(_frames(tmp_path / "out.mp4")) <= 12
    assert source.read_bytes() == before


# What is told.


def test_progress_is_one_json_object_a_frame(
    clip: Path, tiny: Sequence[Word], tmp_path: Path
) -> None:
    result = _done(clip, tmp_path / "out.mp4", *tiny, "--progress", "json")
    first, *lines, last = [json.loads(line) for line in result.stdout.splitlines()]
    assert (first["event"], first["frames"], first["total"]) == ("started", 0, 5)
    counts = [line["frames"] for line in lines]
    # Frames that are done: the writer may be some behind.
    assert (len(counts), counts[-1]) == (5, 5)
    assert counts == sorted(counts)
    assert all(line["event"] == "advanced" for line in lines)
    assert all(line["read"] >= line["frames"] for line in lines)
    assert all(line["share"] == line["frames"] / 5 for line in lines)
    assert all(line["seconds_left"] >= 0 for line in lines)
    assert sum(lines[-1]["cells"].values()) == 5
    assert (last["event"], last["status"], last["frames"]) == ("finished", "done", 5)
    assert (last["target"], last["exit_code"]) == (str(tmp_path / "out.mp4"), 0)
    assert last["seconds"] > 0


def test_a_log_has_a_begin_and_an_end(
    clip: Path, tiny: Sequence[Word], tmp_path: Path
) -> None:
    result = _done(clip, tmp_path / "out.mp4", *tiny)
    assert result.stdout == ""
    begin, _, *rest = [line for line in result.stderr.splitlines() if "is" not in line]
    assert begin == f"videnhance: begins with {clip}, 64x48, 5 frames"
    assert rest == []
    assert re.search(r"videnhance: 5 frames in \d", result.stderr)


@pytest.mark.opencv
def test_the_report_counts(clip: Path, tiny: Sequence[Word], tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    _done(clip, tmp_path / "out.mp4", *tiny, "--skip", 2, "--report", path)
    report = json.loads(path.read_text(encoding="utf-8"))
    assert (report["frames_in"], report["frames_out"]) == (5, 5)
    assert (report["damaged_packets"], report["damaged_frames"]) == (0, 0)
    assert sum(report["cells"].values()) == 5
    assert report["cells"]["network"] >= 3
    assert report["seconds"]["total"] > 0
    assert report["engine"] == "tiny float32 on torch"
    assert (report["source"], report["target"]) == (
        str(clip),
        str(tmp_path / "out.mp4"),
    )
    assert report["slowest_stage"] in report["waited_seconds"]


def test_quiet_says_nothing(clip: Path, tiny: Sequence[Word], tmp_path: Path) -> None:
    assert _done(clip, tmp_path / "out.mp4", *tiny, "-q").output == ""


def test_verbose_names_the_engine(
    clip: Path, tiny: Sequence[Word], tmp_path: Path
) -> None:
    result = _done(clip, tmp_path / "out.mp4", *tiny, "-v", "--progress", "none")
    assert "videnhance: model tiny float32 on torch\n" in result.stderr


def test_probe_speaks_to_people_and_programs(clip: Path) -> None:
    assert "size         64x48\n" in _done("probe", clip).stdout
    values = json.loads(_done("probe", clip, "--json").stdout)
    assert (values["width"], values["height"], values["frames"]) == (64, 48, 5)


# The program itself, in a process of its own.


def _started(*words: Word) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "videnhance", *map(str, words)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.opencv
def test_a_signal_leaves_nothing(tiny: Sequence[Word], tmp_path: Path) -> None:
    long = Clip(width=160, height=120, pts=range(0, 200 * 512, 512))
    source = write_clip(tmp_path / "in.mp4", long)
    (tmp_path / "old.mp4").write_bytes(b"mine")
    before = _contents(tmp_path)
    slow = ("--scale", 4, "--reuse", "off", "--preset", "slow", "--progress", "json")
    wanted = {signal.SIGINT: ("old.mp4", 130), signal.SIGTERM: ("new.mp4", 143)}
    if hasattr(signal, "SIGHUP"):
        wanted[signal.SIGHUP] = ("gone.mp4", 129)
    runs = {
        number: _started(source, tmp_path / name, *slow, "-y", *tiny)
        for number, (name, _) in wanted.items()
    }
    for number, process in runs.items():
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["frames"] < 200
        for _ in range(3):  # the hand that does not wait
            process.send_signal(number)
    told = {n: process.communicate(timeout=300)[1] for n, process in runs.items()}
    for number, (_, code) in wanted.items():
        assert runs[number].returncode == code
        assert "Traceback" not in told[number]
    assert told[signal.SIGINT] == "videnhance: interrupted; nothing was written\n"
    assert _contents(tmp_path) == before


def test_without_opencv_every_frame_still_goes_through_the_network(
    clip: Path, tiny: Sequence[Word], tmp_path: Path
) -> None:
    (tmp_path / "cv2.py").write_text(
        'raise ImportError("libGL.so.1: cannot open shared object file")\n',
        encoding="utf-8",
    )
    code = (
        "import json, sys\n"
        "from click.testing import CliRunner\n"
        "from videnhance.cli import app\n"
        "runs = [CliRunner().invoke(app, line) for line in json.load(sys.stdin)]\n"
        "print(json.dumps([(run.exit_code, run.stderr) for run in runs]))"
    )
    options = [(), ("--skip", 2), ("--fuse", 0.5), ("--skip", 1, "--fuse", 0)]
    lines = [
        [clip, tmp_path / f"{number}.mp4", *tiny, "--progress", "none", *more]
        for number, more in enumerate(options)
    ]
    done = subprocess.run(
        [sys.executable, "-c", code],
        input=json.dumps([[str(word) for word in line] for line in lines]),
        capture_output=True,
        check=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
    )
    codes, told = zip(*json.loads(done.stdout), strict=True)
    assert codes == (0, 1, 1, 0), told
    for text in told[1:3]:
        assert text.startswith("videnhance: OpenCV does not load (libGL.so.1: cannot")
        assert "libgl1 and libglib2.0-0" in text
    assert [text.count("\n") for text in told] == [1, 1, 1, 1]
    made = [(tmp_path / f"{number}.mp4").exists() for number in range(4)]
    assert made == [True, False, False, True]
    assert len(_frames(tmp_path / "0.mp4")) == 5


# Going on


def test_an_interrupted_conversion_goes_on(
    tiny: Sequence[Word], tmp_path: Path
) -> None:
    source = write_clip(tmp_path / "in.mp4", Clip(sounds=(Sound(),)))
    target, whole = tmp_path / "out.mp4", tmp_path / "whole.mp4"
    words = (*tiny, "--segment", 4)
    _done(source, whole, *words)

    def full(*_: object) -> None:
        raise OutputError("no space left on the disk")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("videnhance.conversion.segments.Muxer", full)
        result = _run(source, target, *words)
    assert result.exit_code == 1
    assert "no space left on the disk; 12 frames are kept" in result.stderr
    refused = _refused(tmp_path, 2, source, target, *words, "--skip", 2)
    assert "skip: 1 then, 2 now" in refused
    assert "--discard" in refused
    result = _done(source, target, *words)
    assert "goes on after frame 12" in result.stderr
    assert target.read_bytes() == whole.read_bytes()
    assert {path.name for path in tmp_path.iterdir()} == {
        "in.mp4",
        "out.mp4",
        "whole.mp4",
    }


def test_starting_over_forgets_what_was_done(
    clip: Path, tiny: Sequence[Word], tmp_path: Path
) -> None:
    target = tmp_path / "out.mp4"
    with Journal(target, {"other": "work"}) as journal:
        journal.close_last()
    assert "something else" in _refused(tmp_path, 2, clip, target, *tiny)
    _done(clip, target, *tiny, "--discard")
    assert pts_of(target) == pts_of(clip)


def test_damage_has_an_exit_code_when_asked_for(
    tiny: Sequence[Word], tmp_path: Path
) -> None:
    source = write_clip(tmp_path / "in.mp4")
    data = source.read_bytes()
    source.write_bytes(data[: len(data) * 3 // 4])
    moov_first = write_clip(
        tmp_path / "fast.mp4", Clip(container={"movflags": "faststart"})
    )
    data = moov_first.read_bytes()
    moov_first.write_bytes(data[: len(data) * 3 // 4])
    for words, code in (((), 0), (("--strict",), 4)):
        result = _run("convert", moov_first, tmp_path / "out.mp4", *tiny, "-y", *words)
        assert result.exit_code == code
        assert "cut off" in result.stderr


def test_a_rehearsal_writes_nothing(
    clip: Path, tiny: Sequence[Word], tmp_path: Path
) -> None:
    result = _done(clip, tmp_path / "out.mkv", *tiny, "--dry-run")
    assert "size" in result.stdout
    assert not (tmp_path / "out.mkv").exists()
    result = _run("probe", clip, "--for", tmp_path / "out.webm", "--json")
    assert json.loads(result.stdout)["container"] == "webm"
