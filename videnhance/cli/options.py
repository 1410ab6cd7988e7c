"""The options of `convert`, and those that `batch`, `live` and `preview` share with it.

Here are the words that help shows; types and defaults are those of the fields.
"""

import click

from videnhance.cli.fields import FILE, TIME, field_option, pairs
from videnhance.cli.help import complete_model, with_options

__all__ = [
    "AMOUNTS",
    "DEVICE",
    "ENCODER",
    "FUSE",
    "LOOK",
    "PRECISION",
    "SHARED",
    "SPAN",
    "TRUST_MODEL",
    "VIDEO_TRACK",
    "convert_options",
]

_AT_LEAST_1 = click.IntRange(min=1)
_input, _output = field_option("Input"), field_option("Output")
_picture, _speed = field_option("Picture"), field_option("Speed")
_streams, _safety = field_option("Sound and streams"), field_option("Safety")
_machine, _messages = field_option("Machine"), field_option("Messages")

VIDEO_TRACK = _input(
    "--video-track N",
    "Which video of a file, from 0 as FFmpeg's v:N.",
    shown="the main film",
    type=click.IntRange(min=0),
)
PRECISION = _speed(
    "--precision", "Arithmetic of the network; auto takes the faster one."
)
DEVICE = _speed("--device", "What runs the network; auto takes CUDA if it is there.")
AMOUNTS = (
    _picture(
        "--strength SHARE",
        "How much the network adds: 0 (plain resize), 1, to 1.5 (more than it says).",
    ),
    _picture("--grain SHARE", "How much comes back of the grain that it takes."),
)
FUSE = _picture(
    "--fuse SHARE",
    "Share of the last residual, moved, in each frame: 0 to 1; 0.3 gains some "
    "hundredths of a dB for a few milliseconds.",
)
LOOK = _picture(
    "--look",
    "How it looks: true to the source; visibly better and still true; sharp and clean "
    "at first sight; for animation; for bad sources.",
)
TRUST_MODEL = (
    "--trust-model",
    ("Run a model that does not come with videnhance: it is a program."),
)
ENCODER = (
    _output(
        "-c --codec NAME",
        "Encoder of the video, as FFmpeg names it.",
        shown="libx264, or as OUT needs",
    ),
    _output(
        "--crf N",
        "Quality on the encoder's scale: less is better and larger.",
        shown="x264 18, x265 20, av1 26",
    ),
    _output(
        "--preset NAME",
        "The encoder's own: a slower one makes smaller files.",
        shown="a fast one",
    ),
    _output(
        "--pix-fmt NAME",
        "Pixel format, as FFmpeg names it, or `source`.",
        shown="source; in .mp4 and .mov what plays",
    ),
    _output(
        "-e KEY=VALUE",
        "An option of the encoder itself; may be given more than once.",
        name="extra",
        multiple=True,
        callback=pairs,
    ),
)
SHARED = (
    _input(
        "--start TIME",
        "Begin there: seconds, M:SS or H:MM:SS.",
        shown="the beginning",
        **TIME,
    ),
    _input(
        "--end TIME", "Stop there: seconds, M:SS or H:MM:SS.", shown="the end", **TIME
    ),
    _input("--max-frames N", "Stop after N.", shown="all"),
    VIDEO_TRACK,
    _input(
        "--rate FPS",
        "Frames a second of a sequence of pictures or raw video.",
        shown="25",
    ),
    _picture("--scale N", "Enlarge 1 (same size, cleaner), 2 or 4 times.", shown="2"),
    _picture(
        "--size SIZE",
        "Enlarge to 1080p, 4k, 1280x720, 1280x or x720 instead.",
        shown="--scale",
    ),
    _picture(
        "--fit",
        "How a picture of another shape comes into --size: smaller, cropped, "
        "with black borders, or distorted.",
    ),
    LOOK,
    _picture(
        "-m --model MODEL",
        "Network, instead of a look: a name (see `videnhance model list`), a card "
        "(.json), or weights (.pth, .safetensors).",
        shown="the look's",
        shell_complete=complete_model,
    ),
    _picture(
        "--clean SHARE",
        "Network, instead of a look: from 0, true to the source, to 1, cleaned of "
        "noise and blocks.",
        shown="the look's",
        type=click.FloatRange(0, 1),
    ),
    *AMOUNTS,
    FUSE,
    _picture(
        "--deinterlace",
        "Make whole pictures of fields: where they comb, always, never.",
    ),
    _speed(
        "--skip N", "Run the network on every Nth frame; every frame and time stays."
    ),
    _speed(
        "--target-fps FPS",
        "Hold so many frames a second: the network sees what there is time for.",
        shown="no hurry",
    ),
    _speed("--realtime", "Hold the source's own rate in the same way.", is_flag=True),
    _speed(
        "--deadline TIME",
        "Be done in so long (2h, 1h30m, 45s), or at a time of day (18:30).",
        shown="no hurry",
    ),
    _speed(
        "--reuse",
        "Parts that did not change keep their result; the output is the same.",
    ),
    PRECISION,
    DEVICE,
    _speed(
        "--workers N",
        "Worker threads; 0 uses none, with the same result.",
        shown="processor cores",
    ),
    _speed(
        "--tile PIXELS",
        "Side of the largest patch for the network; the output is the same.",
        type=click.IntRange(min=32),
    ),
    _speed(
        "--cluster ADDRESS",
        "Let the workers of this Dask scheduler do it.",
        shown="this machine",
    ),
    _streams("--no-audio", "Leave all sound out; else it is kept.", is_flag=True),
    _safety("--discard", "Start over; else unfinished work of OUT goes on."),
    _safety(
        "--segment FRAMES",
        "Frames that are finished, and kept after a stop, at once.",
        shown="100 to 250",
        type=_AT_LEAST_1,
    ),
    _safety("--verify", "Read the packets of the result back, or decode all of it."),
    _safety("--compare", "Measure OUT beside IN, at IN's size, for the report."),
    _safety(
        "--strict",
        "Exit with 4 if the input was damaged or a time was not held; else with 0.",
        is_flag=True,
    ),
    _safety("--limit-pixels PIXELS", "Refuse larger pictures.", shown="8192 x 8192"),
    _safety(*TRUST_MODEL),
    _machine("--max-cpu PERCENT", "Use so much of all cores.", shown="no limit"),
    _machine(
        "--max-memory MB",
        "Use about so much memory, by shorter queues.",
        shown="no limit",
    ),
    _messages(
        "--progress",
        "A bar (lines in a log), a line of JSON for each step, or nothing.",
        default="bar",
        type=click.Choice(["bar", "json", "none"]),
    ),
    _messages("-q --quiet", "Say errors only.", is_flag=True),
    _messages("-v --verbose", "Say what was chosen.", is_flag=True),
)
SPAN = SHARED[:2]
"""--start and --end."""
convert_options = with_options(
    click.argument("files", nargs=-1, type=FILE, metavar="IN OUT"),
    _output("-o --output", "The file to write: OUT.", name="target", type=FILE),
    _input("-i --input", "The video to read: IN.", name="source", type=FILE),
    _output("-y --overwrite", "Replace OUT; else an error if it is."),
    _output("--dry-run", "Say what would be done, kept and lost.", is_flag=True),
    *ENCODER,
    _output(
        "--format", "What goes to standard output if OUT is -.", name="pipe_format"
    ),
    _input(
        "--raw-size WxH",
        "Standard input is raw video of so many pixels.",
        shown="not raw",
    ),
    _input("--raw-format PIX_FMT", "Pixel format of raw video.", shown="yuv420p"),
    *SHARED,
    _machine("--isolate", "Decode in a process of its own, with limits."),
    _machine("--nice", "Let other programs go first."),
    _messages("--report", "Write what was done to a file, as JSON.", type=FILE),
)
"""Gives a command the options of `convert`."""
