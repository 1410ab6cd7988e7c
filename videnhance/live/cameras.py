"""The cameras of this machine: what they are called, and which one a word means."""

from dataclasses import dataclass
from pathlib import Path

from videnhance.errors import InputError, printable

__all__ = ["Camera", "camera_for", "cameras", "listed"]

_KNOWN = Path("/sys/class/video4linux")
"""Where Linux tells of them; other systems give numbers only."""
_DEVICES = Path("/dev")


@dataclass(frozen=True, slots=True)
class Camera:
    """One camera."""

    place: str
    """Its number, or the path of its device."""
    name: str

    def __str__(self) -> str:
        return f"{self.place}  {printable(self.name)}"


def cameras(known: Path = _KNOWN) -> list[Camera]:
    """The cameras that the system names, by number."""
    found = []
    for folder in known.glob("video*"):
        number = folder.name.removeprefix("video")
        # A camera's further devices deliver facts about pictures, not pictures.
        if number.isdecimal() and _text(folder / "index") in ("0", ""):
            found.append(Camera(number, _text(folder / "name") or folder.name))
    return sorted(found, key=lambda camera: int(camera.place))


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""


def camera_for(word: str, found: list[Camera]) -> Camera:
    """The camera that a number, a device path or (a part of) a name means.

    Raises InputError for a name that none, or more than one, has. Whether a number or
    a path is there, opening it tells.
    """
    if word.isdecimal():
        named = {camera.place: camera.name for camera in found}
        return Camera(word, named.get(word, f"camera {word}"))
    if Path(word).is_relative_to(_DEVICES):
        return Camera(word, word)
    fitting = [camera for camera in found if word.lower() in camera.name.lower()]
    if len(fitting) == 1:
        return fitting[0]
    many = "more than one camera is" if fitting else "there is no file or camera"
    raise InputError(f"{many} called {printable(word)}; {listed(fitting or found)}")


def listed(found: list[Camera]) -> str:
    """The cameras in words, for a message."""
    if not found:
        return (
            "no camera is named by the system: plug one in, or name a file, an address "
            "(rtsp://, http://), or --test-pattern"
        )
    return "cameras: " + ", ".join(map(str, found))
