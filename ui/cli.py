"""The terminal's face of the engine: each command reads options, makes one call, and prints.

Data goes to stdout, everything else to stderr. Exit code 0: done; 1: something the person can put right; 2: usage.
"""

import json
import os
import sys
from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from ui import doctor, indexing, process, users
from ui.choosing import (
    AsAskedOption,
    AuthorOption,
    CategoryOption,
    NewestOption,
    SinceOption,
    SourceOption,
    UntilOption,
    chosen,
)
from ui.options import EncoderOption, IndexOption, JsonOption, OfflineOption
from ui.options import print_data as _print
from ui.options import print_json as _print_json
from ui.options import say as _say

app = typer.Typer(
    help="Ask research papers; get answers whose every sentence cites the abstract that supports it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
models_app = typer.Typer(help="List the models that are known, or fetch one.", rich_markup_mode=None)
app.add_typer(models_app, name="models")
app.add_typer(users.app, name="users")
app.command("index")(indexing.index_papers)
app.command()(doctor.doctor)

ModelOption = Annotated[
    str | None, typer.Option(help="Language model: a name, a GGUF file, a folder, a URL, or `none`.")
]


def main() -> None:
    """Run a command; what a person can put right becomes one line on stderr and exit code 1."""
    from index.errors import UserError

    process.wait_asleep()
    process.end_quickly()
    try:
        app()
    except UserError as error:
        _say(f"Error: {error}")
        sys.exit(1)
    except KeyboardInterrupt:
        _say("Stopped.")
        sys.exit(130)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)


@app.command()
def ask(
    question: str,
    since: SinceOption = None,
    until: UntilOption = None,
    author: AuthorOption = None,
    category: CategoryOption = None,
    source: SourceOption = None,
    newest_first: NewestOption = False,
    as_asked: AsAskedOption = False,
    index: IndexOption = None,
    model: ModelOption = None,
    offline: OfflineOption = None,
    as_json: JsonOption = False,
) -> None:
    """Answer QUESTION from the papers, with citations."""
    from rag import Engine
    from ui.terminal.growing import tell
    from ui.terminal.screen import Screen

    only = chosen(since, until, author, category, source, newest_first)
    with Engine.open(index, model=model, offline=offline) as engine:
        if as_json:
            _print_json(engine.ask(question, filter=only, as_asked=as_asked).to_dict())
        else:
            answers = engine.stream(question, filter=only, as_asked=as_asked)
            tell(answers, Screen.of(sys.stdout), Screen.of(sys.stderr))


@app.command()
def papers(
    request: str,
    since: SinceOption = None,
    until: UntilOption = None,
    author: AuthorOption = None,
    category: CategoryOption = None,
    source: SourceOption = None,
    newest_first: NewestOption = False,
    as_asked: AsAskedOption = False,
    index: IndexOption = None,
    limit: Annotated[
        int | None, typer.Option(min=1, help="How many; by default the list ends where scores fall.")
    ] = None,
    form: Annotated[
        str | None, typer.Option("--format", help="markdown, json, bibtex, ris or csv; a pipe gets Markdown.")
    ] = None,
    offline: OfflineOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the papers on REQUEST, each with the sentence that says why."""
    from index.errors import UserError
    from rag import Engine
    from rag.lists import FORMATS
    from ui.terminal.screen import Screen
    from ui.terminal.sheets import show_list

    form = "json" if as_json else form
    if form and form not in FORMATS:
        raise UserError(f"Unknown format {form!r}. Known: {', '.join(FORMATS)}.")
    only = chosen(since, until, author, category, source, newest_first)
    with Engine.open(index, model="none", offline=offline) as engine:
        found = engine.papers(request, limit, filter=only, as_asked=as_asked)
    if form is None and sys.stdout.isatty():
        show_list(found, Screen.of(sys.stdout), Screen.of(sys.stderr))
        return
    _print(FORMATS[form or "markdown"](found))
    if not found or (found.filter and form in ("bibtex", "ris", "csv")):  # formats without a place for it
        _say(found.note)


@app.command()
def chat(
    since: SinceOption = None,
    until: UntilOption = None,
    author: AuthorOption = None,
    category: CategoryOption = None,
    source: SourceOption = None,
    newest_first: NewestOption = False,
    index: IndexOption = None,
    model: ModelOption = None,
    offline: OfflineOption = None,
) -> None:
    """Talk with the papers in the terminal; Ctrl-C stops an answer, Ctrl-D ends."""
    from rag import Engine
    from ui.terminal import session

    only = chosen(since, until, author, category, source, newest_first)
    with Engine.open(index, model=model, offline=offline, background=True) as engine:
        session.chat(engine, only)


@app.command()
def serve(
    index: IndexOption = None,
    model: ModelOption = None,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535)] = 7860,
    auth: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Users who may log in, as `paperchat users add` writes them.")
    ] = None,
    api_key: Annotated[
        list[str] | None, typer.Option(metavar="KEY", help="Key of a program; PAPERCHAT_SERVE_KEYS hides it from `ps`.")
    ] = None,
    allow_host: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Name that the service goes by beside this machine's.")
    ] = None,
    allow_origin: Annotated[
        list[str] | None, typer.Option(metavar="ORIGIN", help="Site whose pages may call the service.")
    ] = None,
    proxy: Annotated[
        list[str] | None, typer.Option(metavar="ADDRESS", help="Reverse proxy whose X-Forwarded-For and -Proto count.")
    ] = None,
    offline: OfflineOption = None,
) -> None:
    """Serve the page and the HTTP service on an address of this machine."""
    from rag import Engine, Settings
    from ui import server
    from ui.access import Access

    settings = Settings.load(auth=auth, serve_keys=" ".join(api_key) if api_key else None)
    access = Access.of(
        host,
        auth=settings.auth,
        keys=settings.serve_keys.split(),
        hosts=allow_host or (),
        origins=allow_origin or (),
        proxies=proxy or (),
        uploads=settings.uploads,
    )
    if access.users and not access.local and not access.proxies:
        _say("Passwords from other machines travel unencrypted. Put a proxy with https in front: --proxy ADDRESS")
    listener = server.listen(host, port)  # before the models: a taken port is said at once
    with listener, Engine.open(index, model=model, offline=offline, background=True) as engine:
        server.serve(engine, listener, access, ready=lambda url: typer.echo(f"paperchat is at {url}  (Ctrl-C ends it)"))


@app.command()
def mcp(index: IndexOption = None, model: ModelOption = None, offline: OfflineOption = None) -> None:
    """Serve agents over stdin and stdout, by the Model Context Protocol."""
    from rag import Engine
    from ui import agents

    agents.run(lambda: Engine.open(index, model=model, offline=offline, background=True))


@app.command()
def embed(
    texts: Annotated[list[str] | None, typer.Argument(help="Texts; without any, the lines of stdin.")] = None,
    encoder: EncoderOption = None,
    offline: OfflineOption = None,
) -> None:
    """Print the vector of each text, one JSON array a line."""
    from index.vectors import SentenceEncoder
    from rag.settings import Settings

    settings = Settings.load(encoder=encoder, offline=offline)
    model = SentenceEncoder.from_name(settings.encoder, settings.offline)
    for vector in model.encode(texts or [line.rstrip("\n") for line in sys.stdin]):
        typer.echo(json.dumps([round(float(number), 6) for number in vector]))


@app.command()
def feedback(form: Annotated[str, typer.Option("--format", help="jsonl or csv.")] = "jsonl") -> None:
    """Print every rated answer of everybody, without names."""
    from contextlib import closing

    from index.errors import UserError
    from rag.settings import Settings
    from ui.conversations import FILE, Conversations
    from ui.feedback import FORMATS

    if form not in FORMATS:
        raise UserError(f"Unknown format {form!r}. Known: {', '.join(FORMATS)}.")
    if not (path := Settings.load().home_folder / FILE).exists():
        _say(f"Nobody has rated an answer: there is no {path}.")
        return
    with closing(Conversations(path)) as conversations:
        for line in FORMATS[form](conversations.feedback()):
            _print(line)


@app.command()
def status(index: IndexOption = None, as_json: JsonOption = False) -> None:
    """Say what is in the index and what shaped it."""
    from index import Manifest, StoreError
    from index.paperfile import read_papers
    from rag.settings import Settings

    folder = Settings.load(index=index).index_folder
    manifest = Manifest.read(folder)
    if manifest is None:
        raise StoreError(f"No index in {folder}. Build one: paperchat index --index {folder} [SOURCE…]")
    sources = Counter(source for paper in read_papers(folder) for source in paper.sources)
    values = {"folder": str(folder), **vars(manifest), "sources": sources}
    if as_json:
        _print_json(values)
        return
    for name, value in values.items():
        shown = ", ".join(f"{source} ({count})" for source, count in sources.items()) if name == "sources" else value
        typer.echo(f"{name.replace('_', ' '):15} {shown}")


@app.command("eval")
def evaluate(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="Questions as JSON lines, or a folder in BEIR layout.")
    ],
    index: IndexOption = None,
    model: ModelOption = None,
    offline: OfflineOption = None,
    answers: Annotated[bool, typer.Option("--answers/--no-answers", help="Ask the questions too.")] = True,
    every: Annotated[int, typer.Option(min=1, help="Ask each n-th question of a group only.")] = 1,
    baselines: Annotated[int, typer.Option(min=0, help="Questions that LlamaIndex answers beside us.")] = 0,
    titles: Annotated[bool, typer.Option("--titles", help="Search for every title of the index too.")] = False,
    taken_out: Annotated[int, typer.Option(min=0, help="Questions asked again without their papers.")] = 0,
    out: Annotated[Path | None, typer.Option(metavar="FILE.json", help="Write everything there.")] = None,
    against: Annotated[Path | None, typer.Option(metavar="OTHER.json", help="Compare with an earlier run.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Measure how well the questions of each FILE are searched and answered, beside the alternatives."""
    from rag.evaluation import comparison
    from rag.evaluation.report import Report
    from rag.evaluation.run import Plan, evaluate
    from rag.settings import Settings

    before = Report.read(against) if against else None
    plan = Plan(tuple(files), answers, every, baselines, titles, taken_out)
    report = evaluate(plan, Settings.load(index=index, model=model, offline=offline), _say)
    changes = comparison.compare(before, report) if before else []
    if out:
        report.write(out)
    if as_json:
        _print_json({**report.to_dict(), "against": [change.to_dict() for change in changes]})
    else:
        typer.echo("\n\n".join([report.table(), *([comparison.table(changes)] if changes else [])]))


@models_app.callback(invoke_without_command=True)
def list_models(context: typer.Context, as_json: JsonOption = False) -> None:
    """List the models that are known, or fetch one."""
    if context.invoked_subcommand:
        return
    from index import models

    rows = models.listing()
    if as_json:
        _print_json([{**vars(row), "path": str(row.path) if row.path else None} for row in rows])
        return
    for row in rows:
        typer.echo(f"{row.name:30} {row.role:8} {row.bytes / 1e6:8.1f} MB  {row.licence:11} sha256 {row.sha256[:16]}…")
        typer.echo(f"  {row.path or f'not on this machine: paperchat models pull {row.name}'}")


@models_app.command()
def pull(name: str) -> None:
    """Fetch the model NAME and check its digest; NAME-int8 is made from NAME."""
    from index import models
    from index.vectors import INT8

    if not name.endswith(INT8):
        typer.echo(models.fetch(name))
        return
    from index.quantized import QuantizedEncoder

    encoder = QuantizedEncoder.from_name(name)
    encoder.encode(["made at the first text"])
    typer.echo(encoder.derived)
