"""Empty packets behind a transport stream too short to be known as one."""

from pathlib import Path

__all__ = ["stuffed"]

_LEAST_PACKETS = 16
"""FFmpeg's own demuxer, and so most players, look at about ten."""
_NULL = b"\x47\x1f\xff\x10" + b"\xff" * 184
"""ISO/IEC 13818-1, 2.4.3.3: a packet to be thrown away."""


def stuffed(path: Path, container: str) -> None:
    """Fills up a short transport stream with null packets; leaves others as they are.

    `container` is FFmpeg's name. Raises OSError as the disk does.
    """
    size = path.stat().st_size
    missing = _LEAST_PACKETS - size // len(_NULL)
    if container != "mpegts" or not size or missing <= 0:
        return
    data = path.read_bytes()
    # The packets of .m2ts are longer, and its muxer fills them up itself.
    if size % len(_NULL) == 0 and set(data[:: len(_NULL)]) == {_NULL[0]}:
        with path.open("ab") as file:
            file.write(_NULL * missing)
