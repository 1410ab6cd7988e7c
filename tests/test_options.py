"""The options: defaults as on the command line, and what cannot be right is refused."""

from dataclasses import FrozenInstanceError, fields
from datetime import datetime, time, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any, get_args, get_type_hints

import click
import pytest

from videnhance.batch.batch_options import batch_options_of
from videnhance.batch.inputs import Kind
from videnhance.cli import app
from videnhance.cli.convert import job_from
from videnhance.cli.fields import options_from
from videnhance.conversion.job import budget_of, choice_of, job_of
from videnhance.errors import UsageError
from videnhance.models import looks
from videnhance.models.looks import LOOKS, look_of
from videnhance.options import DEFAULT_LOOK, ConvertOptions, FolderOptions
from videnhance.options.bounds import check_names, option_name
from videnhance.options.times import deadline_of, rate_of

SOURCE, TARGET = Path("a.mp4"), Path("b.webm")
BUDGETS = ("target_fps", "realtime", "deadline")
"""Excluded by skipping, the cluster, and each other."""


def _typed(*words: str) -> dict[str, Any]:
    command = app.get_command(None, words[0])  # type: ignore[arg-type]  # not needed
    assert command is not None
    with command.make_context(words[0], list(words[1:])) as ctx:
        return ctx.params


def _command(name: str) -> click.Command:
    command = app.get_command(None, name)  # type: ignore[arg-type]  # not needed
    assert command is not None
    return command


@pytest.mark.opencv
def test_the_command_line_has_the_same_defaults(tmp_path: Path) -> None:
    words = _typed("convert", str(SOURCE), str(TARGET))
    assert options_from(words, ConvertOptions) == ConvertOptions()
    assert job_from(words) == job_of(SOURCE, TARGET, options=ConvertOptions())
    words = _typed("batch", str(tmp_path), str(tmp_path / "out"))
    assert options_from(words, FolderOptions) == FolderOptions()


@pytest.mark.parametrize(
    ("name", "kind"), [("convert", ConvertOptions), ("batch", FolderOptions)]
)
def test_every_choice_is_an_option_of_the_command(
    name: str, kind: type[ConvertOptions]
) -> None:
    opts = {opt for param in _command(name).params for opt in param.opts}
    asked = {option_name(field.name) for field in fields(kind)}
    piped = {"--raw-size", "--raw-format", "--format"}
    assert asked - opts == (piped if name == "batch" else set())


def test_words_are_those_of_the_command_line() -> None:
    choices = {
        f"--{param.name}": tuple(param.type.choices)
        for param in _command("convert").params
        if isinstance(param.type, click.Choice)
    }
    for name, kind in get_type_hints(ConvertOptions).items():
        words = get_args(kind)
        if words and isinstance(words[0], str) and name != "pipe_format":
            assert choices[f"--{name}"] == words


@pytest.mark.opencv
def test_a_choice_means_what_its_option_means() -> None:
    line = (
        "--size 720p --fit pad --skip 3 --fuse 0.1 --strength 0.5 --grain 0.4 "
        "--reuse off "
        "--clean 0.3 --precision float32 --device cpu --workers 3 --tile 64 "
        "--deinterlace on -c libx265 --crf 30 --preset fast --pix-fmt yuv420p "
        "-e tune=grain --start 0:01 --end 2 --max-frames 7 --video-track 1 --no-audio "
        "--discard --segment 9 --verify full --limit-pixels 1000 --max-cpu 50 "
        "--max-memory 900 --cluster tcp://a:1 --rate 24000/1001 -y --isolate --nice "
        "--raw-size 64x48 --raw-format gray --format nut --trust-model --compare"
    )
    options = ConvertOptions(
        size="720p",
        fit="pad",
        skip=3,
        fuse=0.1,
        strength=0.5,
        grain=0.4,
        reuse="off",
        clean=0.3,
        precision="float32",
        device="cpu",
        workers=3,
        tile=64,
        deinterlace="on",
        codec="libx265",
        crf=30,
        preset="fast",
        pix_fmt="yuv420p",
        start=1.0,
        encoder_options={"tune": "grain"},
        end=2.0,
        max_frames=7,
        video_track=1,
        audio=False,
        discard=True,
        segment=9,
        verify="full",
        limit_pixels=1000,
        max_cpu=50.0,
        max_memory=900,
        cluster="tcp://a:1",
        rate="24000/1001",
        overwrite=True,
        isolate=True,
        nice=True,
        raw_size="64x48",
        raw_format="gray",
        pipe_format="nut",
        trust_model=True,
        compare=True,
    )
    plain = ConvertOptions()
    same = {f.name for f in fields(plain)} - {"scale", "model", "look", *BUDGETS}
    assert [n for n in same if getattr(options, n) == getattr(plain, n)] == []
    words = _typed("convert", str(SOURCE), str(TARGET), *line.split())
    assert job_from(words) == job_of(SOURCE, TARGET, options=options)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("scale", 3),
        ("scale", 2.0),
        ("skip", None),
        ("size", (1280, 720)),
        ("codec", 5),
        ("overwrite", "no"),
        ("model", 7),
        ("encoder_options", "g=3"),
        ("encoder_options", {"g": 3}),
        ("scale", "2"),
        ("skip", 0),
        ("skip", 1.5),
        ("skip", "2"),
        ("fuse", float("nan")),
        ("strength", -0.1),
        ("strength", 1.51),
        ("look", "shiny"),
        ("grain", 1.1),
        ("workers", 257),
        ("tile", 31),
        ("clean", 1.1),
        ("crf", "best"),
        ("precision", "int4"),
        ("fit", "squash"),
        ("pipe_format", "avi"),
        ("start", -1),
        ("end", float("inf")),
        ("max_frames", 0),
        ("max_cpu", 101),
        ("max_memory", 0),
        ("video_track", -1),
        ("rate", "fast"),
        ("rate", float("inf")),
        ("raw_size", "64"),
        ("target_fps", 0),
        ("target_fps", "fast"),
        ("realtime", "yes"),
        ("deadline", ""),
        ("deadline", "soon"),
        ("deadline", "2h30"),
        ("deadline", "24:10"),
        ("deadline", 0),
        ("deadline", float("inf")),
    ],
)
def test_what_cannot_be_right_is_named(name: str, value: object) -> None:
    with pytest.raises(UsageError, match=f"^{option_name(name)} "):
        ConvertOptions(**{name: value})  # type: ignore[arg-type]  # that is the test


@pytest.mark.parametrize(
    "pair",
    [
        {"scale": 2, "size": "4k"},
        {"fit": "pad"},
        {"clean": 0.5, "model": "fast"},
        {"look": "clean", "model": "fast"},
        {"look": "clean", "clean": 0.5},
        {"start": 2.0, "end": 2.0},
        {"raw_format": "gray"},
        {"realtime": True, "skip": 2},
        {"realtime": True, "target_fps": 30.0},
        {"target_fps": 30.0, "deadline": "2h"},
        {"deadline": 5, "cluster": "tcp://a:1"},
    ],
)
def test_two_choices_that_do_not_go_together_are_refused(pair: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="--"):
        ConvertOptions(**pair)


def test_a_look_is_its_model_and_one_that_is_not_shipped_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert choice_of(ConvertOptions()).model == LOOKS[DEFAULT_LOOK]
    assert choice_of(ConvertOptions(look="clean")).model == "restore"
    assert get_args(get_type_hints(ConvertOptions)["look"]) == tuple(LOOKS)
    monkeypatch.setattr(looks, "card_names", lambda: ["default", "restore"])
    with pytest.raises(UsageError, match=r"--look crisp: .* use faithful, clean, or"):
        choice_of(ConvertOptions(look="crisp"))
    assert [look_of(name) for name in ("restore", "fast")] == ["clean", None]


def test_options_are_values() -> None:
    options = ConvertOptions(skip=2)
    assert options == ConvertOptions(skip=2) != ConvertOptions()
    with pytest.raises(FrozenInstanceError):
        options.skip = 3  # type: ignore[misc]  # that is the test
    with pytest.raises(TypeError, match="positional"):
        ConvertOptions(2)  # type: ignore[call-arg]  # that is the test


def test_a_mistyped_name_is_told_with_the_nearest() -> None:
    with pytest.raises(UsageError, match="no option presett; did you mean preset"):
        check_names(ConvertOptions, {"presett": 1})
    with pytest.raises(UsageError, match="no option jobs"):
        check_names(ConvertOptions, {"jobs": 2})
    check_names(FolderOptions, {"jobs": 2})


def test_a_rate_may_be_words_or_a_number() -> None:
    assert rate_of("23.976") == rate_of(23.976)
    assert rate_of("30000/1001") == rate_of(Fraction(30000, 1001))
    assert rate_of(25) == 25


@pytest.mark.opencv
def test_files_of_a_folder_share_what_the_machine_may_give(tmp_path: Path) -> None:
    options = FolderOptions(
        jobs=4, max_cpu=80.0, max_memory=4000, workers=3, rate=10, crf=7
    )
    order = batch_options_of(tmp_path / "in", tmp_path / "out", options=options)
    film = order.job_for(SOURCE, TARGET, Kind.VIDEO)
    assert (order.jobs, film.settings.workers, film.encoding.crf) == (4, 3, 7)
    assert film.options.max_cpu == 20
    assert film.options.max_memory == 1000
    assert film.options.isolate
    assert film.options.nice
    assert film.rate is None
    assert order.job_for(SOURCE, TARGET, Kind.SEQUENCE).rate == 10


@pytest.mark.opencv
def test_pictures_take_their_own_quality_and_none_of_the_videos(tmp_path: Path) -> None:
    options = FolderOptions(codec="libx265", crf=7, picture_quality=50)
    order = batch_options_of(tmp_path / "in", tmp_path / "out", options=options)
    jpeg = order.job_for(Path("a.jpg"), Path("b.jpg"), Kind.PICTURE).encoding
    assert (jpeg.codec, jpeg.crf, jpeg.options) == ("libx264", None, {"quality": "50"})
    png = order.job_for(Path("a.png"), Path("b.png"), Kind.PICTURE).encoding
    assert png.options == {}


def test_patterns_are_a_tuple() -> None:
    with pytest.raises(UsageError, match=r"--include \*\.mp4 is not .* give tuple"):
        FolderOptions(include="*.mp4")  # type: ignore[arg-type]  # that is the test


@pytest.mark.opencv
def test_a_model_may_be_a_path() -> None:
    options = ConvertOptions(model=Path("a/b.json"))
    assert choice_of(options).model == str(Path("a/b.json"))


def test_a_pipe_is_no_choice_for_a_folder() -> None:
    with pytest.raises(UsageError, match="--raw-size is for a pipe"):
        FolderOptions(raw_size="64x48")


def test_a_deadline_is_a_duration_or_a_time_of_day() -> None:
    hour = timedelta(hours=1)
    assert deadline_of("1h30m") == deadline_of("90min") == 1.5 * hour
    assert deadline_of("2 h") == deadline_of(7200) == 2 * hour
    assert deadline_of("45s") == deadline_of("45") == timedelta(seconds=45)
    assert deadline_of("7:05") == time(7, 5)
    assert deadline_of("18:30:10") == time(18, 30, 10)


def test_a_time_of_day_is_the_next_such_moment() -> None:
    now = datetime(2026, 11, 30, 18, 0)
    for words, moment in (
        ("18:30", datetime(2026, 11, 30, 18, 30)),
        ("6:30", datetime(2026, 12, 1, 6, 30)),
    ):
        budget = budget_of(ConvertOptions(deadline=words), now.timestamp)
        assert budget is not None
        assert budget.until == moment.timestamp()


@pytest.mark.opencv
@pytest.mark.parametrize(
    ("line", "options"),
    [
        ("--target-fps 30", ConvertOptions(target_fps=30.0)),
        ("--realtime -m fast", ConvertOptions(realtime=True, model="fast")),
        ("--deadline 2h", ConvertOptions(deadline="2h")),
    ],
)
def test_a_time_budget_means_what_its_option_means(
    line: str, options: ConvertOptions
) -> None:
    words = _typed("convert", str(SOURCE), str(TARGET), *line.split())
    job = job_from(words)
    assert job == job_of(SOURCE, TARGET, options=options)
    assert job.budget is not None
    assert job.budget.picks_model == ("-m" not in line)
    assert job.budget.words == line.removesuffix(" -m fast")


@pytest.mark.opencv
def test_a_folder_has_one_deadline_and_no_budget_for_its_pictures(
    tmp_path: Path,
) -> None:
    options = FolderOptions(deadline=3600)
    order = batch_options_of(tmp_path / "in", tmp_path / "out", options=options)
    assert order.until is not None
    assert order.job_for(SOURCE, TARGET, Kind.VIDEO).budget is not None
    assert order.job_for(Path("a.png"), Path("b.png"), Kind.PICTURE).budget is None
    with pytest.raises(UsageError, match="--watch has no end"):
        FolderOptions(deadline=3600, watch=True)
