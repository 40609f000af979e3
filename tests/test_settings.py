"""Options win over the environment, the environment over defaults, and what does not fit is named."""

import os
from pathlib import Path

import pydantic
import pytest

from index.errors import UserError
from rag.settings import Settings


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave no setting of the machine in the environment."""
    for name in [name for name in os.environ if name.startswith("PAPERCHAT_")]:
        monkeypatch.delenv(name)


def test_a_default_holds_where_nothing_is_said() -> None:
    settings = Settings.load()
    assert settings == Settings()
    assert (settings.dense_weight, settings.encoder, settings.offline) == (0.7, "all-MiniLM-L6-v2", False)


def test_the_environment_wins_over_the_default_and_an_option_over_both(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAPERCHAT_THREADS", "3")
    assert Settings.load().threads == 3
    assert Settings.load(threads=5).threads == 5
    assert Settings.load(threads=0).threads == 0


def test_an_option_of_none_counts_as_not_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAPERCHAT_MODEL", "none")
    assert Settings.load(model=None).model == "none"
    assert Settings.load(threads=None).threads == 0


def test_an_empty_variable_counts_as_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    before = Settings.load()
    for name in Settings.model_fields:
        monkeypatch.setenv(f"PAPERCHAT_{name.upper()}", "")
    assert Settings.load() == before


def test_every_setting_can_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, field in Settings.model_fields.items():
        value = "1" if field.annotation is bool else str(field.default or 7)
        monkeypatch.setenv(f"PAPERCHAT_{name.upper()}", value)
        assert str(getattr(Settings.load(), name)) == ("True" if field.annotation is bool else value)


def test_an_unknown_variable_is_named_with_the_one_that_was_meant(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAPERCHAT_EVIDENCE_TOKEN", "400")
    with pytest.raises(UserError) as caught:
        Settings.load()
    assert str(caught.value).startswith(
        "Unknown settings in the environment: PAPERCHAT_EVIDENCE_TOKEN. "
        "Did you mean PAPERCHAT_EVIDENCE_TOKENS? Known: PAPERCHAT_ANSWERS_AT_ONCE, "
    )


def test_an_unknown_variable_that_resembles_none_gets_no_suggestion(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAPERCHAT_XYZZYXYZZYXYZZYXYZZY", "1")
    with pytest.raises(UserError, match=r"PAPERCHAT_XYZZYXYZZYXYZZYXYZZY\. Known: "):
        Settings.load()


def test_the_cache_of_models_is_no_unknown_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAPERCHAT_CACHE", "/tmp/cache")
    monkeypatch.setenv("OTHER_THREADS", "many")
    assert Settings.load() == Settings()


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("threads", "many", "threads='many': Input should be a valid integer"),
        ("dense_weight", "1.5", "dense_weight='1.5': Input should be less than or equal to 1"),
        ("evidence_papers", "0", "evidence_papers='0': Input should be greater than or equal to 1"),
        ("offline", "maybe", "offline='maybe': Input should be a valid boolean"),
    ],
)
def test_a_value_that_does_not_fit_is_named_with_the_rule(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, says: str
) -> None:
    with pytest.raises(UserError, match="Settings that do not fit: ") as option:
        Settings.load(**{name: value})
    assert says in str(option.value)
    monkeypatch.setenv(f"PAPERCHAT_{name.upper()}", value)
    with pytest.raises(UserError) as variable:
        Settings.load()
    assert says in str(variable.value)


def test_several_values_that_do_not_fit_are_all_named() -> None:
    with pytest.raises(UserError, match=r"threads=-1: .*; parallel=0: "):
        Settings.load(threads=-1, parallel=0)


def test_an_unknown_option_is_named_with_the_known_ones() -> None:
    with pytest.raises(UserError, match=r"top_k=3: .*Known: home, index, encoder, "):
        Settings.load(top_k=3)


def test_the_index_lies_in_the_home_folder_unless_it_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PAPERCHAT_HOME", str(tmp_path))
    assert Settings.load().index_folder == tmp_path / "index"
    assert Settings.load(index=tmp_path / "mine").index_folder == tmp_path / "mine"
    monkeypatch.setenv("PAPERCHAT_INDEX", "elsewhere")
    assert Settings.load().index_folder == Path("elsewhere")


def test_without_a_home_folder_the_index_lies_in_the_user_s_data(monkeypatch: pytest.MonkeyPatch) -> None:
    folder = Settings.load().index_folder
    assert folder.is_absolute()
    assert folder.parts[-2:] == ("paperchat", "index")


def test_a_tilde_is_the_user_s_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert Settings.load(home="~/data").index_folder == tmp_path / "data" / "index"
    assert Settings.load(index="~/mine").index_folder == tmp_path / "mine"


def test_settings_cannot_be_changed_and_keep_the_key_out_of_sight() -> None:
    settings = Settings.load(api_key="secret-123")
    with pytest.raises(pydantic.ValidationError, match="frozen"):
        settings.threads = 4
    assert "secret-123" not in repr(settings)


def test_every_setting_has_a_description() -> None:
    assert all((field.description or "").endswith(".") for field in Settings.model_fields.values())
