"""The version is written once, and the changelog knows it."""

import configparser
import re

import videnhance
from tests.sources import ROOT


def test_the_changelog_opens_with_this_version() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    versions = re.findall(r"^## \[(\d+\.\d+\.\d+)\]", text, re.MULTILINE)
    assert versions[0] == videnhance.__version__


def test_the_package_takes_its_version_from_the_source() -> None:
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    assert config["metadata"]["version"] == "attr: videnhance.__version__"
