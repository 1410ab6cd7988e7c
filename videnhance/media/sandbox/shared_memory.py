"""Memory that a child writes pictures into and its parent only reads."""

import mmap
import os
import sys
from collections.abc import Sequence

import numpy as np

from videnhance.frame import Layout, Plane
from videnhance.frame.geometry import Size

if sys.platform == "linux":
    import fcntl

__all__ = ["SharedMemory", "SlotWriter", "planes_in", "sealable_memory"]

_SHARED_BYTES = 32 << 20
_FEWEST, _MOST = 2, 8
_ALIGNED = 64
"""Each slot begins where samples of any kind may."""


class SlotWriter:
    """The child's view: the next picture goes into the next slot."""

    def __init__(self, descriptor: int, count: int, slot_bytes: int) -> None:
        self._memory = mmap.mmap(descriptor, count * slot_bytes)
        self._count = count
        self._slot_bytes = slot_bytes
        self._used = 0

    def put(self, planes: Sequence[Plane]) -> None:
        """Copies the planes of one picture there."""
        start = self._used % self._count * self._slot_bytes
        self._used += 1
        for plane in planes:
            place = np.frombuffer(self._memory, plane.dtype, plane.size, start)
            np.copyto(place.reshape(plane.shape), plane)
            start += plane.nbytes


class SharedMemory:
    """The parent's view; `close` gives the memory back."""

    def __init__(self) -> None:
        self.descriptor = sealable_memory()
        """To be inherited by the child; -1 if the system has no such memory."""
        self.slots = _FEWEST
        self.slot_bytes = 0
        self._memory: mmap.mmap | None = None

    def open(self, frame_bytes: int) -> None:
        """Sets the size, for good. Raises OSError if the child has been at it."""
        self.slots = max(_FEWEST, min(_SHARED_BYTES // frame_bytes, _MOST))
        self.slot_bytes = -(-frame_bytes // _ALIGNED) * _ALIGNED
        if self.descriptor >= 0:
            self._memory = _sealed(self.descriptor, self.slots * self.slot_bytes)

    def slot(self, index: int) -> memoryview | None:
        """What the child wrote for this picture; None if it comes another way."""
        if self._memory is None:
            return None
        start = index % self.slots * self.slot_bytes
        return memoryview(self._memory)[start : start + self.slot_bytes]

    def close(self) -> None:
        """Gives the memory back, as soon as no view of it is left."""
        self._memory = None
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1


def planes_in(memory: memoryview, layout: Layout, *, size: Size) -> tuple[Plane, ...]:
    """Copies of the planes that lie one after the other in `memory`."""
    kind = np.dtype("u1" if layout.depth == 8 else "<u2")
    planes, start = [], 0
    for part in layout.plane_sizes(size):
        there = np.frombuffer(memory, kind, part.area, start)
        planes.append(there.reshape(part.height, part.width).copy())
        start += there.nbytes
    return tuple(planes)


def sealable_memory() -> int:
    """A descriptor of memory whose size can be sealed; -1 if the system has none."""
    if sys.platform != "linux":
        return -1
    return os.memfd_create("videnhance", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)


def _sealed(descriptor: int, size: int) -> mmap.mmap | None:
    """The memory for reading, of this size for good."""
    if sys.platform != "linux":
        return None
    os.ftruncate(descriptor, size)
    # A child that shrank it would kill this process with SIGBUS.
    seals = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL
    fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, seals)
    return mmap.mmap(descriptor, size, prot=mmap.PROT_READ)
