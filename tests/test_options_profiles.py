"""Profiles in files: those that come along, of other files, and forgetting one."""

from pathlib import Path

import click
import pytest

from videnhance.cli import app
from videnhance.errors import UsageError
from videnhance.options import ConvertOptions
from videnhance.options.profiles import (
    parsed_profiles,
    profiles_file,
    read_profile,
    read_profiles,
    remove_profile,
    shipped_profiles,
    write_profile,
)
from videnhance.web.app import presets


@pytest.fixture(autouse=True)
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of profiles of a user who has none yet."""
    for variable in ("XDG_CONFIG_HOME", "APPDATA", "HOME"):
        monkeypatch.setenv(variable, str(tmp_path / "config"))
    return profiles_file()


def _params(*words: str) -> dict[str, object]:
    root = click.Context(app)
    command = app.get_command(root, "convert")
    assert command is not None
    return command.make_context("convert", ["a", "b", *words], parent=root).params


def test_all_that_come_along_can_be_used_and_are_presets() -> None:
    ships = {one["name"]: one for one in presets.as_json()}
    assert ships.keys() == shipped_profiles().keys()
    for name, profile in shipped_profiles().items():
        used = _params("--profile", name)
        for key, value in profile.items():
            assert used[key.replace("-", "_")] == value
        assert ships[name]["ships"]
        ConvertOptions(**ships[name]["options"])


def test_a_profile_of_one_s_own_hides_one_that_comes_along() -> None:
    write_profile("quick", {"skip": 5}, replace=False)
    assert read_profile("quick") == {"skip": 5}
    assert presets.preset("quick") == {"skip": 5}
    remove_profile("quick")
    assert read_profile("quick") == shipped_profiles()["quick"]


def test_forgetting_one_leaves_the_rest_as_it_is(file: Path) -> None:
    file.parent.mkdir(parents=True)
    file.write_text(
        "# mine\n[a]\nskip = 2\n\n[b]\nskip = 3  # three\n\n[c]\nskip = 4\n"
    )
    remove_profile("a")
    remove_profile("c")
    assert file.read_text() == "# mine\n[b]\nskip = 3  # three\n"
    assert read_profiles() == {"b": {"skip": 3}}
    with pytest.raises(UsageError, match="no profile a"):
        remove_profile("a")


def test_a_profile_is_taken_from_another_file(tmp_path: Path) -> None:
    other = tmp_path / "other.toml"
    other.write_text('[one]\nskip = 3\nsize = "720p"\n')
    used = _params("--preset-file", str(other))
    assert (used["skip"], used["size"]) == (3, "720p")
    assert _params("--preset-file", str(other), "--skip", "1")["skip"] == 1
    other.write_text("[one]\nskip = 3\n[two]\nskip = 4\n")
    named = ("--preset-file", str(other), "--profile")
    assert _params(*named, "two")["skip"] == 4
    for words in (named[:2], (*named, "three"), ("--preset-file", str(tmp_path))):
        with pytest.raises(UsageError, match=str(tmp_path)):
            _params(*words)


def test_who_gives_a_rate_wants_no_skipping_of_the_profile() -> None:
    used = _params("--profile", "quick", "--target-fps", "9")
    assert (used["skip"], used["target_fps"]) == (1, 9)


def test_presets_go_out_and_come_back_as_they_are() -> None:
    presets.save("a", {"look": "crisp", "audio": False, "to": "mkv", "skip": 3})
    text = presets.as_toml()
    assert parsed_profiles(text, Path("x")) == {
        "a": {"look": "crisp", "no-audio": True, "to": "mkv", "skip": 3}
    }
    before = presets.preset("a")
    presets.remove("a")
    presets.from_toml(text)
    assert presets.preset("a") == before


@pytest.mark.parametrize(
    "text",
    [
        "[a",
        "a = 1",
        "[a]\nmodel = '/x.pt'\n",
        "[a]\ncluster = 'x'\n",
        "['a b']\nskip=2",
    ],
)
def test_what_is_no_file_of_presets_changes_nothing(text: str) -> None:
    with pytest.raises(UsageError):
        presets.from_toml(text)
    assert read_profiles() == {}


def test_profiles_that_the_app_cannot_show_are_left_out() -> None:
    write_profile("mine", {"trust-model": True, "model": "/x.pt"}, replace=False)
    assert "mine" not in [one["name"] for one in presets.as_json()]
    for name, options in (("x", {}), (3, {"skip": 2}), ("a b", {"skip": 2})):
        with pytest.raises(UsageError):
            presets.save(name, options)
