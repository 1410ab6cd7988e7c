"""The connection to a Dask scheduler: who is there, what was told, and the tasks.

The user's scheduler and workers are taken as they are: nothing is installed in them,
and nothing stays behind.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from secrets import token_hex
from typing import Any

from videnhance.cluster import compat
from videnhance.cluster.compat import check_versions, load_distributed, topic_of
from videnhance.conversion.fingerprint import library_key
from videnhance.errors import ClusterError, counted, printable

__all__ = ["Call", "Cluster"]

logger = logging.getLogger(__name__)

CONNECT_SECONDS = 15.0
PATIENCE_SECONDS = 60.0
"""How long a cluster may be without a worker: they may just be starting."""
_LOOK_SECONDS = 3.0
"""From one look at the workers to the next."""
_TRIES = 3
"""Of a task that fails by what may pass."""

Call = Any
"""A task that was asked for: Dask's Future."""


class Cluster:
    """An open connection; a `with` block, which calls off what is not done.

    Raises ClusterError, MissingLibraryError.
    """

    def __init__(self, address: str, gpu: bool = False) -> None:
        """`gpu`: the tasks need workers with the resource GPU."""
        self.address = printable(address)
        self.run = token_hex(8)
        """Names this connection among others."""
        self._distributed = load_distributed()
        self._resources = {"GPU": 1} if gpu else None
        self._told: deque[Mapping[str, Any]] = deque()
        self._calls: set[Call] = set()
        self._slots, self._looked, self._seen = 0, 0.0, time.monotonic()
        # A connection that is lost is an error of ours, in words and without a trace.
        logging.getLogger("distributed.client").setLevel(logging.CRITICAL)
        try:
            asyncio.run(self._reached(address))
            self._client = self._opened(address)
        except (OSError, ValueError, RuntimeError, TypeError) as error:
            raise ClusterError(
                f"--cluster {self.address}: no scheduler answers ({_words(error)}); "
                "start one with `dask scheduler`, and give the address that it shows"
            ) from error
        self._client.subscribe_topic(topic_of(self.run), self._hear)

    async def _reached(self, address: str) -> None:
        """Connects once. Raises what Dask does.

        A Client that cannot connect waits half a minute for itself when it is gone.
        """
        security = self._distributed.Security().get_connection_args("client")
        connect = self._distributed.comm.connect
        comm = await connect(address, timeout=CONNECT_SECONDS, **security)
        await comm.close()

    def _opened(self, address: str) -> Any:  # noqa: ANN401 - as of `_asked`
        """Dask's Client. Raises OSError, ValueError, RuntimeError, ClusterError."""
        options = {"timeout": CONNECT_SECONDS, "set_as_default": False}
        try:
            return self._distributed.Client(address, **options)
        except AssertionError:
            # Dask asserts that a thread of its own begins within 10 s. On a machine
            # that is very busy, or stood still, it may begin later.
            logger.debug("Dask's thread did not begin; trying again", exc_info=True)
        try:
            return self._distributed.Client(address, **options)
        except AssertionError as late:
            raise ClusterError(
                f"--cluster {self.address}: Dask's own thread did not begin; this "
                "machine is too busy: try again when it has less to do"
            ) from late

    def __enter__(self) -> "Cluster":
        """Lets all workers load what they will need; does not wait for it."""
        try:
            self._asked(_warmed_up, wait=False, on_error="ignore")
        except BaseException:
            self._client.close()
            raise
        return self

    def __exit__(self, *error: object) -> None:
        try:
            self.call_off()
        finally:
            self._client.close()

    def call_off(self) -> None:
        """Lets go of all tasks; those that run end when they notice."""
        calls = [call for call in self._calls if not call.done()]
        self._calls.clear()
        if calls and self._client.status == "running":
            self._client.cancel(calls)

    def check_workers(self, says: Callable[[str], None]) -> None:
        """Waits for the first worker, which it says, and compares the libraries of all.

        Raises ClusterError if none comes, or if they differ.
        """
        self._seen = time.monotonic()
        if not self.slots():
            says(
                f"--cluster {self.address}: waiting for workers, for up to "
                f"{PATIENCE_SECONDS:.0f} s"
            )
        while not self.slots():
            time.sleep(0.1)
        answers = self._asked(library_key, on_error="return")
        answers["scheduler"] = self._scheduler_key()
        absent = {"videnhance": "cannot be imported"}
        check_versions(
            library_key(),
            {
                place: absent if isinstance(found, Exception) else found
                for place, found in answers.items()
            },
        )

    def _scheduler_key(self) -> Any:  # noqa: ANN401 - as of `_asked`
        """It must know tasks by name, and pass them on."""
        with self._connected():
            try:
                return self._client.run_on_scheduler(library_key)
            except ImportError as error:
                return error

    def slots(self) -> int:
        """Tasks that can run at once; looked up every few seconds.

        Raises ClusterError if the scheduler is lost, or has long been without a worker.
        """
        now = time.monotonic()
        if self._client.status != "running":
            raise self._lost()
        if now - self._looked < _LOOK_SECONDS and self._slots:
            return self._slots
        with self._connected():
            others, self._slots = self._counted()
        self._looked = now
        if self._slots:
            self._seen = now
        elif now - self._seen > PATIENCE_SECONDS:
            raise self._none(others)
        return self._slots

    def _counted(self) -> tuple[int, int]:
        """Workers, and tasks of this kind that they can run at once."""
        if not self._resources:
            threads = self._client.nthreads()
            return len(threads), sum(threads.values())
        # Much more to send, so not for all.
        workers = self._client.scheduler_info(n_workers=-1)["workers"].values()
        gpus = (worker["resources"].get("GPU", 0) for worker in workers)
        return len(workers), int(sum(gpus))

    def submit(
        self, pickled: bytes, sent: Call | None, key: str, priority: int = 0
    ) -> Call:
        """Asks for a task; of those that wait, the highest priority comes first.

        `sent` is what it needs in addition to the pickled call.
        """
        with self._connected():
            call = self._client.submit(
                compat.call,
                pickled,
                sent,
                key=key,
                priority=priority,
                retries=_TRIES,
                resources=self._resources,
                pure=False,
            )
        self._calls.add(call)
        return call

    def sent(self, data: bytes) -> Call:
        """Puts data into the cluster: each worker that needs it gets it once."""
        with self._connected():
            return self._client.scatter(data, hash=True)

    def result(self, call: Call) -> Any:  # noqa: ANN401 - what the task gave
        """What a task that is done gave; None if the cluster lost it.

        Raises ClusterError if it cannot be done, and what the task raised.
        """
        self._calls.discard(call)
        if self._client.status != "running":
            raise self._lost()
        if call.status in ("cancelled", "lost"):
            return None
        if call.status == "error":
            raise self._failure(call)
        try:
            with self._connected():
                return call.result(timeout=PATIENCE_SECONDS)
        except self._distributed.CancelledError:
            return None

    def _failure(self, call: Call) -> BaseException:
        error: BaseException = call.exception()
        if isinstance(error, OSError):
            return ClusterError(
                f"{call.key} failed {_TRIES + 1} times, at last with {_words(error)}: "
                "look into the workers' storage"
            )
        if not isinstance(error, self._distributed.KilledWorker):
            return error
        return ClusterError(
            f"{call.key} ended every worker that made it, at last "
            f"{printable(error.last_worker.address)}: they may lack memory; give them "
            "more of it, or fewer threads"
        )

    def told(self) -> Iterator[Mapping[str, Any]]:
        """What workers have said to this run since the last question."""
        while self._told:
            yield self._told.popleft()

    def _hear(self, event: tuple[float, Mapping[str, Any]]) -> None:
        if event[1].get("run") == self.run:
            self._told.append(event[1])

    def _asked(self, function: Callable[..., Any], **how: object) -> Any:  # noqa: ANN401
        with self._connected():
            return self._client.run(function, **how)

    @contextmanager
    def _connected(self) -> Iterator[None]:
        """Turns what Dask raises without a scheduler into an error in words."""
        client = self._distributed.client
        try:
            yield
        except (OSError, RuntimeError, TimeoutError, client.ClosedClientError) as error:
            raise self._lost() from error

    def _none(self, others: int) -> ClusterError:
        if self._resources and others:
            return ClusterError(
                f"--device cuda: none of the {counted(others, 'worker')} of "
                f"{self.address} offers a GPU; start one with `dask worker --resources "
                "GPU=1`"
            )
        return ClusterError(
            f"--cluster {self.address}: no worker for {PATIENCE_SECONDS:.0f} s; start "
            f"one with `dask worker {self.address}`"
        )

    def _lost(self) -> ClusterError:
        return ClusterError(
            f"--cluster {self.address}: the connection to the scheduler is lost; when "
            "it is there again, repeat the command"
        )


async def _warmed_up() -> None:
    import videnhance.cluster.worker

    await asyncio.sleep(0)
    del videnhance


def _words(error: BaseException) -> str:
    return printable(str(error).strip().splitlines()[0] if str(error) else error)
