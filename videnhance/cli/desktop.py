"""`app`: the desktop app, a page of this machine."""

import webbrowser
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from videnhance.cli.fields import FILE
from videnhance.cli.help import Command
from videnhance.errors import UsageError, printable
from videnhance.system.optional import optional

if TYPE_CHECKING:
    from videnhance.web.app.security import Door

__all__ = ["desktop"]

_FEWEST = 8
"""Characters of a password."""


@click.command(
    "app",
    cls=Command,
    examples=(
        "videnhance app                             in the browser",
        "videnhance app films                       with a folder to begin with",
        "videnhance app --listen 0.0.0.0 --password-file key.txt    for another room",
    ),
)
@click.argument("files", nargs=-1, type=click.Path(path_type=Path, exists=True))
@click.option("--no-open", is_flag=True, help="Print the address; open nothing.")
@click.option(
    "--port",
    metavar="N",
    type=click.IntRange(0, 65535),
    show_default="8420, or one that is free",
    help="Where the page is.",
)
@click.option(
    "--listen",
    metavar="ADDRESS",
    default="127.0.0.1",
    show_default=True,
    help="Who may come: this machine, or whoever reaches an address of it.",
)
@click.option("--password", metavar="WORDS", help="For who comes from elsewhere.")
@click.option(
    "--password-file",
    type=FILE,
    metavar="FILE",
    help="The same, which no list of processes shows.",
)
@click.option(
    "--upload-limit",
    metavar="MB",
    type=click.IntRange(1),
    default=8192,
    show_default=True,
    help="Of a file that a browser sends since it does not tell where it is.",
)
def desktop(files: tuple[Path, ...], **options: Any) -> None:
    """Opens the app: see films, choose how they look, and have them converted in turn.

    FILES are added to its queue, and folders of them may be looked into.
    """
    for name in ("starlette", "uvicorn"):
        optional(name, extra="app", failure=f"the app needs {name}")
    from videnhance.web.app.serving import Serving, serve
    from videnhance.web.app.window import has_window

    opens = not options["no_open"]
    window = opens and has_window()
    serving = Serving(
        files=files,
        address=options["listen"],
        port=options["port"],
        password=_password(options),
        most_upload_bytes=options["upload_limit"] << 20,
        window=window,
    )
    # Ctrl+C is the way to end it.
    with suppress(KeyboardInterrupt):
        serve(serving, lambda door: _open(door, opens and not window))
    click.echo("videnhance: the app is closed; its queue is kept", err=True)


def _open(door: "Door", opens: bool) -> None:
    """Says where the app is, and opens it."""
    click.echo(door.url)
    if opens and not webbrowser.open(door.url_once()):
        click.echo("videnhance: open this address in a browser", err=True)


def _password(options: dict[str, Any]) -> str | None:
    """The password that is asked for. Raises UsageError for one that is none."""
    file: Path | None = options["password_file"]
    words: str | None = options["password"]
    if file is not None:
        if words is not None:
            raise UsageError("--password and --password-file say two things; give one")
        try:
            words = file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            why = getattr(error, "strerror", None) or error
            raise UsageError(
                f"--password-file {printable(file)} cannot be read: {why}"
            ) from None
    if words is not None and len(words) < _FEWEST:
        raise UsageError(f"a password has {_FEWEST} characters or more: take a longer")
    return words
