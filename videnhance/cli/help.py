"""Commands whose help has sections: common options first, --help-all, examples.

Written on click's own formatter, which wraps to the terminal's width: sections are all
that a package for help would add. There are no colours, so NO_COLOR has nothing to do.
"""

from collections.abc import Callable, Iterable
from itertools import chain
from textwrap import fill
from typing import Any

import click
from click.shell_completion import CompletionItem

__all__ = [
    "Command",
    "Decorator",
    "SectionedOption",
    "complete_model",
    "in_section",
    "with_options",
]

Decorator = Callable[[Any], Any]
_ALL = "videnhance.help_all"
_REST = "Other"


class SectionedOption(click.Option):
    """An option that stands in a section of help."""

    def __init__(self, *given: Any, section: str, **named: Any) -> None:
        super().__init__(*given, **named)
        self.section = section


def in_section(section: str) -> Callable[..., Decorator]:
    """What makes the options of a section from the words that help shows."""

    def make(
        words: str,
        effect: str,
        *,
        name: str | None = None,
        shown: str | bool = True,
        **named: Any,
    ) -> Decorator:
        """`words` as `-m --model MODEL`; `shown` is a default that is found later."""
        flags = [word for word in words.split() if word.startswith("-")]
        return click.option(
            *flags,
            *([name] if name else ()),
            cls=SectionedOption,
            section=section,
            metavar=" ".join(words.split()[len(flags) :]) or None,
            help=effect,
            show_default=shown,
            **named,
        )

    return make


def with_options(*options: Decorator) -> Decorator:
    """Gives a command these options and arguments, in the order that help shows."""

    def give(command: Any) -> Any:
        for option in reversed(options):
            command = option(command)
        return command

    return give


def complete_model(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """The models that begin so, or files."""
    from videnhance.models.card import card_names

    del ctx, param
    names = [name for name in card_names() if name.startswith(incomplete)]
    files = CompletionItem(incomplete, type="file")
    return [files, *map(CompletionItem, names)]


class Command(click.Command):
    """A command whose help has sections, examples, and --help-all if it is long."""

    def __init__(
        self,
        *given: Any,
        common: Iterable[str] = (),
        examples: Iterable[str] = (),
        **named: Any,
    ) -> None:
        """`common` names the parameters of the short help; without it all are shown."""
        super().__init__(*given, **named)
        # click keeps the option that it makes first, also where there is no group.
        self.context_settings["help_option_names"] = ["-h", "--help"]
        self.common, self.examples = tuple(common), tuple(examples)
        if self.common:
            self.params.append(_help_all())

    def format_options(
        self, ctx: click.Context, formatter: click.HelpFormatter
    ) -> None:
        """Writes the options, and the examples after them."""
        options = [p for p in self.get_params(ctx) if isinstance(p, click.Option)]
        sections: dict[str, list[click.Option]] = {}
        for option in options:
            section = getattr(option, "section", _REST)
            sections.setdefault(section, []).append(option)
        rest = sections.pop(_REST, [])
        if self.common and not ctx.meta.get(_ALL):
            named = {option.name: option for option in options}
            common = [named[name] for name in self.common if name in named]
            _write(ctx, formatter, sections={"Options": common + rest})
            _write_names(formatter, sections, common=common)
        else:
            if len(sections) < 2:
                rest, sections = [*chain(*sections.values()), *rest], {}
            last = _REST if sections else "Options"
            _write(ctx, formatter, sections={**sections, last: rest})
        if self.examples:
            with formatter.section("Examples"):
                for line in self.examples:
                    formatter.write(f"  {line}\n")


def _help_all() -> click.Option:
    def show(ctx: click.Context, param: click.Parameter, value: bool) -> None:
        del param
        if value:
            ctx.meta[_ALL] = True
            click.echo(ctx.get_help())
            ctx.exit()

    return click.Option(
        ["--help-all"],
        is_flag=True,
        is_eager=True,
        expose_value=False,
        callback=show,
        help="Show all options and exit.",
    )


def _write(
    ctx: click.Context,
    formatter: click.HelpFormatter,
    *,
    sections: dict[str, list[click.Option]],
) -> None:
    for title, options in sections.items():
        records = [option.get_help_record(ctx) for option in options]
        with formatter.section(title):
            formatter.write_dl([record for record in records if record])


def _write_names(
    formatter: click.HelpFormatter,
    sections: dict[str, list[click.Option]],
    *,
    common: list[click.Option],
) -> None:
    """Which other options there are: enough to know what to look for."""
    names = {
        title: ", ".join(max(o.opts, key=len) for o in options if o not in common)
        for title, options in sections.items()
    }
    rows = [(title, words) for title, words in names.items() if words]
    wide = max(len(title) for title, _ in rows) + 4
    with formatter.section("More, told by --help-all"):
        for title, words in rows:
            lines = fill(
                words,
                formatter.width,
                initial_indent=f"  {title}".ljust(wide),
                subsequent_indent=" " * wide,
                break_on_hyphens=False,
            )
            formatter.write(f"{lines}\n")
