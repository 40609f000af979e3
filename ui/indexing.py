"""The command that fills an index: reads options, gathers papers, and says what an update did or would do."""

import signal
import sys
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ui.bars import Bar, ReadingBar
from ui.confirming import changes_to_ask_of, confirm, losses
from ui.gathered import COMPARED, read_line, read_values, rows, say_bridges, say_duplicates, say_faults, takes
from ui.options import EncoderOption, IndexOption, JsonOption, OfflineOption, print_data, print_json, say

if TYPE_CHECKING:
    from index import Update
    from index.contents import Contents
    from index.duplicates import Duplicates
    from index.gathering import Gathering
    from index.sources import Selection
    from index.vectors import Encoder
    from rag.settings import Settings


def index_papers(
    sources: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[SOURCE]...", help="Files or folders of papers, or questions such as `arxiv:cat:cs.LG`."
        ),
    ] = None,
    index: IndexOption = None,
    encoder: EncoderOption = None,
    most: Annotated[int | None, typer.Option("--max", min=1, help="Take the first so many papers.")] = None,
    since: Annotated[str | None, typer.Option(metavar="DATE", help="Take papers from then on: YYYY[-MM[-DD]].")] = None,
    until: Annotated[str | None, typer.Option(metavar="DATE", help="Take papers up to then: YYYY[-MM[-DD]].")] = None,
    category: Annotated[
        list[str] | None,
        typer.Option(metavar="C", help="Take papers of this category (cs.LG; cs for all of it); repeatable."),
    ] = None,
    words: Annotated[
        list[str] | None,
        typer.Option(metavar="W", help="Take papers with these words (curricul* for a beginning); repeatable."),
    ] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Let go of papers that no SOURCE names.")] = False,
    remove: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ID_OR_SOURCE", help="Let go of a paper, or of those that only this source names; repeatable."
        ),
    ] = None,
    again: Annotated[bool, typer.Option("--update", help="Ask the sources of the index again.")] = False,
    yes: Annotated[
        bool, typer.Option("--yes", help="Remove papers and replace abstracts of the index without asking.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done; write nothing.")] = False,
    watch: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Stay, and bring in the files of FOLDER as they change.")
    ] = None,
    ray: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Embed on a Ray cluster: HOST:PORT, or `local`.")
    ] = None,
    offline: OfflineOption = None,
    as_json: JsonOption = False,
) -> None:
    """Add the papers of each SOURCE to the index; without one, refresh it, or begin with the starter corpus."""
    from index.sources import Selection
    from index.vectors import SentenceEncoder
    from rag.settings import Settings

    if replace and not sources:
        raise typer.BadParameter("--replace needs the SOURCE that is to be all that the index holds")
    if again and (sources or replace):
        raise typer.BadParameter("--update asks the sources that the index has; leave SOURCE and --replace out")
    if again and remove:
        raise typer.BadParameter("--update asks the sources again, --remove takes papers away; run one after the other")
    if watch and (sources or replace or remove or again or dry_run):
        raise typer.BadParameter("--watch takes a folder and what is wanted of it, nothing else")
    selection = Selection(most, since, until, tuple(category or ()), tuple(words or ()))
    settings = Settings.load(index=index, encoder=encoder, offline=offline)
    load = partial(SentenceEncoder.from_name, settings.encoder, settings.offline)
    work = _Work(settings, as_json, load, ray, yes)
    if watch:
        work.watch(watch, selection)
        return
    from index.contents import Contents
    from index.gathering import gather, gather_again

    contents = Contents.read(settings.index_folder)
    if selection != Selection() and not sources and (again or remove or len(contents.papers)):
        raise typer.BadParameter("--max, --since, --until, --category and --words choose among the papers of a SOURCE")
    with ReadingBar() as told:
        if again:
            gathered = gather_again(settings.index_folder, contents, told, settings.offline)
        else:
            gathered = gather(
                settings.index_folder, contents, sources or (), selection, remove or (), told, settings.offline
            )
    if dry_run:
        work.preview(contents, gathered, replace)
    else:
        if not (yes or replace):
            confirm(changes_to_ask_of(contents, gathered))
        work.update(gathered, replace)
    if gathered.not_found or gathered.failed or (gathered.reading and gathered.reading.left_out):
        raise typer.Exit(1)


@dataclass
class _Work:
    """What is done with what was gathered, and said of it."""

    settings: "Settings"
    as_json: bool
    encoder: "Callable[[], Encoder]"
    ray: str | None
    yes: bool

    def update(self, gathered: "Gathering", replace: bool = False) -> None:
        """Bring the index up to date, and say what that did."""
        done, pairs = self._updated(gathered, self.encoder(), replace)
        say_faults(gathered)
        say_bridges(done.bridges)
        if self.as_json:
            print_json({**vars(done), **read_values(gathered), "duplicates": rows(pairs)})
            return
        print_data(read_line(gathered))
        print_data(f"{self._did(done)}\n")
        if done.wrote:
            say_duplicates(pairs, done.papers)

    def preview(self, contents: "Contents", gathered: "Gathering", replace: bool) -> None:
        """Say what an update would do."""
        from index.preview import preview

        would = preview(contents, gathered.papers, self.encoder(), replace, gathered.removal.ids)
        say_faults(gathered)
        say_bridges(would.bridges)
        if self.as_json:
            print_json({**would.to_dict(), **read_values(gathered)})
            return
        lost = f"Needs --yes or an answer: {losses(0, would.replaced)}. " if would.replaced and not replace else ""
        print_data(read_line(gathered))
        print_data(
            f"{self.settings.index_folder} would hold {would.papers} papers: {would.new} new, {would.changed} changed, "
            f"{would.removed} removed; {would.chunks} chunks to embed{takes(would.seconds)}. {lost}"
            "Nothing was written.\n"
        )

    def watch(self, folder: Path, selection: "Selection") -> None:
        """Keep the index as the files of a folder are, until Ctrl-C."""
        from index.contents import Contents
        from index.errors import SourceError, UserError
        from index.gathering import gather_folder
        from ui.watching import watch

        folder = folder.expanduser().resolve()
        if not folder.is_dir():
            raise SourceError(f"No such folder: {folder}. Make it, or check the spelling.")
        encoder = self.encoder()
        shown: set[tuple[str, str]] = set()

        def changed() -> None:
            try:
                contents = Contents.read(self.settings.index_folder)
                with ReadingBar() as told:
                    gathered = gather_folder(self.settings.index_folder, contents, folder, selection, told)
                gone = 0 if self.yes else len(gathered.removal.gone)
                gathered = gathered if self.yes else gathered.without_removal(contents)
                if not gathered.papers and not len(contents.papers):
                    say_faults(gathered)
                    return
                done, pairs = self._updated(gathered, encoder, keep=not self.yes)
            except UserError as error:  # a bad file, a full disk, another writer: the next change may be better
                say(f"Error: {error}")
                return
            say_faults(gathered)
            say_bridges(done.bridges)
            if gone or done.held:
                way = f"paperchat index --watch {folder} --yes"
                say(f"Left as it was: {losses(gone, done.held)}. To take that in: {way}")
            if self.as_json:
                print_json({**vars(done), **read_values(gathered), "duplicates": rows(pairs)}, indent=None)
            else:
                print_data(f"{self._did(done)}\n")
                if done.wrote:
                    say_duplicates([pair for pair in pairs or () if (pair.first, pair.second) not in shown], 0)
            shown.update((pair.first, pair.second) for pair in pairs or ())
            sys.stdout.flush()

        say(f"Watching {folder}  (Ctrl-C ends it)")
        try:
            signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell may have begun this with "&"
            watch(folder, changed, say, threading.Event())
        except KeyboardInterrupt:
            say("Stopped watching.")

    def _updated(
        self, gathered: "Gathering", encoder: "Encoder", replace: bool = False, keep: bool = False
    ) -> "tuple[Update, list[Duplicates] | None]":
        """Update the index, remember where its sources lie, and look for duplicates among not too many papers."""
        from index import update
        from index.contents import Contents
        from index.duplicates import near_duplicates
        from index.places import remember

        folder = self.settings.index_folder
        with self._workers(encoder) as at_work, Bar() as bar:
            ids, server = gathered.removal.ids, self.settings.server
            done = update(folder, gathered.papers, at_work, replace, bar, ids, server, keep=keep)
        contents = Contents.read(folder)
        remember(folder, gathered.places, contents.sources)
        looked = (done.wrote or self.as_json) and done.papers <= COMPARED
        return done, near_duplicates(contents.papers) if looked else None

    def _workers(self, encoder: "Encoder") -> "AbstractContextManager[Encoder]":
        """Return the encoder, or its workers in a cluster."""
        from index.spread import spread

        return spread(encoder, self.encoder, self.ray) if self.ray is not None else nullcontext(encoder)

    def _did(self, done: "Update") -> str:
        changes = f"{done.new} new, {done.changed} changed, {done.removed} removed" if done.wrote else "nothing changed"
        embedded = f"{done.embedded} chunks embedded"
        return f"{self.settings.index_folder} holds {done.papers} papers: {changes}; {embedded}."
