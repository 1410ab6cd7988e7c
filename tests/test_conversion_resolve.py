"""What is left open by a job is decided by its source, or by unfinished work."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
import torch

from tests.clips import Clip, write_clip
from tests.models import TINY, network, write_model
from videnhance.conversion.job import Job
from videnhance.conversion.journal import Journal
from videnhance.conversion.load_model import loaded_model
from videnhance.conversion.resolve import resolve
from videnhance.errors import InputError, ModelError, UsageError
from videnhance.frame import VideoInfo
from videnhance.frame.geometry import Size
from videnhance.media.encoder.encoding import Encoding
from videnhance.media.open_any import opened
from videnhance.models.choice import Choice
from videnhance.models.network import NetworkShape
from videnhance.models.weights import write_network
from videnhance.options import ConvertOptions
from videnhance.pipeline.enhance import Settings
from videnhance.pipeline.upscaler import Bicubic


@pytest.fixture
def job(tmp_path: Path) -> Job:
    """The base of a small clip, with pixels that are longer than high."""
    source = write_clip(tmp_path / "in.mp4", Clip(aspect=Fraction(4, 3)))
    return Job(
        source=source,
        target=tmp_path / "out.mp4",
        choice=Choice(device="cpu"),
        settings=Settings(strength=0.0, fuse=0.0, workers=1),
        encoding=Encoding(),
    )


def _info(job: Job) -> VideoInfo:
    with opened(job.source) as reader:
        return reader.info


def test_segments_and_threads_are_chosen(job: Job) -> None:
    work = resolve(job, _info(job))
    assert work.job.settings.segment_frames == 250
    assert (work.job.encoding.threads or 0) >= 1
    assert (work.size, work.info.sample_aspect_ratio) == (Size(128, 96), Fraction(4, 3))
    assert work.job.settings.finish is None


def test_unfinished_work_keeps_its_threads(job: Job) -> None:
    with Journal(job.target, {"threads": 7}) as journal:
        journal.close_last()
        assert resolve(job, _info(job)).job.encoding.threads == 7


def test_a_box_sets_scale_and_size(job: Job) -> None:
    boxed = replace(job, options=ConvertOptions(size="400x300", fit="pad"))
    work = resolve(boxed, _info(job))
    assert work.size == Size(400, 300)
    assert work.job.settings.scale == 4
    assert work.job.settings.finish is not None
    assert work.info.sample_aspect_ratio == 1


def test_pixels_become_square_where_their_shape_cannot_be_said(job: Job) -> None:
    matroska = replace(
        job, target=job.target.with_suffix(".mkv"), encoding=Encoding(codec="ffv1")
    )
    work = resolve(matroska, _info(job))
    assert (work.size, work.info.sample_aspect_ratio) == (Size(170, 96), Fraction(1))
    assert "become square, in 170x96" in work.job.notices[-1]
    kept = resolve(replace(matroska, encoding=Encoding()), _info(job))
    assert (kept.size, kept.info.sample_aspect_ratio) == (Size(128, 96), Fraction(4, 3))
    assert kept.job.notices == ()


def test_an_output_that_is_too_large_is_refused(job: Job) -> None:
    small = replace(job, options=ConvertOptions(limit_pixels=200))
    with pytest.raises(InputError, match="--limit-pixels"):
        resolve(small, _info(job))


def test_queues_are_cut_to_the_memory(job: Job) -> None:
    tight = replace(job, options=ConvertOptions(max_memory=350))
    queue_bytes = resolve(tight, _info(job)).job.settings.queue_bytes
    assert queue_bytes < job.settings.queue_bytes
    least = replace(job, options=ConvertOptions(max_memory=20))
    with pytest.raises(UsageError, match="--max-memory 20 is too little"):
        resolve(least, _info(job))


def test_the_key_knows_what_changes_the_picture(job: Job) -> None:
    info = _info(job)
    key = loaded_model(resolve(job, info)).key

    def changed(**changes: object) -> bool:
        other = replace(job, **changes)  # type: ignore[arg-type]  # any field
        return loaded_model(resolve(other, info)).key != key

    assert not changed(
        notices=("words",), options=ConvertOptions(overwrite=True, verify="full")
    )
    assert not changed(settings=replace(job.settings, workers=2))
    assert not changed(options=ConvertOptions(nice=True, max_cpu=50))
    assert changed(settings=replace(job.settings, scale=4))
    assert changed(encoding=Encoding(crf=30))
    assert changed(options=ConvertOptions(max_frames=3))
    assert changed(options=ConvertOptions(size="720p"))


def test_the_base_needs_no_model(job: Job) -> None:
    engine = loaded_model(resolve(job, _info(job)))
    assert isinstance(engine.upscaler, Bicubic)
    assert engine.words == "none: strength is 0"


def test_unfinished_work_keeps_its_precision(job: Job, tmp_path: Path) -> None:
    card = write_model(tmp_path / "model")
    full = replace(
        job,
        choice=Choice(str(card), device="cpu", trusted=True),
        settings=replace(job.settings, strength=1.0),
    )
    with Journal(job.target, {"precision": "float32"}) as journal:
        journal.close_last()
        engine = loaded_model(resolve(full, _info(job)))
    assert "float32" in engine.words
    assert engine.key["precision"] == "float32"


def test_what_other_machines_run_is_not_loaded_here(job: Job, tmp_path: Path) -> None:
    card = write_model(tmp_path / "model", precisions=("float32", "int8"))
    far = replace(
        job,
        choice=Choice(str(card), device="cuda", trusted=True),
        settings=replace(job.settings, strength=1.0),
        options=ConvertOptions(cluster="tcp://127.0.0.1:8786"),
    )
    engine = loaded_model(resolve(far, _info(job)))
    assert engine.words == "tiny float32 on cuda"
    assert "arithmetic" not in engine.key
    assert (engine.key["precision"], engine.key["cuda"]) == ("float32", True)
    int8 = replace(far, choice=replace(far.choice, precision="int8"))
    with pytest.raises(UsageError, match="float32 only"):
        loaded_model(resolve(int8, _info(job)))
    strange = replace(far, choice=replace(far.choice, trusted=False))
    with pytest.raises(ModelError, match="--trust-model"):
        loaded_model(resolve(strange, _info(job)))
    near = replace(far, choice=replace(far.choice, device="auto"))
    engine = loaded_model(resolve(near, _info(job)))
    assert engine.key["cuda"] is False
    again = loaded_model(resolve(near, _info(job)))
    assert engine.key["arithmetic"] == again.key["arithmetic"]


def test_weights_that_a_cluster_cannot_see_are_refused_with_what_to_do(
    job: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    write_network(network(TINY), tmp_path / "a.pth")
    asked = replace(
        job,
        choice=Choice(str(tmp_path / "a.pth"), "float32", "cpu"),
        settings=replace(job.settings, strength=1.0),
        options=ConvertOptions(cluster="tcp://127.0.0.1:1"),
    )
    with pytest.raises(
        UsageError, match=r"cannot make a model of .*with --trust-model"
    ):
        loaded_model(resolve(asked, _info(asked)))
    assert loaded_model(
        resolve(replace(asked, options=ConvertOptions()), _info(asked))
    ).words.startswith("a float32")


@pytest.mark.parametrize(
    ("own", "scale", "words"),
    [
        (4, 2, ("a enlarges 4 times: its picture is reduced to 2 times; --scale 4",)),
        (1, 2, ("a keeps the size: its picture is enlarged plainly to 2 times",)),
        (2, 2, ()),
    ],
)
def test_what_becomes_of_a_networks_own_size_is_told(
    job: Job,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    own: int,
    scale: int,
    words: tuple[str, ...],
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    shape = NetworkShape(3, 4, 1, own, "prelu")
    torch.save({"params": network(shape).state_dict()}, tmp_path / "a.pth")
    choice = Choice(str(tmp_path / "a.pth"), "float32", "cpu")
    settings = Settings(scale=scale, fuse=0.0, workers=1)
    asked = replace(job, choice=choice, settings=settings)
    notices = loaded_model(resolve(asked, _info(asked))).notices
    assert len(notices) == len(words)
    assert all(map(str.startswith, notices, words))
