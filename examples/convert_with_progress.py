"""Converts a film, says how far it is, and ends in order on Ctrl+C.

python examples/convert_with_progress.py in.mp4 out.mp4
"""

import sys

import videnhance


def show(progress: videnhance.Progress) -> None:
    """Rewrites one line of the terminal."""
    if progress.share is None:
        words = f"{progress.frames} frames"
    else:
        left = progress.seconds_left
        words = f"{progress.share:.0%}" + (f", {left:.0f} s left" if left else "")
    print(f"\r{words}, {progress.frames_per_second:.1f} frames/s ", end="", flush=True)


def main(source: str, target: str) -> None:
    """Converts every second frame by the network, the others by motion."""
    try:
        report = videnhance.convert(
            source, target, skip=2, overwrite=True, on_progress=show
        )
    except videnhance.VidenhanceError as error:
        sys.exit(f"\n{error}")
    print(f"\n{report.frames_out} frames by {report.engine}: {report.target}")
    for notice in (*report.notices, *report.later_notices):
        print(f"note: {notice}")


if __name__ == "__main__":
    main(*sys.argv[1:])
