"""Puts styles and scripts into one HTML file, under a policy that admits nothing else.

A page that is opened from the disk cannot load modules beside it, so they are joined.
"""

import base64
import hashlib
import re
from collections.abc import Iterable
from pathlib import Path

__all__ = ["STATIC", "joined_script", "policy"]

STATIC = Path(__file__).parent / "static"
"""What all pages share."""
_IMPORT = re.compile(r'^import \{[^}]*\} from "\./[\w./]+";\n', re.MULTILINE)


def joined_script(files: Iterable[Path]) -> str:
    """One module of several, each after those that it imports.

    Their names share one scope, so no two of them may define the same.
    """
    return "".join(_IMPORT.sub("", f.read_text(encoding="utf-8")) for f in files)


def policy(*, styles: Iterable[str], scripts: Iterable[str]) -> str:
    """A content security policy that admits these texts, and pictures, clips and data
    that stand in the page; no address of any kind is asked.
    """
    return "; ".join(
        (
            "default-src 'none'",
            f"style-src {' '.join(map(_digest, styles))}",
            f"script-src {' '.join(map(_digest, scripts))}",
            "img-src data: blob:",
            "media-src data: blob:",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )


def _digest(text: str) -> str:
    made = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(made).decode()}'"
