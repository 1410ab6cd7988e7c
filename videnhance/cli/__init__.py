"""The command line: the group of its words, and how their failures end it.

Each word has a module of its own, which is loaded when the word is said: the help of
all comes at once. The only home of click and tqdm.
"""

import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem, get_completion_class

from videnhance import __version__
from videnhance.cli.help import Command
from videnhance.cli.process import INTERRUPTED, prepare_streams
from videnhance.errors import InputError, VidenhanceError, nearest, printable
from videnhance.system.startup import end

__all__ = ["app", "main"]

_WORDS = {
    "app": "Opens the desktop app: see films, queue them.",
    "batch": "Converts a folder, as far as it is not done.",
    "bench": "Measures the speed of this machine.",
    "compare": "Measures how near videos are to an original.",
    "completion": "Prints what completes words by Tab in a shell.",
    "convert": "Converts a video, a picture, a sequence.",
    "doctor": "Says what works on this machine, for a report.",
    "live": "Shows a camera, a file or a stream, enhanced.",
    "model": "Lists, tests, trains, quantizes and exports networks.",
    "preview": "Shows a conversion in a window, to try settings.",
    "probe": "Says what is known of a file, or of its conversion.",
    "profile": "Keeps options under a name, for --profile NAME.",
    "sample": "Writes a page that shows a conversion before the long run.",
}
"""What each does; it stands in the module of its name."""
_ELSEWHERE = {"app": "desktop"}
"""By the word the module, where the name is that of the group of all words."""
_TYPO = 0.8
"""Likeness from which a word is a command with a typo rather than a file's name."""
_OWN_OPTIONS = ("--help", "-h", "--version")


class _Failure(click.ClickException):
    """A VidenhanceError as click shows it."""

    def __init__(self, error: VidenhanceError) -> None:
        super().__init__(str(error))
        self.exit_code = error.exit_code  # type: ignore[misc]  # click reads it so

    def show(self, file: Any = None) -> None:
        click.echo(f"videnhance: {self.message}", file=file, err=True)


class _App(click.Group):
    """Commands, where a file in the first place means `convert`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_WORDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in _WORDS and cmd_name not in self.commands:
            home = _ELSEWHERE.get(cmd_name, cmd_name)
            module = import_module(f"{__name__}.{home}")
            self.add_command(getattr(module, home))
        return super().get_command(ctx, cmd_name)

    def format_commands(
        self, ctx: click.Context, formatter: click.HelpFormatter
    ) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(_WORDS.items()))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        word = args[0]
        if self.get_command(ctx, word) is None:
            is_typo = nearest(word, _WORDS, likeness=_TYPO)
            if not (_is_video(word) or is_typo or ctx.resilient_parsing):
                raise InputError(
                    f"{printable(word)} does not exist: check the name; no command is "
                    f"called so, either{nearest(word, _WORDS)}"
                )
            if is_typo and not (_is_video(word) or ctx.resilient_parsing):
                # Click suggests, of all words, those whose modules are loaded.
                ctx.fail(f"No such command '{word}'{is_typo}.")
            if _is_video(word):
                args = ["convert", *args]
        return super().resolve_command(ctx, args)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        # `videnhance --skip 2 in.mp4 out.mp4`: options of convert before its files.
        if args and args[0].startswith("-") and args[0] not in _OWN_OPTIONS:
            args = ["convert", *args]
        return super().parse_args(ctx, args)

    def shell_complete(
        self, ctx: click.Context, incomplete: str
    ) -> list[CompletionItem]:
        """Files where no command begins so."""
        files = CompletionItem(incomplete, type="file")
        words = [
            CompletionItem(word, help=effect)
            for word, effect in _WORDS.items()
            if word.startswith(incomplete)
        ]
        return [files, *words, *click.Command.shell_complete(self, ctx, incomplete)]

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except VidenhanceError as error:
            raise _Failure(error) from error
        except KeyboardInterrupt:
            click.echo("videnhance: interrupted", err=True)
            ctx.exit(INTERRUPTED)


def _is_video(word: str) -> bool:
    marks = (".", "/", "\\", "*")
    return word == "-" or any(m in word for m in marks) or Path(word).exists()


@click.group(cls=_App, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="videnhance")
def app() -> None:
    """Enlarges video with a small network on ordinary computers.

    videnhance IN OUT [--skip N] converts a file; see `videnhance convert --help`.
    """


@app.command(
    cls=Command,
    examples=(
        'eval "$(videnhance completion bash)"       a line for ~/.bashrc',
        'eval "$(videnhance completion zsh)"        a line for ~/.zshrc',
        "videnhance completion fish | source        a line for fish's config.fish",
    ),
)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Prints what completes commands and options by Tab in SHELL."""
    made = get_completion_class(shell)
    assert made is not None
    click.echo(made(app, {}, "videnhance", "_VIDENHANCE_COMPLETE").source())


def main() -> None:
    """The program `videnhance`."""
    prepare_streams()
    try:
        Path.cwd()
    except OSError as error:  # libraries look there when they are loaded, and give up
        click.echo(
            f"videnhance: the current folder cannot be entered ({error.strerror}): "
            "go to another one",
            err=True,
        )
        sys.exit(VidenhanceError.exit_code)
    try:
        app()
    except SystemExit as done:
        # Click's codes are numbers.
        end(done.code if isinstance(done.code, int) else 0)
