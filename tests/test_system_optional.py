"""Libraries that are no dependency: what is absent is named with how to get it."""

import pytest

from videnhance.errors import MissingLibraryError
from videnhance.system.optional import optional


def test_a_library_that_is_not_there_is_named_with_how_to_get_it() -> None:
    assert optional("json").loads("7") == 7
    with pytest.raises(MissingLibraryError, match=r"nothing does.*pip install '\.\[x"):
        optional("videnhance.nothing", extra="x")
    with pytest.raises(MissingLibraryError, match=r"^it needs it \(No .*\): do that$"):
        optional("videnhance.nothing", failure="it needs it", remedy="do that")
