"""What works here: each check alone, whatever becomes of the others."""

import json
import os
import sys
from collections.abc import Iterator
from configparser import ConfigParser
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.sources import ROOT
from videnhance.cli import app, doctor
from videnhance.cli.doctor import CHECKS, report
from videnhance.conversion.bench.scenes import moving_scene, scene_info
from videnhance.errors import UsageError
from videnhance.frame.geometry import Size
from videnhance.media.encoder.encoder_trial import (
    encoder_names,
    try_encoder,
)
from videnhance.media.sandbox import ipc

CRASH = """
import json, os
print(json.dumps(["libx264", "a_qsv", "b_qsv"]))
print(json.dumps(["libx264", ""]), flush=True)
os._exit(9)
"""


def _lines(name: str) -> list[str]:
    return list(CHECKS[name]())


def test_versions_name_what_a_report_needs() -> None:
    first, libraries, extras = _lines("versions")
    assert first.startswith("videnhance ")
    assert f"Python {sys.version.split()[0]}" in first
    assert "av 1" in libraries
    assert "torch 2" in libraries
    assert "missing: " in extras or "watchdog" in extras


def test_versions_name_the_libraries_of_every_extra() -> None:
    config = ConfigParser()
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    (_, _, extras) = _lines("versions")
    # Metrics are told by what they measure; the others are for who changes the package.
    for name in set(config["options.extras_require"]) - {"docs", "metrics", "test"}:
        for line in config["options.extras_require"][name].split():
            assert line.partition(">")[0] in extras, name


def test_engines_are_measured() -> None:
    for line, precision in zip(_lines("engines"), ("int8", "float32"), strict=True):
        assert line.startswith(f"default {precision} on ")
        assert float(line.partition(": ")[2].split()[0]) > 0
    assert any(line.startswith("int8 engine: ") for line in _lines("processor"))


def test_encoders_are_tried_for_real() -> None:
    version, work, *rest = _lines("encoders")
    assert version.startswith("FFmpeg ")
    assert work.startswith("work: libx264, ")
    told = " ".join([work, *rest])
    assert all(name in told for name in encoder_names())


def test_an_encoder_that_is_not_here_says_so() -> None:
    scene = list(moving_scene(Size(64, 48), 2))
    try_encoder("libx264", scene_info(scene), frames=scene)
    with pytest.raises(UsageError, match="nosuch"):
        try_encoder("nosuch", scene_info(scene), frames=scene)


def test_a_driver_that_crashes_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    crash = [sys.executable, "-c", CRASH]
    monkeypatch.setattr(ipc, "child_command", lambda _: crash)
    assert _lines("encoders")[1:] == [
        "work: libx264",
        "a_qsv ended the trial (exit 9); not tried: b_qsv",
    ]


def test_the_folder_is_tried_and_left_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    here, can = _lines("folder")
    assert str(tmp_path) in here
    assert can == "can be written, locks, syncs, renames"
    assert list(tmp_path.iterdir()) == []
    assert sum("GB free" in line for line in _lines("space")) == 3


def test_a_screen_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    assert _lines("display") == ["there is no screen for a window: DISPLAY is not set"]


def _broken() -> Iterator[str]:
    yield "so far"
    raise OSError(5, "Input/output error")


def _well() -> Iterator[str]:
    yield f"here: {os.sep}\x1b[31m"


def test_a_check_that_fails_stops_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "CHECKS", {"one": _broken, "two": _well})
    one, two = report()
    assert one.lines == ("so far",)
    assert one.failed == "OSError: [Errno 5] Input/output error"
    assert (two.lines, two.failed) == (("here: /\\x1b[31m",), "")
    done = CliRunner().invoke(app, ["doctor"])
    assert done.exit_code == 0
    assert "FAILED: OSError: [Errno 5] Input/output error" in done.stdout
    values = json.loads(CliRunner().invoke(app, ["doctor", "--json"]).stdout)
    assert [value["name"] for value in values] == ["one", "two"]


@pytest.mark.opencv
def test_the_report_is_one_screen() -> None:
    done = CliRunner().invoke(app, ["doctor"])
    assert done.exit_code == 0, done.output
    lines = done.stdout.splitlines()
    assert "FAILED" not in done.stdout
    assert max(map(len, lines)) <= 80
    assert len(lines) <= 40
    assert {line.split()[0] for line in lines if line[0] != " "} == set(CHECKS)
