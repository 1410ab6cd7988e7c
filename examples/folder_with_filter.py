"""Converts the films of a folder whose names begin with a word, without drafts.

python examples/folder_with_filter.py films large holiday
"""

import sys

import videnhance


def main(source: str, target: str, word: str) -> None:
    """A second run converts only what is new or has changed."""
    options = videnhance.FolderOptions(
        include=(f"{word}*.mp4", f"{word}*.mkv"), exclude=("drafts",), name="{stem}-x2"
    )
    outcomes = videnhance.convert_folder(source, target, options)
    for outcome in outcomes:
        print(f"{outcome.source}: {outcome.status.value} {outcome.reason}".rstrip())
    if any(outcome.status.value == "failed" for outcome in outcomes):
        sys.exit(1)


if __name__ == "__main__":
    main(*sys.argv[1:])
