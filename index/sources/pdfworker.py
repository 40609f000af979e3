"""PDFs in on standard input, the text of their first pages out as JSON on standard output; run by `pages`.

Runs in a process of its own and imports nothing of this project: a hostile file can take that process's time and
memory only. Each PDF comes as 8 bytes that say its length and then that many bytes.
"""

import io
import json
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pypdf import PageObject

PAGES = 3
CHARS = 30_000
MEMORY_BYTES = 3 << 30


def main() -> None:
    """Answer each PDF with a line, until there are no more."""
    _limit_memory()
    while size := sys.stdin.buffer.read(8):
        data = sys.stdin.buffer.read(int.from_bytes(size, "big"))
        try:
            answer = first_pages(data)
        except Exception as error:  # whatever a parser raises on bytes of any kind, MemoryError and RecursionError too
            answer = {"error": f"{type(error).__name__}: {error}"}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def first_pages(data: bytes) -> dict[str, Any]:
    """Return the lines of the first pages as [text, size in points], title and author as the file names them.

    "encrypted" is true, and there are no lines, where a password is needed; "pictures" says whether a page holds some.
    """
    from pypdf import PdfReader
    from pypdf.errors import DependencyError, FileNotDecryptedError

    try:
        reader = PdfReader(io.BytesIO(data))
        if reader.is_encrypted and not reader.decrypt(""):
            return {"encrypted": True}
        pages = [reader.pages[at] for at in range(min(PAGES, len(reader.pages)))]
        lines = [_lines(page) for page in pages]
    except (DependencyError, FileNotDecryptedError):
        return {"encrypted": True}
    about: Any = reader.metadata or {}
    named = {name: str(about.get(f"/{name.capitalize()}") or "")[:CHARS] for name in ("title", "author")}
    return {"pages": lines, "pictures": any(_has_picture(page) for page in pages), **named}


def _lines(page: "PageObject") -> list[tuple[str, float]]:
    """Return the lines of a page in the order in which they are drawn, each with the size of most of its letters."""
    pieces: list[tuple[str, float]] = []
    chars = 0

    def piece(text: str, place: list[float], text_place: list[float], font: object, size: float) -> None:
        nonlocal chars
        chars += len(text)
        if chars <= CHARS:
            scale = abs(text_place[3] or text_place[1]) * abs(place[3] or place[1])  # [1] where it is turned
            pieces.append((text, round(float(size or 0) * scale, 1)))

    page.extract_text(visitor_text=piece)
    lines: list[tuple[str, float]] = []
    text, sizes = "", dict[float, int]()
    for each, size in [*pieces, ("\n", 0.0)]:
        for at, part in enumerate(each.split("\n")):
            if at and text.strip():
                lines.append((text.strip(), max(sizes, key=lambda size: sizes[size])))
            if at:
                text, sizes = "", {}
            text += part
            sizes[size] = sizes.get(size, 0) + len(part.strip())
    return lines


def _has_picture(page: "PageObject") -> bool:
    """Tell whether a page shows a picture of its own."""
    try:
        return bool(page.images)
    except Exception:  # whatever a parser raises on bytes of any kind
        return False


def _limit_memory() -> None:
    """Have the system end this process rather than the machine, where it can."""
    try:
        import resource
    except ImportError:  # not on Windows
        return
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, resource.getrlimit(resource.RLIMIT_AS)[1]))


if __name__ == "__main__":
    main()
