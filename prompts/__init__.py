"""The exact texts that are sent to a language model, one file each."""

from pathlib import Path
from string import Template


def load(name: str) -> Template:
    """Return prompts/NAME.txt; its holes are written $name.

    Raises:
        FileNotFoundError: There is no such prompt.
    """
    return Template(Path(__file__).with_name(f"{name}.txt").read_text(encoding="utf-8").strip())
