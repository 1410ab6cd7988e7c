"""Conversion on a Dask cluster: the same output, whoever makes it and whoever fails."""

import errno
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

import videnhance
from tests.clips import Clip, Sound, write_clip
from tests.clusters import local_cluster
from tests.models import write_model
from videnhance.cli import app
from videnhance.cluster import client as scheduler
from videnhance.cluster import worker as segment
from videnhance.cluster.compat import check_versions
from videnhance.cluster.executor import executor_for
from videnhance.cluster.messages import TaskContext
from videnhance.conversion.executor import Watcher
from videnhance.conversion.job import Job
from videnhance.conversion.run import convert as converted
from videnhance.conversion.segments import SegmentEncoder
from videnhance.conversion.workdir import folder_beside, kept_frames
from videnhance.errors import (
    ClusterError,
    InputError,
    MissingLibraryError,
    OutputError,
    UsageError,
)
from videnhance.frame import VideoInfo
from videnhance.media.encoder.encoding import Encoding
from videnhance.media.open_any import PIPE
from videnhance.media.output.header import OutputPlan
from videnhance.models import runtime
from videnhance.models.choice import Choice
from videnhance.options import ConvertOptions
from videnhance.pipeline.enhance import Settings
from videnhance.pipeline.report import Report
from videnhance.pipeline.upscaler import Bicubic

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.opencv,
    # Tornado's sockets are closed by a loop that ends with the test.
    pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"),
]

X264 = Encoding(preset="ultrafast", threads=2)
IRREGULAR = (0, 1280, 1920, 5120, 5760, 12800, 15360, 16000, 30000, 30001, 30002)


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Of a scheduler with two workers of one thread."""
    with local_cluster() as cluster:
        yield cluster.scheduler_address


@pytest.fixture(scope="module")
def choice(tmp_path_factory: pytest.TempPathFactory) -> Choice:
    """A model that loads at once."""
    card = write_model(tmp_path_factory.mktemp("model"))
    return Choice(str(card), device="cpu", trusted=True)


@pytest.fixture
def job(tmp_path: Path, choice: Choice) -> Job:
    """Eleven frames with sound, in segments of four."""
    clip = Clip(70, 50, pts=range(0, 11 * 512, 512), sounds=(Sound(),))
    source = write_clip(tmp_path / "in.mp4", clip)
    settings = Settings(workers=1, segment_frames=4)
    return Job(source, tmp_path / "here.mp4", choice, settings, X264)


def _silent(info: VideoInfo, report: Report) -> None:
    del info, report


def convert(job: Job, watcher: Watcher) -> Report:
    """Converts where the job wants it."""
    return converted(job, watcher, executor_for)


def _watcher(advanced: Callable[[Report], None] = lambda _: None) -> Watcher:
    return Watcher(_silent, advanced)


def _there(job: Job, address: str) -> Job:
    """The same job on the cluster, with an output of its own."""
    target = job.target.with_name(job.target.name.replace("here", "there"))
    return replace(job, target=target, options=replace(job.options, cluster=address))


def _content(path: Path) -> object:
    """The bytes of a file; of Matroska, which numbers files at random, its packets."""
    if path.suffix != ".mkv":
        return path.read_bytes()
    with av.open(str(path), "r") as opened:
        packets = opened.demux()
        return [(p.stream.index, p.pts, p.dts, p.duration, bytes(p)) for p in packets]


def _compared(job: Job, address: str) -> Report:
    """Converts here and on the cluster; the files must be the same to the byte."""
    here = convert(job, _watcher())
    steps: list[int] = []
    there = _there(job, address)
    report = convert(there, _watcher(lambda r: steps.append(r.frames_written)))
    assert _content(there.target) == _content(job.target)
    assert not folder_beside(there.target).exists()
    assert steps == list(range(1, here.frames_written + 1))
    ours, theirs = here.as_json(), report.as_json()
    differ = {"target", "seconds", "peak_memory_mb", "workers", "retries"}
    differ |= {"waited_seconds", "slowest_stage", "engine"}
    assert {k for k in ours if ours[k] != theirs[k]} <= differ
    return report


@pytest.mark.parametrize("skip", [1, 3])
def test_a_cluster_makes_the_same_file(job: Job, address: str, skip: int) -> None:
    job = replace(job, settings=replace(job.settings, skip=skip))
    report = _compared(job, address)
    assert sum(share.segments for share in report.workers.values()) == 3
    assert sum(share.frames for share in report.workers.values()) == 11
    assert report.retries == 0
    assert report.seconds["processor"] > 0


@pytest.mark.parametrize("pix_fmt", [None, "source"])
def test_a_cluster_stores_the_same_samples(
    job: Job, address: str, pix_fmt: str | None
) -> None:
    clip = Clip(pix_fmt="yuv422p", codec="ffv1", pts=range(0, 360, 40), options={})
    source = write_clip(job.source.with_suffix(".mkv"), clip)
    encoding = replace(X264, pix_fmt=pix_fmt)
    job = replace(job, source=source, encoding=encoding)
    _compared(job, address)
    with av.open(str(job.target), "r") as made:
        stored = made.streams.video[0].codec_context.pix_fmt
    assert stored == ("yuv422p" if pix_fmt else "yuv420p")


@pytest.mark.parametrize(
    ("pts", "suffix"),
    [(IRREGULAR, "mkv"), (range(7, 24 * 512, 512), "mp4"), (range(1), "mp4")],
)
def test_times_go_on_over_joints(
    job: Job, address: str, pts: Sequence[int], suffix: str
) -> None:
    source = write_clip(job.source.with_suffix(".mkv"), Clip(pts=pts))
    target = job.target.with_suffix(f".{suffix}")
    _compared(replace(job, source=source, target=target), address)


def test_times_that_fall_on_one_tick_are_told_apart(job: Job, address: str) -> None:
    # An output that counts coarser: what is bumped at a joint depends on all before.
    clip = Clip(pts=range(0, 12 * 30, 30), time_base=Fraction(1, 90000))
    source = write_clip(job.source.with_suffix(".nut"), clip)
    encoding = Encoding("mpeg4", threads=1)
    target = job.target.with_suffix(".avi")
    _compared(replace(job, source=source, target=target, encoding=encoding), address)


@pytest.mark.parametrize(
    "part",
    [
        ConvertOptions(start=0.08, end=0.4),
        ConvertOptions(start=0.04, max_frames=5),
        ConvertOptions(max_frames=8),
    ],
)
def test_a_part_of_a_video_is_the_same(
    job: Job, address: str, part: ConvertOptions
) -> None:
    _compared(replace(job, options=part), address)


def test_fields_are_woven_the_same(job: Job, address: str) -> None:
    options = {"x264-params": "tff=1:keyint=5", "bf": "2", "field_order": "2"}
    clip = Clip(pts=range(0, 40 * 512, 512), options=options)
    source = write_clip(job.source.with_name("fields.mkv"), clip)
    settings = replace(job.settings, segment_frames=17)
    job = replace(job, source=source, settings=settings)
    _compared(replace(job, options=ConvertOptions(deinterlace="on")), address)


def test_a_cut_off_input_is_counted_the_same(job: Job, address: str) -> None:
    clip = Clip(pts=range(0, 60 * 512, 512), container={"movflags": "faststart"})
    source = write_clip(job.source.with_name("cut.mp4"), clip)
    os.truncate(source, source.stat().st_size * 2 // 3)
    report = _compared(replace(job, source=source), address)
    assert report.damaged_packets > 0
    assert any("cut off" in words for words in report.later_notices)


def test_two_passes_are_the_same(job: Job, address: str) -> None:
    _compared(replace(job, settings=replace(job.settings, scale=4)), address)


def test_a_decoder_in_a_process_of_its_own_gives_the_same(
    job: Job, address: str
) -> None:
    there = _there(job, address)
    convert(job, _watcher())
    options = replace(there.options, isolate=True)
    convert(replace(there, options=options), _watcher())
    assert there.target.read_bytes() == job.target.read_bytes()


def _pictures(folder: Path, count: int) -> Path:
    folder.mkdir()
    chance = np.random.default_rng(0)
    for n in range(count):
        pixels = chance.integers(0, 256, (34, 50, 3), np.uint8)
        Image.fromarray(pixels).save(folder / f"{n:03d}.png")
    return folder / "%03d.png"


def test_many_pictures_become_the_same_video(job: Job, address: str) -> None:
    source = _pictures(job.source.parent / "many", 9)
    _compared(replace(job, source=source, options=ConvertOptions(rate=10)), address)


@pytest.mark.parametrize("suffix", ["gif", "webp"])
def test_an_animation_is_made_by_one_worker(
    job: Job, address: str, suffix: str
) -> None:
    report = _compared(
        replace(job, target=job.target.with_suffix(f".{suffix}")), address
    )
    ((_, share),) = report.workers.items()
    assert (share.segments, share.frames) == (0, 11)


def test_a_picture_is_made_by_one_worker(job: Job, address: str) -> None:
    source = _pictures(job.source.parent / "one", 1).with_name("000.png")
    _compared(
        replace(job, source=source, target=job.target.with_suffix(".png")), address
    )


def test_many_pictures_are_made_by_one_worker(job: Job, address: str) -> None:
    places = [job.target.with_name(name) for name in ("here", "there")]
    for place in places:
        place.mkdir()
    convert(replace(job, target=places[0] / "%03d.png"), _watcher())
    there = replace(job, target=places[1] / "%03d.png")
    convert(replace(there, options=ConvertOptions(cluster=address)), _watcher())
    ours, theirs = (sorted(place.iterdir()) for place in places)
    assert [p.name for p in ours] == [p.name for p in theirs]
    assert len(ours) == 11
    assert all(
        a.read_bytes() == b.read_bytes() for a, b in zip(ours, theirs, strict=True)
    )


class _Stop(Exception):
    """The power fails."""


def _stopping(at: int, error: type[BaseException] = _Stop) -> Watcher:
    def advanced(report: Report) -> None:
        if report.frames_written >= at:
            raise error

    return _watcher(advanced)


@pytest.mark.parametrize("begun_here", [True, False])
def test_either_goes_on_with_what_the_other_began(
    job: Job, address: str, begun_here: bool
) -> None:
    convert(job, _watcher())
    there = _there(job, address)
    same = replace(there, options=ConvertOptions())
    first, then = (same, there) if begun_here else (there, same)
    with pytest.raises(_Stop):
        convert(first, _stopping(10))
    kept = kept_frames(there.target)
    assert kept in (0, 4, 8)  # what was made out of order is not kept
    report = convert(then, _watcher())
    assert report.frames_kept == kept
    assert there.target.read_bytes() == job.target.read_bytes()


def test_an_interrupt_calls_the_tasks_off(
    job: Job, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("videnhance.cluster.worker._HEARTBEAT_SECONDS", 0.0)
    clip = Clip(320, 240, pts=range(0, 200 * 512, 512))
    source = write_clip(job.source.with_name("long.mp4"), clip)
    settings = replace(job.settings, segment_frames=50)
    there = _there(replace(job, source=source, settings=settings), address)
    with pytest.raises(KeyboardInterrupt):
        convert(there, _stopping(60, KeyboardInterrupt))
    _wait(lambda: not list(folder_beside(there.target).glob("*.part")))
    assert kept_frames(there.target) < 200
    assert not there.target.exists()


def test_cancelling_from_another_thread_calls_the_tasks_off(
    job: Job, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("videnhance.cluster.worker._HEARTBEAT_SECONDS", 0.0)
    clip = Clip(320, 240, pts=range(0, 200 * 512, 512))
    source = write_clip(job.source.with_name("long.mp4"), clip)
    target = job.target.with_name("cancelled.mp4")
    begun, cancel = threading.Event(), threading.Event()

    def told(progress: videnhance.Progress) -> None:
        if progress.frames:
            begun.set()
            assert cancel.wait(120)

    def cancelling() -> None:
        assert begun.wait(120)
        cancel.set()

    thread = threading.Thread(target=cancelling)
    thread.start()
    options = videnhance.ConvertOptions(
        model=job.choice.model, trust_model=True, cluster=address, segment=50
    )
    with pytest.raises(videnhance.Cancelled):
        videnhance.convert(source, target, options, on_progress=told, cancel=cancel)
    thread.join()
    _wait(lambda: not list(folder_beside(target).glob("*.part")))
    assert kept_frames(target) < 200
    assert not target.exists()


def _wait(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_a_worker_that_does_not_see_the_source_is_sent_it(
    job: Job, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = segment._is_it
    monkeypatch.setattr(
        segment, "_is_it", lambda path, c: path != job.source and known(path, c)
    )
    _compared(job, address)
    monkeypatch.setattr("videnhance.cluster.coordinator.LARGEST_SENT", 100)
    other = _there(job, address)
    other = replace(other, options=replace(other.options, overwrite=True))
    with pytest.raises(ClusterError, match="does not see it, and of more than"):
        convert(other, _watcher())
    source = _pictures(job.source.parent / "many", 9)
    monkeypatch.setattr(segment, "_is_it", lambda path, c: False)
    with pytest.raises(ClusterError, match="many pictures are not sent"):
        convert(replace(other, source=source), _watcher())


@pytest.mark.parametrize("suffix", ["mp4", "gif"])
def test_a_worker_that_does_not_see_the_target_sends_back(
    job: Job, address: str, suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("worker", "executor"):
        name = f"videnhance.cluster.{module}.target_seen"
        monkeypatch.setattr(name, lambda context: False)
    job = replace(job, target=job.target.with_suffix(f".{suffix}"))
    there = _there(job, address)
    convert(job, _watcher())
    report = convert(there, _watcher())
    assert there.target.read_bytes() == job.target.read_bytes()
    told = any("came back through the cluster" in w for w in report.later_notices)
    assert told == (suffix == "mp4")
    folder = job.target.with_name("pictures")
    folder.mkdir()
    with pytest.raises(ClusterError, match="many pictures are not sent"):
        convert(replace(there, target=folder / "%d.png"), _watcher())
    assert list(folder.iterdir()) == []


def _failing(
    monkeypatch: pytest.MonkeyPatch, error: Exception, times: int
) -> list[str]:
    """Lets the making of a part fail, so often; gives a list of the tries."""
    tries: list[str] = []

    class Failing(SegmentEncoder):
        def __init__(self, plan: OutputPlan, path: Path, last_pts: int | None) -> None:
            tries.append(path.name)
            if len(tries) <= times:
                raise error
            super().__init__(plan, path, last_pts)

    monkeypatch.setattr(segment, "SegmentEncoder", Failing)
    return tries


def test_what_may_pass_is_tried_again(
    job: Job, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    stale = OSError(errno.ESTALE, "Stale file handle")
    with monkeypatch.context() as patch:
        tries = _failing(patch, stale, 2)
        report = _compared(job, address)
    assert len(tries) == 3 + 2
    assert report.retries == 2


def test_what_will_not_pass_is_an_error_of_its_kind(
    job: Job, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries = _failing(monkeypatch, InputError("film.mp4 is odd"), 99)
    with pytest.raises(InputError, match=r"film.mp4 is odd \(on the worker [01]\)"):
        convert(_there(job, address), _watcher())
    assert len({name.partition("-")[0] for name in tries}) == len(tries)


def test_a_full_disk_of_a_worker_is_said(
    job: Job, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _failing(monkeypatch, OSError(errno.ENOSPC, "No space left on device"), 99)
    with pytest.raises(OutputError, match="no space left on the disk"):
        convert(_there(job, address), _watcher())


def test_other_versions_are_refused(
    job: Job, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "videnhance.cluster.worker.library_key", lambda: {"videnhance": "0.0.9"}
    )
    with pytest.raises(ClusterError, match=r"(?s)install the same.*0\.0\.9"):
        convert(_there(job, address), _watcher())


def test_the_table_says_what_differs() -> None:
    here = {"videnhance": "1.0", "av": "18.1.0"}
    there = {"tcp://a:1": here, "b": {"videnhance": "1.0", "av": "17.1.0"}, "c": {}}
    with pytest.raises(ClusterError) as caught:
        check_versions(here, there)
    assert str(caught.value).splitlines()[1:] == [
        "machine  library     there   here  ",
        "b        av          17.1.0  18.1.0",
        "c        videnhance  none    1.0   ",
        "c        av          none    18.1.0",
    ]
    check_versions(here, {"a": here})


def test_a_worker_that_rounds_otherwise_is_refused(
    job: Job, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = _there(job, address)
    with monkeypatch.context() as patch:
        patch.setattr(segment, "_arithmetic", lambda *_: "another")
        with pytest.raises(ClusterError, match=r"than this machine.*ONEDNN_MAX_CPU"):
            convert(there, _watcher())
    assert kept_frames(there.target) == 0
    assert convert(there, _watcher()).frames_written == 11


def test_workers_that_round_apart_are_refused_where_this_machine_has_no_say(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = iter(("one", "one", "another"))
    monkeypatch.setattr(segment, "_network", lambda *_: Bicubic())
    monkeypatch.setattr(segment, "_arithmetic", lambda *_: next(names))
    cuda = replace(job, choice=replace(job.choice, device="cuda"))
    with local_cluster(workers=1, resources={"GPU": 1}) as cluster:
        there = _there(cuda, cluster.scheduler_address)
        with pytest.raises(ClusterError, match="rounds otherwise than the worker 0"):
            convert(there, _watcher())
    assert kept_frames(there.target) == 8


def test_a_pipe_cannot_go_to_a_cluster(job: Job, address: str) -> None:
    there = _there(job, address)
    for piped in (replace(there, source=PIPE), replace(there, target=PIPE)):
        with pytest.raises(UsageError, match="pipe"):
            convert(piped, _watcher())


def test_without_dask_it_says_how_to_get_it(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(MissingLibraryError, match=r"pip install '\.\[cluster\]'"):
        convert(_there(job, "tcp://127.0.0.1:9"), _watcher())


@pytest.mark.parametrize(
    "address",
    ["tcp://127.0.0.1:9", "nonsense://x", "127.0.0.1", "banana", "tls://127.0.0.1:9"],
)
def test_a_scheduler_that_is_not_there_is_said(
    job: Job, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scheduler, "CONNECT_SECONDS", 0.3)
    # One that was begun would trace its own end, half a minute later.
    monkeypatch.setattr(pytest.importorskip("distributed"), "Client", None)
    with pytest.raises(ClusterError, match="no scheduler answers"):
        convert(_there(job, address), _watcher())


@pytest.mark.parametrize("late", [1, 9])
def test_a_thread_that_begins_late_gets_another_try(
    job: Job, address: str, late: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    distributed = pytest.importorskip("distributed")
    opened, tries = distributed.Client, iter(range(99))

    def client(*args: object, **options: object) -> object:
        assert next(tries) >= late
        return opened(*args, **options)

    monkeypatch.setattr(distributed, "Client", client)
    if late == 1:
        assert convert(_there(job, address), _watcher()).frames_written == 11
    else:
        with pytest.raises(ClusterError, match="too busy"):
            convert(_there(job, address), _watcher())
        assert next(tries) == 2


def test_a_cluster_without_workers_is_said(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scheduler, "PATIENCE_SECONDS", 0.3)
    refused = pytest.raises(ClusterError, match="no worker for 0 s")
    said: list[str] = []
    watcher = replace(_watcher(), says=said.append)
    with local_cluster(workers=0) as cluster, refused:
        convert(_there(job, cluster.scheduler_address), watcher)
    assert [words.partition(": ")[2] for words in said] == [
        "waiting for workers, for up to 0 s"
    ]
    assert not folder_beside(_there(job, "").target).exists()


def test_cuda_needs_a_worker_that_offers_it(
    job: Job, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scheduler, "PATIENCE_SECONDS", 0.3)
    there = _there(replace(job, choice=replace(job.choice, device="cuda")), address)
    with pytest.raises(ClusterError, match="none of the 2 workers"):
        convert(there, _watcher())


def test_a_scheduler_that_is_lost_ends_the_run(job: Job) -> None:
    with local_cluster() as cluster:
        there = _there(job, cluster.scheduler_address)

        def closing(report: Report) -> None:
            if report.frames_written == 5:
                cluster.close()

        with pytest.raises(ClusterError, match="connection to the scheduler is lost"):
            convert(there, _watcher(closing))
    assert kept_frames(there.target) % 4 == 0


def test_a_worker_that_comes_later_helps(job: Job) -> None:
    with local_cluster(workers=1) as cluster:
        there = _there(job, cluster.scheduler_address)

        def scaling(report: Report) -> None:
            if report.frames_written == 1:
                cluster.scale(2)

        convert(there, _watcher(scaling))
    assert there.target.exists()


def test_what_a_killed_worker_had_is_made_anew(job: Job) -> None:
    clip = Clip(160, 120, pts=range(0, 60 * 512, 512))
    source = write_clip(job.source.with_name("long.mp4"), clip)
    job = replace(job, source=source, settings=replace(job.settings, segment_frames=10))
    convert(job, _watcher())
    with local_cluster(processes=True) as cluster:
        there = _there(job, cluster.scheduler_address)
        alive = [nanny.pid for nanny in cluster.workers.values()]

        def killing(report: Report) -> None:
            while alive and report.frames_written:
                os.kill(alive.pop(), signal.SIGKILL)

        report = convert(there, _watcher(killing))
    assert there.target.read_bytes() == job.target.read_bytes()
    assert report.retries > 0


def test_what_comes_before_an_error_of_the_source_is_kept(
    job: Job, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Odd(SegmentEncoder):
        def __init__(self, plan: OutputPlan, path: Path, last_pts: int | None) -> None:
            if path.name.startswith("000001"):
                raise InputError("the second part is odd")
            super().__init__(plan, path, last_pts)

    monkeypatch.setattr(segment, "SegmentEncoder", Odd)
    there = _there(job, address)
    with pytest.raises(InputError, match="odd"):
        convert(there, _watcher())
    assert kept_frames(there.target) == 4


def test_the_command_says_who_made_what(job: Job, address: str, tmp_path: Path) -> None:
    record = tmp_path / "report.json"
    words = [str(job.source), str(job.target), "--strength", "0", "--segment", "4"]
    words += ["--cluster", address, "--report", str(record), "--progress", "none"]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    assert "segments by worker: " in done.output
    workers = json.loads(record.read_text())["workers"].values()
    assert sum(worker["segments"] for worker in workers) == 3


def test_the_command_fails_in_words(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scheduler, "CONNECT_SECONDS", 0.3)
    words = [str(job.source), str(job.target), "--cluster", "tcp://127.0.0.1:9"]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 1
    assert "no scheduler answers" in done.output


def test_names_count_from_the_folder_of_who_asks(
    job: Job, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = _there(job, address)
    seen: list[Path] = []
    known = segment._is_it

    def is_it(path: Path, context: TaskContext) -> bool:
        seen.append(path)
        return known(path, context)

    monkeypatch.setattr(segment, "_is_it", is_it)
    monkeypatch.chdir(job.source.parent)
    names = Path(job.source.name), Path(there.target.name)
    convert(replace(there, source=names[0], target=names[1]), _watcher())
    assert set(seen) == {job.source}


def test_cuda_goes_to_a_worker_that_offers_it(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    found: list[Choice] = []

    def load(choice: Choice) -> Bicubic:
        found.append(choice)
        return Bicubic()

    monkeypatch.setattr(runtime, "load", load)
    cuda = replace(job, choice=replace(job.choice, device="cuda"))
    with local_cluster(workers=1, resources={"GPU": 1}) as cluster:
        report = convert(_there(cuda, cluster.scheduler_address), _watcher())
    assert report.engine == "tiny float32 on cuda"
    assert [(c.device, c.precision) for c in found] == [("cuda", "float32")]


def test_a_scheduler_without_videnhance_is_refused(
    job: Job, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def absent(*_: object) -> None:
        raise ModuleNotFoundError("No module named 'videnhance'")

    monkeypatch.setattr("distributed.Client.run_on_scheduler", absent)
    with pytest.raises(
        ClusterError, match=r"scheduler +videnhance +cannot be imported"
    ):
        convert(_there(job, address), _watcher())
