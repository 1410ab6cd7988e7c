"""Puts a sample into one HTML file: no part of it lies elsewhere, nothing is asked for.

Stills and clips stand as base64 in scripts that no browser runs, each by its name:
`still-MOMENT-COLUMN`, `clip-MOMENT-COLUMN`, `thumb-MOMENT`. Column 0 is the source.
"""

import base64
import html
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from videnhance import __version__
from videnhance.conversion.estimate import bytes_words, seconds_words
from videnhance.conversion.prepare import Prepared
from videnhance.quality.moments import Moment
from videnhance.system.threads import available_cores
from videnhance.web.inline import STATIC, joined_script, policy
from videnhance.web.sample.columns import PLAIN, Tried
from videnhance.web.sample.shots import Cut, Shot

__all__ = ["facts_of", "page_of"]

_OWN = Path(__file__).parent / "page"
_STYLES = (STATIC / "theme.css", STATIC / "slider.css", STATIC / "clips.css")
_SCRIPTS = (
    *(STATIC / name for name in ("difference.js", "slider.js", "clips.js")),
    *(_OWN / name for name in ("blind.js", "sample.js")),
)


def facts_of(source: Path, ready: Prepared) -> dict[str, Any]:
    """What the page says of the source."""
    with ready.source(ready.work.job.span) as reader:
        info = reader.info
    about = [f"{info.size}", info.codec]
    if info.rate:
        about.append(f"{float(info.rate):.4g} frames a second")
    if info.duration_seconds:
        about.append(seconds_words(info.duration_seconds))
    about.append(bytes_words(source.stat().st_size))
    return {"name": source.name, "about": about}


def page_of(
    facts: Mapping[str, Any],
    tried: Sequence[Tried],
    *,
    moments: Sequence[Moment],
    shots: Sequence[Sequence[Shot]],
    cuts: Sequence[Cut],
) -> str:
    """The page. `shots` are those of the source, enlarged plainly, and of each way."""
    styles = [
        path.read_text(encoding="utf-8") for path in (*_STYLES, _OWN / "sample.css")
    ]
    script = joined_script(_SCRIPTS)
    data = {
        "made": date.today().isoformat(),
        "version": __version__,
        "cores": available_cores(),
        "source": facts,
        "columns": [_plain_column(shots[0]), *map(_column, tried)],
        "moments": [
            {
                "seconds": round(moment.seconds, 3),
                "still": round(shot.still_seconds, 3),
                "why": moment.why,
                "clip": bool(shot.clip),
                "whole": cut == Cut(),
            }
            for moment, shot, cut in zip(moments, shots[0], cuts, strict=True)
        ],
    }
    return (
        (_OWN / "sample.html")
        .read_text(encoding="utf-8")
        .replace("<!-- policy -->", policy(styles=styles, scripts=[script]))
        .replace("<!-- name -->", html.escape(str(facts["name"])))
        .replace("<!-- styles -->", "".join(f"<style>{s}</style>\n" for s in styles))
        .replace("<!-- script -->", f'<script type="module">{script}</script>')
        .replace("<!-- data -->", "\n".join(_data(data, shots)))
    )


def _plain_column(shots: Sequence[Shot]) -> dict[str, Any]:
    return {"name": PLAIN, "what": "the source, enlarged without a network"}


def _column(tried: Tried) -> dict[str, Any]:
    guess = tried.estimate
    known = guess.seconds is not None and guess.bytes is not None
    return {
        "name": tried.name,
        "what": tried.what,
        "command": tried.command,
        "notices": list(tried.notices),
        "rate": round(guess.frames_per_second, 2),
        "seconds": guess.seconds,
        "bytes": guess.bytes,
        "time": seconds_words(guess.seconds or 0) if known else "not known",
        "size": bytes_words(guess.bytes or 0) if known else "not known",
    }


def _data(data: Mapping[str, Any], shots: Sequence[Sequence[Shot]]) -> Iterator[str]:
    """Scripts that hold data. What ends a script stands in none of them."""
    plain = json.dumps(data).replace("<", "\\u003c")
    yield f'<script type="application/json" id="data">{plain}</script>'
    for column, line in enumerate(shots):
        for moment, shot in enumerate(line):
            yield _coded(f"still-{moment}-{column}", shot.still)
            if shot.clip:
                yield _coded(f"clip-{moment}-{column}", shot.clip)
            if not column:
                yield _coded(f"thumb-{moment}", shot.thumb)


def _coded(name: str, data: bytes) -> str:
    text = base64.b64encode(data).decode()
    return f'<script type="text/plain" id="{name}">{text}</script>'
