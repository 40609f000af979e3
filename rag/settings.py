"""Options, environment and defaults in, one frozen `Settings` out: every value that a run may change."""

import difflib
import os
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from index.errors import UserError
from index.server import Server

PREFIX = "PAPERCHAT_"
_ELSEWHERE = {"PAPERCHAT_CACHE"}
"""Read by index/models.py, which knows no settings."""


class Settings(BaseSettings):
    """Every value that a run may change: an option wins over the environment, the environment over the default."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid", env_ignore_empty=True)

    home: Path | None = Field(default=None, description="Folder of built data; by default the user's data folder.")
    index: Path | None = Field(default=None, description="Folder of the index; by default `index` in the home folder.")
    encoder: str = Field(
        default="all-MiniLM-L6-v2",
        description="Embedding model: a known name, a folder, or a hub name; NAME-int8 reckons in int8.",
    )
    model: str = Field(
        default="qwen2.5-coder-1.5b-instruct",
        description="Language model: a known name or GGUF file (llama.cpp), a hub name or folder (transformers), "
        "the URL of an OpenAI-compatible server, or `none` for answers made of quoted sentences.",
    )
    model_name: str = Field(default="", description="The model's name at that URL; by default the first one it lists.")
    api_key: str = Field(default="", description="Key for that URL.", repr=False)
    threads: int = Field(default=0, ge=0, description="Threads of the language model; 0 takes one for each core.")
    parallel: int = Field(default=2, ge=1, le=64, description="Answers that llama.cpp writes at the same time.")
    candidates: int = Field(default=100, ge=10, le=2000, description="Papers that each searcher puts forward.")
    dense_weight: float = Field(
        default=0.7, ge=0, le=1, description="What similarity counts against shared words in the score."
    )
    reranker: str = Field(
        default="",
        description="Cross-encoder (a folder or hub name) that orders the first papers anew; none by default.",
    )
    evidence_papers: int = Field(default=4, ge=1, le=10, description="Papers shown to the language model, at most.")
    evidence_tokens: int = Field(default=360, ge=80, le=16000, description="Tokens of evidence shown to it, at most.")
    answer_tokens: int = Field(default=150, ge=16, le=4000, description="Tokens that it may write.")
    verify: bool = Field(
        default=True,
        description="Have the language model verify each sentence of an answer; a model that cannot is helped by the "
        "default one, where that is installed.",
    )
    store: str = Field(
        default="",
        description="URL of the Chroma server that keeps the vectors of the index; by default they lie in its folder.",
    )
    store_key: str = Field(
        default="", description="Token for that URL, or user:password; a proxy before it checks them.", repr=False
    )
    store_plain: bool = Field(
        default=False, description="Reach it by http:// also beyond this machine and private networks."
    )
    question_chars: int = Field(default=2000, ge=100, le=20000, description="Longest question that is taken.")
    answers_at_once: int = Field(
        default=8, ge=1, le=256, description="Answers that the service works on at the same time; others wait."
    )
    answers_waiting: int = Field(
        default=32, ge=0, le=10000, description="Questions that may wait for their turn; further ones are refused."
    )
    answer_s: float = Field(
        default=180.0, ge=1, le=3600, description="Seconds that the service gives an answer; then it ends as it is."
    )
    upload_mib: int = Field(default=64, ge=1, le=4096, description="MiB of the largest upload that is taken.")
    patience_s: int = Field(
        default=20,
        ge=1,
        le=600,
        description="Seconds in which a request has to arrive, and one more for each KiB of its body.",
    )
    uploads: Literal["auto", "nobody", "users", "everyone"] = Field(
        default="auto",
        description="Who may add papers on the page: `nobody`, `users` (who has shown a password or a key), "
        "`everyone`; `auto` is everyone where only this machine reaches the service, else users.",
    )
    history_turns: int = Field(default=100, ge=0, le=1000, description="Earlier turns that a question may bring along.")
    history_chars: int = Field(
        default=200_000, ge=0, le=2_000_000, description="Characters of earlier turns that it may bring along."
    )
    auth: Path | None = Field(default=None, description="File of the users who may log in to the service.")
    serve_keys: str = Field(
        default="", description="Keys that open the service to programs, with blanks between them.", repr=False
    )
    offline: bool = Field(default=False, description="Open no connection: use the models that are on disk.")

    @property
    def index_folder(self) -> Path:
        """Where the index lies."""
        if self.index is not None:
            return self.index.expanduser()
        return self.home_folder / "index"

    @property
    def server(self) -> Server | None:
        """What keeps the vectors of the index; None where they lie in its folder.

        Raises:
            StoreError: That is no address of a server, or not a safe one.
        """
        return Server.of(self.store, self.store_key, self.store_plain) if self.store else None

    @property
    def home_folder(self) -> Path:
        """Where built data lies, and what a server keeps."""
        if self.home is not None:
            return self.home.expanduser()
        import platformdirs

        return Path(platformdirs.user_data_dir("paperchat"))

    @classmethod
    def load(cls, **options: Any) -> "Settings":  # noqa: ANN401 - the fields have their own types, pydantic checks them
        """Return the settings of options over environment over defaults; an option of None counts as not given.

        Raises:
            UserError: A value that does not fit, or a name in the environment that no setting has.
        """
        known = {PREFIX + name.upper() for name in cls.model_fields} | _ELSEWHERE
        if unknown := sorted(name for name in os.environ if name.startswith(PREFIX) and name not in known):
            near = [near for name in unknown for near in difflib.get_close_matches(name, known, n=1)]
            hint = f" Did you mean {', '.join(near)}?" if near else ""
            raise UserError(
                f"Unknown settings in the environment: {', '.join(unknown)}.{hint} Known: {', '.join(sorted(known))}."
            )
        try:
            return cls(**{name: value for name, value in options.items() if value is not None})
        except ValidationError as error:
            faults = "; ".join(f"{'.'.join(map(str, e['loc']))}={e['input']!r}: {e['msg']}" for e in error.errors())
            raise UserError(f"Settings that do not fit: {faults}. Known: {', '.join(cls.model_fields)}.") from None


def cores() -> int:
    """Return how many processor cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 2
