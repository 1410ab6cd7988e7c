"""Benchmarks: what is measured of whom, and what is written of it."""

import json
import sys
from array import array
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from tests.clips import Clip, write_clip
from videnhance.cli import app
from videnhance.conversion.bench.clips import bench_clips, halved
from videnhance.conversion.bench.programs import (
    Peer,
    installed_peers,
    peer_of,
    run_program,
)
from videnhance.conversion.bench.run import (
    BenchOrder,
    Row,
    benchmarked,
)
from videnhance.conversion.bench.scenes import SCENES, moving_scene
from videnhance.conversion.bench.stages import Stage
from videnhance.conversion.bench.table import as_json, drawn, stage_table, table
from videnhance.errors import InputError, UsageError, VidenhanceError
from videnhance.frame.geometry import Size
from videnhance.media.reader.video_reader import VideoReader
from videnhance.system.processor import processor_name

pytestmark = pytest.mark.opencv
ROW = Row("pan", "-m fast --skip 2", 9, 20.0)
FULL = replace(
    ROW,
    frames_per_second=40.0,
    cpu_ms=30.0,
    network_ms=18.0,
    cells={"network": 0.5, "moved": 0.5},
    psnr=31.5,
    gain=2.0,
    kept=0.9,
    first_seconds=1.25,
    peak_memory_mb=400.0,
)


# Scenes and clips.


@pytest.mark.parametrize("name", SCENES)
def test_scenes_are_the_same_every_time(name: str) -> None:
    first, again = (list(SCENES[name](Size(70, 50), 5)) for _ in range(2))
    assert [frame.pts for frame in first] == [0, 1, 2, 3, 4]
    assert {frame.size for frame in first} == {Size(70, 50)}
    for frame, other in zip(first, again, strict=True):
        assert np.array_equal(frame.planes[0], other.planes[0])
    same = np.array_equal(first[2].planes[0], first[3].planes[0])
    assert same is (name == "drawn")
    assert not np.array_equal(first[1].planes[0], first[2].planes[0])


def test_a_half_is_the_mean_of_four_pixels() -> None:
    frame = next(iter(moving_scene(Size(72, 52), 1)))
    luma = frame.planes[0]
    wanted = np.rint(luma.reshape(26, 2, 36, 2).mean(axis=(1, 3)) + 1e-6)
    assert np.array_equal(halved(frame).planes[0], wanted)


def test_videos_of_a_folder_become_originals_with_halves(tmp_path: Path) -> None:
    folder, scratch = tmp_path / "in", tmp_path / "made"
    folder.mkdir()
    scratch.mkdir()
    write_clip(folder / "a.mp4", Clip())
    (folder / "notes.txt").write_text("no video")
    (clip,) = bench_clips(None, folder, frames=3, scratch=scratch)
    assert clip.name == "a"
    assert clip.original is not None
    with VideoReader(clip.original) as whole, VideoReader(clip.source) as half:
        assert whole.info.size == half.info.size.scaled(2)
        assert whole.info.size.width % 4 == whole.info.size.height % 4 == 0
        assert len(list(whole)) == len(list(half)) == 3


def test_a_folder_without_videos_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no video"):
        list(bench_clips(None, tmp_path, frames=3, scratch=tmp_path))


# Programs.


def test_a_program_is_measured() -> None:
    taken = run_program([sys.executable, "-c", "print(sum(range(300000)))"])
    assert taken.seconds > 0
    assert taken.processor_seconds > 0


def test_a_program_that_fails_is_told_with_its_last_words() -> None:
    code = "import sys; print('first'); sys.exit('broken')"
    with pytest.raises(VidenhanceError, match="failed: broken"):
        run_program([sys.executable, "-c", code])
    with pytest.raises(VidenhanceError, match="failed: exit code 3"):
        run_program([sys.executable, "-c", "raise SystemExit(3)"])
    with pytest.raises(VidenhanceError, match="does not start"):
        run_program(["/none/such"])


def test_a_peer_is_a_name_and_a_command() -> None:
    peer = peer_of(f"copy='{sys.executable}' a.py {{source}} -o={{target}}")
    words = peer.command(Path("a b.mkv"), Path("out.mkv"))
    assert (peer.name, words) == (
        "copy",
        [sys.executable, "a.py", "a b.mkv", "-o=out.mkv"],
    )


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("name", "write NAME=COMMAND"),
        ("a=b {source}", "write NAME=COMMAND"),
        ("=b {source} {target}", "write NAME=COMMAND"),
        ("a='b {source} {target}", "quotation"),
        ("a=/none/such {source} {target}", "is not on the PATH"),
    ],
)
def test_a_peer_that_cannot_run_is_refused(words: str, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        peer_of(words)


def test_peers_that_are_named_come_after_those_that_are_known() -> None:
    words = f"mine={sys.executable} {{source}} {{target}}"
    assert installed_peers([words])[-1].name == "mine"


# What is told.


def test_tables_have_a_line_for_each_row_and_means_of_several_clips() -> None:
    lines = table([FULL, replace(FULL, clip="drawn", gain=4.0), ROW])
    assert len({line.count("|") for line in lines}) == 1
    assert (
        "| 40.0 | 20.0 | 30.0 | 12.0 | 0.50 |  | 0.50 |  | 31.50 | +2.00 |" in lines[2]
    )
    assert lines[2].endswith("| 90% | 1.25 | 400 |")
    assert lines[-1].startswith("| **mean** | `-m fast --skip 2` |  | 20.0 |")
    means = table([FULL, replace(FULL, clip="drawn", gain=4.0)])[-1]
    assert "| +3.00 |" in means
    assert stage_table([Stage("decode", 100.0, 1.5)])[-1] == "| decode | 100.0 | 1.5 |"


def test_json_names_the_machine_and_has_every_frame() -> None:
    row = replace(FULL, psnrs=array("d", [30, np.inf]), times=array("d", [0, 0.04]))
    values = json.loads(json.dumps(as_json([Stage("decode", 100.0, 1.5)], [row])))
    assert values["processor"] == processor_name() != ""
    assert values["cores"] >= 1
    assert values["rows"][0]["psnrs"] == [30, None]
    assert values["stages"][0]["name"] == "decode"


def test_a_chart_is_drawn_where_there_are_originals(tmp_path: Path) -> None:
    times = array("d", [0.0, 0.04])
    plain = replace(ROW, name="--strength 0", psnrs=array("d", [30, 30]), times=times)
    row = replace(FULL, psnrs=array("d", [32, 33]), times=times)
    assert not drawn([ROW], tmp_path / "none.png")
    assert not (tmp_path / "none.png").exists()
    assert drawn([plain, row], tmp_path / "gain.png")
    assert (tmp_path / "gain.png").read_bytes()[1:4] == b"PNG"


# All of it.


def test_every_stage_setting_and_peer_is_measured(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    write_clip(folder / "a.mp4", Clip())
    enlarge = (
        "import sys, videnhance; videnhance.convert(*sys.argv[1:], strength=0, "
        "overwrite=True)"
    )
    peer = Peer("plain", (sys.executable, "-c", enlarge, "{source}", "{target}"))
    order = BenchOrder(
        folder=folder,
        frames=3,
        models=("fast",),
        settings=("--fuse 0", "--skip 2"),
        peers=(peer,),
    )
    found = list(benchmarked(order))
    stages = [one.name for one in found if isinstance(one, Stage)]
    rows = [one for one in found if isinstance(one, Row)]
    assert stages == ["decode", "model int8", "model float32", "encode"]
    base, every, skip, other = rows
    assert [row.name for row in rows[1:]] == [
        "-m fast --fuse 0",
        "-m fast --skip 2",
        "plain",
    ]
    assert every.kept == 1
    assert every.first_seconds
    assert every.network_ms
    assert every.cells["network"] + every.cells["reused"] == pytest.approx(1)
    assert base.cells["base"] == 1
    assert base.psnr == other.psnr
    assert other.gain == 0
    assert len(skip.psnrs) == len(skip.times) == 3


def test_the_command_refuses_what_measures_nothing(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["bench", "--frames", "0"])
    assert result.exit_code == 2
    assert "measures nothing" in result.stderr
    missing = str(tmp_path / "missing.mp4")
    result = CliRunner().invoke(app, ["bench", missing])
    assert result.exit_code == 1
    assert "missing.mp4" in result.stderr
