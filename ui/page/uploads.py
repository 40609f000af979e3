"""Files that browsers send, kept until they are added, for an hour at most; each visitor's for them alone."""

import asyncio
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import JSONResponse
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from ui.access import visitor
from ui.access.arriving import MIB, UPLOAD
from ui.adding import AddingError, Upload, safe_name
from ui.scratch import Scratch

KEPT_S = 3600.0
OF_A_VISITOR, IN_TOTAL = 4, 16
"""So many times the largest upload may wait to be added."""
_FILES = 100
"""That one request may bring."""
_LEAST_BYTES = 4096
"""What even an empty file counts for."""


class _Form(MultiPartParser):
    spool_max_size = 2**16  # of each file in memory


@dataclass(frozen=True)
class _Waiting:
    owner: str
    size: int
    folder: Path
    file: Upload


class Uploads:
    """The files that wait to be added. `room` and `keep` belong to the event loop, the rest to any thread."""

    def __init__(self, scratch: Scratch, upload_mib: int, kept_s: float = KEPT_S) -> None:
        self.upload_mib = upload_mib
        self._scratch = scratch
        self._kept_s = kept_s
        self._waiting: dict[str, _Waiting] = {}
        self._arriving: list[tuple[str, int]] = []

    @contextmanager
    def room(self, owner: str, size: int) -> Iterator[None]:
        """Hold room for files that are arriving.

        Raises:
            HTTPException: Too much waits already: of this visitor (413), or of all (507).
        """
        held = [*self._arriving, *((each.owner, each.size) for each in list(self._waiting.values()))]
        mine, all_of_them = sum(size for whose, size in held if whose == owner), sum(size for _, size in held)
        if mine + size > OF_A_VISITOR * self.upload_mib * MIB:
            why = f"Your uploads that are not added yet would have more than {OF_A_VISITOR * self.upload_mib} MiB"
            raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"{why}. Add them first, or wait an hour.")
        if all_of_them + size > IN_TOTAL * self.upload_mib * MIB:
            why = f"Uploads that are not added yet would have more than {IN_TOTAL * self.upload_mib} MiB"
            raise HTTPException(HTTPStatus.INSUFFICIENT_STORAGE, f"{why}. Try again in an hour.")
        self._arriving.append((owner, size))
        try:
            yield
        finally:
            self._arriving.remove((owner, size))

    async def keep(self, owner: str, name: str, file: UploadFile) -> str:
        """Keep a file, and return what `take` knows it by."""
        folder = self._scratch.folder()
        path = folder / safe_name(name)
        try:
            with path.open("wb") as out:
                await asyncio.to_thread(shutil.copyfileobj, file.file, out)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        size = max(path.stat().st_size, _LEAST_BYTES)
        self._waiting[folder.name] = _Waiting(owner, size, folder, Upload(name, path))
        asyncio.get_running_loop().call_later(self._kept_s, self.discard, owner, folder.name)
        return folder.name

    def take(self, owner: str, key: str, name: str) -> Upload:
        """Return a file of a visitor; it still waits until it is discarded, or moved away.

        Raises:
            AddingError: There is none; another's is as unknown as one that never was.
        """
        found = self._waiting.get(key)
        if found is None or found.owner != owner or not found.file.path.is_file():
            raise AddingError("The upload is gone. Choose the file again.")
        return Upload(name, found.file.path)

    def discard(self, owner: str, key: str) -> None:
        """Delete a file of a visitor if it is still there."""
        found = self._waiting.get(key)
        if found and found.owner == owner:
            self._waiting.pop(key, None)
            shutil.rmtree(found.folder, ignore_errors=True)


def router(uploads: Uploads) -> APIRouter:
    """Return the route by which Gradio's script sends files, in place of Gradio's own, which keeps them for ever."""
    routes = APIRouter()

    @routes.post(UPLOAD, include_in_schema=False)
    async def upload(request: Request) -> JSONResponse:
        declared = request.headers.get("content-length", "")
        if not request.headers.get("content-type", "").startswith("multipart/form-data"):
            raise HTTPException(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "Send files as multipart/form-data.")
        owner = visitor(request)
        with uploads.room(owner, int(declared) if declared.isdecimal() else uploads.upload_mib * MIB):
            try:
                parser = _Form(request.headers, request.stream(), max_files=_FILES, max_fields=_FILES)
                form = await parser.parse()
                try:
                    files = [each for each in form.getlist("files") if isinstance(each, UploadFile)]
                    return JSONResponse([await uploads.keep(owner, each.filename or "", each) for each in files])
                finally:
                    await form.close()
            except MultiPartException as error:
                raise HTTPException(HTTPStatus.BAD_REQUEST, f"No form with files: {error.message}") from error
            except OSError as error:
                why = f"The files could not be kept ({error.strerror}). Send them again later."
                raise HTTPException(HTTPStatus.INSUFFICIENT_STORAGE, why) from error

    return routes
