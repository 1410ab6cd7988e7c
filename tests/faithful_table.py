"""The table of faithfulness: all its rows."""

from tests.faithful_carried import CARRIED
from tests.faithful_formats import FORMATS
from tests.faithful_jumps import JUMPS
from tests.faithful_looks import LOOKS
from tests.faithful_others import OTHERS
from tests.faithful_row import Row
from tests.faithful_times import TIMES

__all__ = ["PARTS", "ROWS"]

PARTS: dict[str, tuple[Row, ...]] = {
    "Times": TIMES,
    "Clocks that jump": JUMPS,
    "The picture": LOOKS,
    "Other streams": OTHERS,
    "What a file carries": CARRIED,
    "Formats, pipes, names": FORMATS,
}
ROWS = tuple(row for rows in PARTS.values() for row in rows)
