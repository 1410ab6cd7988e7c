"""What a user chose, as far as an output shows it, as a digest.

Versions of libraries are not in it: an update is no reason to make thousands of
outputs anew.
"""

import json
from typing import Any

from videnhance.conversion.fingerprint import option_key
from videnhance.conversion.job import Job
from videnhance.conversion.resolve import NOT_IN_THE_PICTURE
from videnhance.media.output.provenance import digest_of
from videnhance.media.sandbox.serialize import to_plain
from videnhance.models.card import find_card
from videnhance.models.imported import with_card

__all__ = ["options_digest"]


def options_digest(job: Job) -> str:
    """The digest; equal for jobs whose outputs differ by their inputs alone.

    Raises ModelError if the model is not to be had.
    """
    wishes: dict[str, Any] = {
        **option_key(job.settings, NOT_IN_THE_PICTURE),
        **option_key(job.encoding, ("stamp",)),
        **option_key(job.span),
        **option_key(job.reading, ("limit_pixels",)),
        "box": to_plain(job.box),
        "rate": to_plain(job.rate),
    }
    if job.settings.strength:
        card = find_card(with_card(job.choice).model)
        wishes["model"] = sorted(sha256 for _, sha256 in card.files.values())
        wishes["precision"] = job.choice.precision
    return digest_of(json.dumps(wishes, sort_keys=True))
