"""Whether other machines have the libraries of this one."""

from collections.abc import Mapping

from videnhance.errors import ClusterError

__all__ = ["check_versions"]


def check_versions(
    here: Mapping[str, str], there: Mapping[str, Mapping[str, str]]
) -> None:
    """Raises ClusterError with a table of what differs, if anything does."""
    rows = [
        (machine, library, versions.get(library, "none"), wanted)
        for machine, versions in there.items()
        for library, wanted in here.items()
        if versions.get(library, "none") != wanted
    ]
    if not rows:
        return
    lines = ["machine", "library", "there", "here"], *rows
    widths = [max(len(line[n]) for line in lines) for n in range(4)]
    table = "\n".join(
        "  ".join(word.ljust(width) for word, width in zip(line, widths, strict=True))
        for line in lines
    )
    raise ClusterError(
        "other machines have other versions than this, so their frames could differ: "
        f"install the same everywhere\n{table}"
    )
