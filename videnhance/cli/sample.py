"""`sample`: a page that shows a conversion before the long run."""

import re
import shlex
import webbrowser
from typing import Any

import click

from videnhance.cli.fields import FILE, options_from
from videnhance.cli.help import in_section, with_options
from videnhance.cli.options import ENCODER, SHARED, convert_options
from videnhance.cli.process import signals
from videnhance.cli.profiles import ProfileCommand
from videnhance.cli.progress import FrameBar, is_watched
from videnhance.errors import UsageError, printable
from videnhance.options import ConvertOptions

__all__ = ["sample"]

_page = in_section("Page")


@click.command(
    cls=ProfileCommand,
    check=lambda words: options_from(words, ConvertOptions),
    common=("to", "tries", "open_it", "scale", "size", "skip", "look", "overwrite"),
    examples=(
        "videnhance sample in.mp4                   three looks, in in-sample.html",
        "videnhance sample in.mp4 --look crisp      one",
        'videnhance sample in.mp4 --try "look=natural" --try "look=crisp skip=2"',
        "videnhance sample in.mkv --size 1080p --start 10:00 --end 20:00",
    ),
)
@with_options(
    click.argument("source", type=FILE, metavar="IN"),
    _page("--to PAGE", "The page to write.", shown="IN-sample.html", type=FILE),
    _page(
        "--try OPTIONS",
        'A way to compare, as "look=crisp skip=2"; may be given up to six times.',
        name="tries",
        shown="three looks",
        multiple=True,
    ),
    _page("--open", "Show the page in the browser.", name="open_it", is_flag=True),
    _page("-y --overwrite", "Replace the page; else an error.", is_flag=True),
    *ENCODER,
    *SHARED,
)
def sample(**words: Any) -> None:
    """Writes a page that shows what a conversion of IN looks like, and takes.

    Some telling seconds are converted in several ways: to look at under a slider and as
    clips, to judge blind, with the time, the size and the command for the whole.
    """
    from videnhance.pipeline.motion import load_opencv

    load_opencv()
    from videnhance.web.sample.run import sample as made

    tries = [_parsed(text) for text in words["tries"]]
    options = options_from(words, ConvertOptions)
    with signals(), FrameBar(shown=_shows(words)) as bar:
        found = made(
            words["source"],
            words["to"],
            options,
            tries=tries,
            on_progress=lambda so_far: bar.advanced(so_far.frames, so_far.total),
        )
    if not words["quiet"]:
        for way in found.tried:
            click.echo(f"{way.name}: {way.takes}\n  {way.command}")
        click.echo(f"videnhance: look at {printable(found.page)}", err=True)
    if words["open_it"]:
        webbrowser.open(found.page.absolute().as_uri())


@click.command(add_help_option=False)
@convert_options
def _options(**words: Any) -> None:
    """What a way to compare may say."""


def _shows(words: dict[str, Any]) -> bool:
    return is_watched() and words["progress"] == "bar" and not words["quiet"]


def _parsed(text: str) -> dict[str, Any]:
    """The options of `look=crisp skip=2`, by their fields. Raises UsageError."""
    args: list[str] = []
    try:
        for word in shlex.split(text):
            key, equals, value = word.partition("=")
            if word.startswith("-") or not re.fullmatch(r"[a-z][a-z-]*", key):
                args.append(word)
            elif len(key) == 1:
                args += [f"-{key}", value]
            else:
                args.append(f"--{key}{equals}{value}")
        asked = _options.make_context("--try", args)
    except click.UsageError as error:
        words = error.format_message()
        raise UsageError(f'--try "{printable(text)}": {words}') from error
    except ValueError as error:
        words = f"{error}: quote as in a shell"
        raise UsageError(f'--try "{printable(text)}": {words}') from error
    given = {
        name
        for name in asked.params
        if asked.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE
    }
    options = options_from(asked.params, ConvertOptions)
    fields = {"no_audio": "audio", "extra": "encoder_options"}
    names = {fields.get(name, name) for name in given}
    if unknown := [n for n in names if not hasattr(options, n)]:
        raise UsageError(
            f'--try "{printable(text)}": {unknown[0]} is no option of a conversion; '
            "use such as look=crisp, skip=2, size=1080p"
        )
    return {name: getattr(options, name) for name in names}
