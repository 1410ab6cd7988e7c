"""The queue and its file: rows come, change, move, go, and survive the app's end."""

import asyncio
import json
import os
import sys
from collections.abc import Callable, Coroutine
from multiprocessing import active_children
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest

from tests.clips import write_clip
from videnhance.errors import BusyError, UsageError
from videnhance.system.disk import sync
from videnhance.web.app import choices, queue_file
from videnhance.web.app.answers import Answerer, serve
from videnhance.web.app.events import MOST_STREAMS, Hub
from videnhance.web.app.files import Roots, Uploads
from videnhance.web.app.queue import Queue
from videnhance.web.app.queue_file import QueueFile
from videnhance.web.app.rows import Row

Test = Callable[[Queue, Path], Coroutine[None, None, None]]


def _run(tmp_path: Path, test: Test) -> list[str]:
    """Runs a test in an event loop with an open queue; gives what the queue told."""
    told: list[str] = []

    async def run() -> None:
        with QueueFile(tmp_path / "state") as file:
            uploads = Uploads(tmp_path / "uploads", 1 << 20)
            queue = Queue(file, Roots([tmp_path]), uploads, lambda *n: told.extend(n))
            await test(queue, tmp_path)
            await queue.keep()

    asyncio.run(run())
    return told


def _films(folder: Path, count: int) -> list[str]:
    made = [folder / f"{number}.mp4" for number in range(count)]
    for path in made:
        path.write_bytes(b"x")
    return [str(path) for path in made]


def test_the_queue_survives_whole(tmp_path: Path) -> None:
    async def fill(queue: Queue, folder: Path) -> None:
        rows, refused = queue.add(_films(folder, 3), {"look": "crisp"})
        assert refused == []
        queue.start()
        rows[0].state = "running"
        rows[0].progress = {"frames": 3}
        rows[1].state, rows[1].error = "failed", "a reason"
        queue.move([rows[2]], rows[0].id)
        queue.cores = 1

    async def look(queue: Queue, folder: Path) -> None:
        del folder
        rows = [*queue.rows.values()]
        assert [Path(row.source).name for row in rows] == ["2.mp4", "0.mp4", "1.mp4"]
        assert [row.state for row in rows] == ["waiting", "waiting", "failed"]
        assert rows[2].error == "a reason"
        assert rows[1].progress is None
        assert {row.options["look"] for row in rows} == {"crisp"}
        assert (queue.state, queue.cores) == ("running", 1)
        assert queue.next() is rows[0]

    _run(tmp_path, fill)
    _run(tmp_path, look)


class _PowerCutError(Exception):
    """The machine is off."""


class _Disk:
    """Steps of the queue's writing, before one of which the power is cut; what was not
    synced by then is half there.
    """

    def __init__(self, patch: pytest.MonkeyPatch, cut: int) -> None:
        self.steps, self._cut = 0, cut
        self._unsynced: set[Path] = set()
        self._open, self._replace, self._sync = Path.open, os.replace, sync
        disk = self
        patch.setattr(Path, "open", lambda path, mode: disk._opened(path, mode))
        patch.setattr(os, "replace", self._replaced)
        patch.setattr(queue_file, "sync", self._synced)
        patch.setattr(queue_file, "sync_folder", lambda folder: self._step())

    def _step(self) -> None:
        self.steps += 1
        if self.steps == self._cut:
            for path in self._unsynced:
                os.truncate(path, path.stat().st_size // 2)
            raise _PowerCutError

    def _opened(self, path: Path, mode: str) -> Any:  # noqa: ANN401
        self._step()
        self._unsynced.add(path)
        return self._open(path, mode)

    def _synced(self, number: int) -> None:
        self._step()
        self._sync(number)
        self._unsynced.clear()

    def _replaced(self, fresh: Path, place: Path) -> None:
        self._step()
        # A name may reach the disk before what is in the file.
        assert fresh not in self._unsynced
        self._replace(fresh, place)


def test_a_power_cut_leaves_the_queue_before_or_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = {"rows": [{"id": "old"}]}, {"rows": [{"id": "new"}] * 9}
    found: list[object] = []
    is_whole = False
    with QueueFile(tmp_path) as file:
        while not is_whole:
            file.write(old)
            with monkeypatch.context() as patch:
                disk = _Disk(patch, cut=len(found) + 1)
                try:
                    file.write(new)
                    is_whole = True
                except _PowerCutError:
                    assert disk.steps == len(found) + 1
            found.append(file.read()["rows"])
    # Opened, synced, renamed, the folder synced; and then all of it.
    assert found == [old["rows"]] * 3 + [new["rows"]] * 2


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b'{"version": 99}', b"\xff\xfe"])
def test_a_damaged_file_is_put_aside(tmp_path: Path, text: bytes) -> None:
    folder = tmp_path / "state"
    folder.mkdir()
    (folder / "queue.json").write_bytes(text)
    with QueueFile(folder) as file:
        assert file.read() == {}
        file.write({"rows": []})
        assert file.read()["rows"] == []
    assert (folder / "queue.damaged").read_bytes() == text


def test_rows_of_another_version_are_left_out(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    folder.mkdir()
    good = Row("1", "file", "/a.mp4", "/b.mp4").kept()
    rows = [{**good, "more": 1}, {"id": "2"}, {**good, "options": {"scale": 3}}]
    (folder / "queue.json").write_text(json.dumps({"version": 1, "rows": rows}))

    async def look(queue: Queue, _: Path) -> None:
        assert [*queue.rows] == ["1"]

    _run(tmp_path, look)


def test_one_app_at_a_time_has_a_queue(tmp_path: Path) -> None:
    with QueueFile(tmp_path) as file:
        file.opened_at("http://127.0.0.1:1/")
        with pytest.raises(BusyError, match=r"open http://127\.0\.0\.1:1/"):
            QueueFile(tmp_path)
    QueueFile(tmp_path).__exit__()


def test_outputs_have_names_of_their_own(tmp_path: Path) -> None:
    async def add(queue: Queue, folder: Path) -> None:
        (path,) = _films(folder, 1)
        (folder / "0-enlarged.mp4").write_bytes(b"x")
        odd = folder / "old.wmv"
        odd.write_bytes(b"x")
        rows, _ = queue.add([path, path, str(odd), str(folder)], {})
        names = [Path(row.target).name for row in rows]
        made = ["0-enlarged-2.mp4", "0-enlarged-3.mp4", "old-enlarged.mkv"]
        assert names == [*made, f"{folder.name}-enlarged"]
        queue.change(rows[:3], {"to": "mkv"})
        names = [Path(row.target).name for row in rows[:3]]
        assert names == ["0-enlarged.mkv", "0-enlarged-2.mkv", "old-enlarged.mkv"]

    _run(tmp_path, add)


def test_options_give_way_to_their_rivals(tmp_path: Path) -> None:
    async def change(queue: Queue, folder: Path) -> None:
        (row,), _ = queue.add(_films(folder, 1), {})
        for options, after in (
            ({"look": "crisp", "skip": 2}, {"look": "crisp", "skip": 2}),
            ({"model": "fast"}, {"model": "fast", "skip": 2}),
            ({"realtime": True}, {"model": "fast", "realtime": True}),
            ({"size": "1080p", "fit": "pad"}, {"size": "1080p", "fit": "pad"}),
            ({"scale": 1}, {"scale": 1}),
            ({"scale": None, "audio": False}, {"audio": False}),
            ({"audio": True}, {}),
        ):
            queue.change([row], options)
            assert after.items() <= row.options.items()
            assert row.options.keys() <= {*after, "model", "realtime"}
        with pytest.raises(UsageError, match="9 is not possible"):
            queue.change([row], {"scale": 9, "look": "crisp"})
        assert "look" not in row.options

    _run(tmp_path, change)


def test_what_changes_is_told_by_name(tmp_path: Path) -> None:
    async def change(queue: Queue, folder: Path) -> None:
        (one, two), _ = queue.add(_films(folder, 2), {})
        queue.move([two], one.id)
        queue.remove([one])
        assert [*queue.rows.values()] == [two]
        with pytest.raises(UsageError, match="no row"):
            queue.named([one.id])

    told = _run(tmp_path, change)
    kinds = [words.partition(" ")[0] for words in told]
    assert kinds == ["row", "row", "queue", "order", "removed", "queue"]


def test_what_is_left_is_not_known_before_it_is(tmp_path: Path) -> None:
    async def count(queue: Queue, folder: Path) -> None:
        (one, two), _ = queue.add(_films(folder, 2), {})
        assert queue.as_json()["seconds_left"] == 0
        queue.start()
        assert queue.as_json()["seconds_left"] is None
        one.plan, two.plan, queue.pace = {"seconds": 10.0}, {"seconds": 20.0}, 1.5
        assert queue.as_json()["seconds_left"] == 45
        one.state, one.progress = "running", {"seconds_left": 4.0}
        assert queue.as_json()["seconds_left"] == 34

    _run(tmp_path, count)


def test_rows_are_done_again_or_watched_where_that_makes_sense(tmp_path: Path) -> None:
    async def change(queue: Queue, folder: Path) -> None:
        (one, all_of_it), _ = queue.add([*_films(folder, 1), str(folder)], {})
        Path(one.target).write_bytes(b"x")
        one.state = all_of_it.state = "done"
        queue.retry([one, all_of_it])
        assert Path(one.target).name == "0-enlarged-2.mp4"
        assert [one.state, all_of_it.state] == ["looking", "looking"]
        queue.watch([all_of_it], True)
        assert all_of_it.command.endswith(" --watch")
        with pytest.raises(UsageError, match="no folder"):
            queue.watch([one], True)

    _run(tmp_path, change)


def test_the_queue_has_a_limit(tmp_path: Path) -> None:
    async def fill(queue: Queue, folder: Path) -> None:
        (path,) = _films(folder, 1)
        rows = {str(n): Row(str(n), "file", path, "/x") for n in range(2000)}
        queue.rows |= rows
        made, refused = queue.add([path], {})
        assert made == []
        assert "2000 rows" in refused[0]["error"]
        queue.rows.clear()

    _run(tmp_path, fill)


def test_each_option_is_described_for_a_page() -> None:
    found = {one["name"]: one for one in choices.offered()}
    assert found["look"]["choices"][0] == found["look"]["default"] == "faithful"
    assert found["skip"] == {
        "name": "skip",
        "kind": "number",
        "least": 1,
        "most": None,
        "whole": True,
        "default": 1,
        "group": "speed",
    }
    strength = found["strength"]
    assert (strength["least"], strength["most"]) == (0, 1.5)
    assert found["audio"]["kind"] == "bool"
    assert found["deadline"]["kind"] == "text"
    assert [look["name"] for look in choices.looks()] == found["look"]["choices"]
    json.dumps([*found.values()])


def test_updates_of_many_rows_wait_once_each() -> None:
    async def run() -> None:
        values = {f"row {n}": 0 for n in range(200)}
        asked: list[list[str]] = []

        def told(names: list[str]) -> list[tuple[str, object]]:
            asked.append(names)
            return [("row", [name, values[name]]) for name in names if name in values]

        hub = Hub(told)
        stream = aiter(hub.stream())
        hub.tell("row 0")
        first = await anext(stream)
        assert first.startswith(b"id: 1\nevent: row\ndata: ")
        for number in range(5000):
            values[f"row {number % 200}"] = number
            hub.tell(f"row {number % 200}")
        got = [await anext(stream) for _ in range(200)]
        assert asked == [["state", "row 0"], [f"row {n}" for n in range(200)]]
        assert b'["row 7",4807]' in got[7]
        hub.close()
        assert [one async for one in stream] == []

    asyncio.run(run())


def test_streams_have_a_limit_and_are_given_back() -> None:
    async def run() -> None:
        hub = Hub(lambda names: [("state", names)])
        streams = [hub.stream() for _ in range(MOST_STREAMS)]
        with pytest.raises(BusyError):
            hub.stream()
        await anext(streams[0])
        await streams[0].aclose()
        await anext(hub.stream())

    asyncio.run(run())


def test_films_that_were_sent_are_made_among_the_user_s(tmp_path: Path) -> None:
    home, uploads = tmp_path / "home", Uploads(tmp_path / "uploads", 1 << 20)
    (home / "Videos").mkdir(parents=True)
    uploads.folder.mkdir()

    async def chunks() -> Any:  # noqa: ANN401
        yield write_clip(tmp_path / "x.mp4").read_bytes()

    path = asyncio.run(uploads.take("sent.mp4", None, chunks()))
    assert uploads.holds(path)
    with QueueFile(tmp_path / "state") as file:
        roots = Roots([home], hidden=[uploads.folder])

        async def add() -> Row:
            (row,), _ = Queue(file, roots, uploads, lambda *n: None).add(
                [str(path)], {}
            )
            return row

        target = Path(asyncio.run(add()).target)
    assert target == (home / "Videos").resolve() / "sent-enlarged.mp4"
    uploads.forget(path)
    assert [*uploads.folder.iterdir()] == []


def test_what_was_made_while_the_app_was_gone_is_done(tmp_path: Path) -> None:
    made, begun = tmp_path / "made.mp4", tmp_path / "begun.mp4"
    made.write_bytes(b"x")
    for target, options, state in (
        (made, {}, "done"),
        (begun, {}, "waiting"),
        (made, {"overwrite": True}, "waiting"),
    ):
        row = Row("1", "file", "/a.mp4", str(target), options, state="running")
        assert Row.of(row.kept()).state == state


def _say(connection: Connection) -> None:
    serve(connection, {"say": lambda: "heard"})


@pytest.mark.skipif(sys.platform != "linux", reason="/proc tells what stands still")
def test_who_is_held_stands_still_even_if_it_starts_meanwhile() -> None:
    def is_still() -> bool:
        (child,) = active_children()
        status = Path(f"/proc/{child.pid}/stat").read_text().rpartition(")")[2]
        return status.split()[0] == "T"

    async def run() -> None:
        answerer = Answerer(_say)
        with answerer.held():
            asked = asyncio.create_task(answerer.ask("say"))
            while not active_children() or not is_still():
                await asyncio.sleep(0.01)
            assert not asked.done()
        assert await asked == "heard"
        await answerer.close()

    asyncio.run(run())
