"""A Dask cluster in this process, talking over real sockets, for tests."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

__all__ = ["local_cluster"]


@contextmanager
def local_cluster(
    workers: int = 2, threads: int = 1, resources: dict[str, float] | None = None
) -> Iterator[Any]:
    """Gives the cluster, which has a `scheduler_address`."""
    # Imported here: the tests that need it are skipped where it is absent.
    from distributed import LocalCluster

    with LocalCluster(
        n_workers=workers,
        threads_per_worker=threads,
        processes=False,
        protocol="tcp://",
        host="127.0.0.1",
        dashboard_address="127.0.0.1:0",
        resources=resources,
        silence_logs=50,
    ) as cluster:
        yield cluster
