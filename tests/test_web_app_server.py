"""The app at work: files are looked at, shown, converted, and go on after a kill."""

import io
import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import pytest
from PIL import Image

from tests.app_servers import RunningApp, running_app
from tests.clips import Clip, Sound, write_clip
from tests.sources import ROOT
from videnhance import ConvertOptions, convert, probe
from videnhance.conversion.workdir import kept_frames
from videnhance.frame import Pixels
from videnhance.media.display import Displayer
from videnhance.media.reader.video_reader import VideoReader

pytestmark = pytest.mark.app
LONG = Clip(pts=tuple(range(0, 1100 * 512, 512)))
"""Of several segments: a segment of so small a video has 250 frames."""


@pytest.fixture
def app(tmp_path: Path) -> Iterator[RunningApp]:
    with running_app(tmp_path) as app:
        yield app


def _states(state: dict[str, Any]) -> list[str]:
    return [row["state"] for row in state["rows"]]


def _is_over(state: dict[str, Any]) -> bool:
    return bool(state["queue"]["state"] == "idle")


def _pixels(path: Path, number: int) -> Pixels:
    """A frame of a file as a screen shows it, R G B."""
    with VideoReader(path) as reader:
        frames = [frame for frame in reader if frame.index == number]
        info = reader.info
    return Displayer(info.rotation_degrees, info.mirrored)(frames[0])[..., ::-1]


def test_rows_are_looked_at_and_what_cannot_work_is_said(
    app: RunningApp, tmp_path: Path
) -> None:
    film = write_clip(tmp_path / "film.mp4", Clip(sounds=(Sound(),)))
    broken, picture = tmp_path / "broken.mp4", tmp_path / "picture.png"
    broken.write_bytes(b"nothing")
    Image.new("RGB", (32, 24), "red").save(picture)
    app.add(film, broken, picture)
    state = app.until(lambda s: "looking" not in _states(s))
    assert _states(state) == ["ready", "refused", "ready"]
    one, bad, still = state["rows"]
    assert (one["info"]["width"], one["info"]["frames"]) == (64, 12)
    assert one["info"]["bytes"] == film.stat().st_size
    assert (one["plan"]["width"], one["plan"]["height"]) == (128, 96)
    assert one["plan"]["seconds"] > 0
    assert any("audio" in words for words in one["plan"]["kept"])
    assert "broken.mp4" in bad["error"]
    assert (still["plan"]["width"], still["target"][-4:]) == (64, ".png")
    small = app.ask("GET", f"/api/rows/{one['id']}/thumbnail?at=0.2&width=32")
    assert Image.open(io.BytesIO(small.data)).size == (32, 24)


@pytest.mark.parametrize(
    ("options", "number"),
    [
        ({}, 5),
        ({"look": "crisp", "scale": 4}, 2),
        ({"size": "100x100", "fit": "pad", "grain": 0.5}, 3),
        ({"skip": 3}, 7),
        ({"start": 0.12, "strength": 0.5}, 8),
    ],
)
def test_a_preview_is_what_the_conversion_makes_bit_for_bit(
    app: RunningApp, tmp_path: Path, options: dict[str, Any], number: int
) -> None:
    # Without loss, and in the source's own pixel format.
    film = write_clip(tmp_path / "film.mkv")
    (row,) = app.add(film, codec="ffv1", **options)
    shown = app.frame(row, number / 25)
    assert shown.status == 200, shown
    assert float(shown.headers["x-frame-time"]) == pytest.approx(number / 25)
    target = tmp_path / "made.mkv"
    convert(film, target, ConvertOptions(codec="ffv1", **options))
    began = round(options.get("start", 0) * 25)
    wanted = _pixels(target, number - began)
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(shown.data))), wanted)
    plain = app.frame(row, number / 25, "source")
    target.unlink()
    bare = {**options, "strength": 0, "skip": 1}
    bare.pop("look", None)
    convert(film, target, ConvertOptions(codec="ffv1", **bare))
    assert np.array_equal(
        np.asarray(Image.open(io.BytesIO(plain.data))), _pixels(target, number - began)
    )


def test_another_look_can_be_tried_without_changing_the_row(
    app: RunningApp, tmp_path: Path
) -> None:
    (row,) = app.add(write_clip(tmp_path / "film.mp4"))
    words = quote(json.dumps({"look": "crisp"}))
    tried = app.ask("GET", f"/api/rows/{row}/frame?at=0.2&options={words}")
    assert tried.data != app.frame(row, 0.2).data
    assert app.rows()[0]["options"] == {}
    last = app.frame(row, 1000)
    assert float(last.headers["x-frame-time"]) == pytest.approx(11 / 25)


def test_what_the_queue_makes_is_what_the_command_line_makes(
    app: RunningApp, tmp_path: Path
) -> None:
    film = write_clip(tmp_path / "a film's.mp4", Clip(sounds=(Sound(),)))
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"nothing")
    one, bad, two = app.add(film, broken, write_clip(tmp_path / "two.mp4"))
    changed = app.ask(
        "PATCH",
        "/api/rows",
        {"ids": [two], "options": {"look": "natural", "to": "mov"}},
    )
    assert changed.json["rows"][0]["target"] == str(tmp_path / "two-enlarged.mov")
    app.until(lambda s: "looking" not in _states(s))
    app.ask("POST", "/api/queue", {"action": "start", "cores": 1})
    state = app.until(_is_over)
    assert _states(state) == ["done", "refused", "done"]
    rows = {row["id"]: row for row in state["rows"]}
    assert rows[bad]["error"]
    assert rows[one]["progress"]["frames"] == 12
    wishes = ConvertOptions(), ConvertOptions(look="natural")
    for row, options in zip((one, two), wishes, strict=True):
        made, wanted = Path(rows[row]["target"]), tmp_path / "wanted.x"
        wanted = wanted.with_suffix(made.suffix)
        convert(rows[row]["source"], wanted, options)
        assert made.read_bytes() == wanted.read_bytes()
    name = str(tmp_path / "a film's.mp4").replace("'", "'\"'\"'")
    assert rows[one]["command"].startswith(f"videnhance '{name}' ")
    assert rows[two]["command"].endswith("two-enlarged.mov --look natural")
    part = app.ask(
        "GET", f"/api/rows/{one}/media?which=result", headers={"Range": "bytes=4-7"}
    )
    assert (part.status, part.data) == (206, b"ftyp")
    again = app.ask("POST", "/api/rows/action", {"ids": [one], "action": "retry"})
    assert again.json["rows"][0]["target"].endswith("-enlarged-2.mp4")


def test_it_goes_on_after_a_kill_with_the_same_result(tmp_path: Path) -> None:
    film, wanted = write_clip(tmp_path / "film.mp4", LONG), tmp_path / "wanted.mp4"
    with running_app(tmp_path) as app:
        one, two = app.add(film, write_clip(tmp_path / "two.mp4"))
        target = Path(app.rows()[0]["target"])
        app.ask("POST", "/api/queue", {"action": "start"})
        app.until(lambda s: kept_frames(target))
        os.kill(app.process.pid, signal.SIGKILL)
        app.process.wait()
        assert not target.exists()
    with running_app(tmp_path) as app:
        state = app.until(_is_over)
        assert [row["id"] for row in state["rows"]] == [one, two]
        assert _states(state) == ["done", "done"]
    convert(film, wanted)
    assert target.read_bytes() == wanted.read_bytes()


def _paused(app: RunningApp, row: str) -> int:
    """Pauses a row that runs; gives the frames that it has then."""
    app.until(lambda s: (s["rows"][0]["progress"] or {}).get("frames", 0) > 10)
    app.ask("POST", "/api/rows/action", {"ids": [row], "action": "pause"})
    frames, last = -1, 0
    while frames != last:
        frames, last = last, app.rows()[0]["progress"]["frames"]
        time.sleep(1)  # a frame takes less; what stands still says nothing
    assert app.rows()[0]["state"] == "paused"
    return frames


def test_a_pause_keeps_every_frame_and_goes_on(app: RunningApp, tmp_path: Path) -> None:
    film, wanted = write_clip(tmp_path / "film.mp4", LONG), tmp_path / "wanted.mp4"
    (row,) = app.add(film)
    target = Path(app.rows()[0]["target"])
    app.ask("POST", "/api/queue", {"action": "start"})
    frames = _paused(app, row)
    picture = app.ask("GET", f"/api/rows/{row}/last")
    assert Image.open(io.BytesIO(picture.data)).size == (128, 96)
    app.ask("POST", "/api/rows/action", {"ids": [row], "action": "resume"})
    progress: list[int] = []

    def is_over(state: dict[str, Any]) -> bool:
        progress.append(state["rows"][0]["progress"]["frames"])
        return _is_over(state)

    assert _states(app.until(is_over)) == ["done"]
    assert min(progress) >= frames
    convert(film, wanted)
    assert target.read_bytes() == wanted.read_bytes()


def test_a_pause_outlives_a_kill(tmp_path: Path) -> None:
    film = write_clip(tmp_path / "film.mp4", LONG)
    with running_app(tmp_path) as app:
        (row,) = app.add(film)
        target = Path(app.rows()[0]["target"])
        app.ask("POST", "/api/queue", {"action": "start"})
        app.until(lambda s: kept_frames(target))
        _paused(app, row)
        os.kill(app.process.pid, signal.SIGKILL)
        app.process.wait()
    with running_app(tmp_path) as app:
        assert _states(app.until(lambda s: s["rows"])) == ["paused"]
        assert kept_frames(target)
        app.ask("POST", "/api/rows/action", {"ids": [row], "action": "resume"})
        assert _states(app.until(_is_over)) == ["done"]
    assert probe(target).frames == 1100


def test_another_row_goes_on_beside_a_pause(app: RunningApp, tmp_path: Path) -> None:
    """What stands still holds up no other, and other options begin anew."""
    long, short = write_clip(tmp_path / "a.mp4", LONG), write_clip(tmp_path / "b.mp4")
    row, _ = app.add(long, short)
    app.ask("POST", "/api/queue", {"action": "start"})
    _paused(app, row)
    assert _states(app.until(_is_over)) == ["paused", "done"]
    change = {"ids": [row], "options": {"max_frames": 7}}
    assert app.ask("PATCH", "/api/rows", change).status == 200
    app.ask("POST", "/api/rows/action", {"ids": [row], "action": "resume"})
    state = app.until(_is_over)
    assert _states(state) == ["done", "done"]
    assert probe(Path(state["rows"][0]["target"])).frames == 7


def test_what_is_removed_at_work_goes_with_what_was_sent(
    app: RunningApp, tmp_path: Path
) -> None:
    film = write_clip(tmp_path / "film.mp4", LONG)
    sent = app.ask(
        "POST",
        "/api/upload?name=film.mp4",
        film.read_bytes(),
        {"Content-Type": "application/octet-stream"},
    )
    place = Path(sent.json["path"])
    (row,) = app.add(place)
    app.ask("POST", "/api/queue", {"action": "start"})
    app.until(lambda s: (s["rows"][0]["progress"] or {}).get("frames", 0) > 10)
    assert place.exists()
    app.ask("POST", "/api/rows/action", {"ids": [row], "action": "remove"})
    assert app.rows() == []
    assert not place.parent.exists()


def test_a_folder_is_a_batch(app: RunningApp, tmp_path: Path) -> None:
    films = tmp_path / "films"
    films.mkdir()
    for name in ("a.mp4", "b.mp4"):
        write_clip(films / name)
    (films / "broken.mp4").write_bytes(b"nothing")
    for path in films.iterdir():
        os.utime(path, (1, 1))  # long settled
    (row,) = app.add(films)
    app.until(lambda s: _states(s) == ["ready"])
    app.ask("POST", "/api/queue", {"action": "start"})
    state = app.until(_is_over)
    (found,) = state["rows"]
    assert found["command"].startswith("videnhance batch ")
    assert found["state"] == "failed"
    assert found["error"] == "1 of 3 files failed"
    assert "broken.mp4" in found["notices"][0]
    made = Path(found["target"])
    assert sorted(p.name for p in made.glob("*.mp4")) == ["a.mp4", "b.mp4"]
    watched = {"ids": [row], "keep_watching": True}
    changed = app.ask("PATCH", "/api/rows", watched).json["rows"][0]
    assert changed["command"].endswith(" --watch")


def test_a_clip_plays_before_and_after(app: RunningApp, tmp_path: Path) -> None:
    film = write_clip(tmp_path / "film.mkv", Clip(codec="ffv1", options={}))
    (row,) = app.add(film)
    made = app.ask("POST", f"/api/rows/{row}/clip", {"at": 0.1, "seconds": 0.2})
    for url in made.json.values():
        path = tmp_path / "clip.mp4"
        path.write_bytes(app.ask("GET", url).data)
        info = probe(path)
        assert (info.codec, info.frames, info.size.width) == ("h264", 5, 128)


def test_events_tell_of_every_change(app: RunningApp, tmp_path: Path) -> None:
    connection = app.connection()
    connection.request("GET", "/api/events", headers={"Cookie": app.cookie})
    stream = connection.getresponse()

    def next_event() -> tuple[str, Any]:
        lines = []
        while line := stream.readline().decode().rstrip("\n"):
            lines.append(line)
        named = dict(one.partition(": ")[::2] for one in lines)
        return named["event"], json.loads(named["data"])

    assert next_event()[0] == "state"
    film = write_clip(tmp_path / "film.mp4")
    one, two = app.add(film, film)
    seen = [next_event() for _ in range(3)]
    assert [name for name, _ in seen] == ["row", "row", "queue"]
    assert [row["id"] for _, row in seen[:2]] == [one, two]
    app.ask("POST", "/api/rows/action", {"ids": [two], "action": "move", "before": one})
    found = dict(iter(next_event, ("order", {"ids": [two, one]})))
    assert "removed" not in found
    app.ask("POST", "/api/rows/action", {"ids": [one], "action": "remove"})
    dict(iter(next_event, ("removed", {"ids": [one]})))
    app.process.send_signal(signal.SIGINT)
    assert stream.read().count(b"event: ") <= 8
    connection.close()
    assert app.process.wait() == 0


def test_a_second_app_says_where_the_first_is(app: RunningApp, tmp_path: Path) -> None:
    with pytest.raises(AssertionError), running_app(tmp_path):
        pass
    assert app.ask("GET", "/api/state").status == 200


def test_presets_are_profiles(app: RunningApp, tmp_path: Path) -> None:
    shipped = app.ask("GET", "/api/state").json["presets"]
    assert {"name": "quick", "options": {"skip": 2}, "ships": True} in shipped
    mine = {"name": "mine", "options": {"look": "crisp", "audio": False}}
    assert app.ask("POST", "/api/presets", mine).status == 200
    exported = app.ask("GET", "/api/presets/export").data
    assert exported.decode() == '[mine]\nlook = "crisp"\nno-audio = true\n'
    (row,) = app.add(write_clip(tmp_path / "film.mp4"), skip=2)
    patched = app.ask("PATCH", "/api/rows", {"ids": [row], "preset": "mine"}).json
    assert patched["rows"][0]["options"] == mine["options"]
    assert patched["rows"][0]["command"].endswith(" --look crisp --no-audio")
    assert app.ask("DELETE", "/api/presets?name=mine").status == 200
    assert app.ask("DELETE", "/api/presets?name=mine").status == 400
    toml = {"Content-Type": "application/toml"}
    assert app.ask("POST", "/api/presets/import", exported, toml).status == 200
    evil = b"[x]\nmodel = '/tmp/x.pt'\ntrust-model = true\n"
    assert app.ask("POST", "/api/presets/import", evil, toml).status == 400
    names = [one["name"] for one in app.ask("GET", "/api/state").json["presets"]]
    assert names.count("mine") == 1
    assert "x" not in names


def test_the_page_is_in_the_package(app: RunningApp) -> None:
    page = app.ask("GET", "/")
    assert page.headers["content-type"].startswith("text/html")
    for name in ("theme.css", "slider.js"):
        found = app.ask("GET", f"/static/{name}")
        assert found.data == (ROOT / "videnhance/web/static" / name).read_bytes()
