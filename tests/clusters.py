"""A Dask cluster on this machine, talking over real sockets, for tests."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

__all__ = ["local_cluster"]


@contextmanager
def local_cluster(
    workers: int = 2, processes: bool = False, resources: dict[str, float] | None = None
) -> Iterator[Any]:
    """Workers of one thread; gives the cluster, which has a `scheduler_address`."""
    # Imported here: the tests that need it are skipped where it is absent.
    from distributed import LocalCluster

    with LocalCluster(
        n_workers=workers,
        threads_per_worker=1,
        processes=processes,
        protocol="tcp://",
        host="127.0.0.1",
        dashboard_address="127.0.0.1:0",
        resources=resources,
        silence_logs=50,
    ) as cluster:
        yield cluster
