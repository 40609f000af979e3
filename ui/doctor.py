"""The terminal's command for the health of an index: what is wrong with it, and what was done about that."""

from typing import Annotated

import typer

from ui.options import EncoderOption, IndexOption, JsonOption, OfflineOption, print_data, print_json, say


def doctor(
    index: IndexOption = None,
    mend: Annotated[
        bool, typer.Option("--repair", help="Make anew what is damaged, from the papers and from what is whole.")
    ] = False,
    encoder: EncoderOption = None,
    offline: OfflineOption = None,
    as_json: JsonOption = False,
) -> None:
    """Check everything in an index; exit code 0: it is sound (again), 1: it is not."""
    from index.doctor import examine
    from index.errors import StoreError
    from rag.settings import Settings
    from ui.terminal.printable import printable

    settings = Settings.load(index=index, encoder=encoder, offline=offline)
    folder = settings.index_folder
    done: list[str] = []
    if mend:
        from index.repair import repair
        from index.vectors import SentenceEncoder
        from ui.bars import Bar

        try:
            with Bar() as bar:
                model = SentenceEncoder.from_name(settings.encoder, settings.offline)
                found, done = repair(folder, model, bar, settings.server)
        except StoreError as error:
            raise StoreError(f"Not repaired: {error}") from error
        left = examine(folder, settings.server) if found else []
    else:
        found = left = examine(folder, settings.server)
    if as_json:
        print_json(
            {"folder": str(folder), "found": [each.to_dict() for each in found], "done": done, "sound": not left}
        )
    else:
        for each in found:
            print_data(f"{printable(each.file)}: {printable(each.what)}.{'' if mend else ' ' + each.advice}\n")
        for line in done:
            print_data(f"Done: {printable(line)}.\n")
        say(f"{folder} is sound." if not left else f"{folder}: {len(left)} findings.")
    if left:
        raise typer.Exit(1)
