"""`/api/search`, `/api/papers`, `/api/topics`, `/api/embed`: what is found without a language model."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header, Path, Query, Response
from fastapi.responses import JSONResponse

from index.papers import Paper
from rag.answer import Match
from rag.lists import FORMATS, PaperList
from ui.api import examples
from ui.api.bodies import (
    AS_ASKED,
    AUTHOR,
    CATEGORY,
    LISTED,
    NEWEST_FIRST,
    SEARCHED,
    SINCE,
    SOURCE,
    UNTIL,
    Asked,
    Day,
    ListRequest,
    Matches,
    PaperId,
    Search,
    Several,
    Texts,
    Topic,
    Topics,
    Vectors,
)
from ui.api.problems import UnknownPaper, documented
from ui.api.service import Service

MEDIA_TYPES = {
    "json": "application/json",
    "markdown": "text/markdown",
    "bibtex": "application/x-bibtex",
    "ris": "application/x-research-info-systems",
    "csv": "text/csv",
}
"""Of the formats of a list."""

_DIGITS = 6

Format = Literal["json", "markdown", "bibtex", "ris", "csv"]
Named = Annotated[PaperId, Path(description="Of a paper, as it is: `arxiv:…`, `doi:…/…` or `title:…`.")]
Wanted = Annotated[Format | None, Query(alias="format", description="When left out, the Accept header decides.")]
Accept = Annotated[str, Header(include_in_schema=False)]
Limit = Annotated[int | None, Query(ge=1, le=LISTED, description="How many; else the list ends where relevance does.")]
Some = Annotated[int, Query(ge=1, le=SEARCHED, description="How many papers.")]


def routes(service: Service) -> APIRouter:
    """Return the routes."""
    router, engine = APIRouter(tags=["Papers"]), service.engine
    busy = {"_429": "Too many requests at once."}
    about = documented(
        _400="The request is blank or too long, or since comes after until.", _413="The body is too large.", **busy
    )

    @router.post(
        "/api/search",
        summary="Find the papers nearest to a question",
        response_model=Matches,
        responses=about | documented(_404="No paper of `within` is in the index."),
    )
    async def search(body: Search) -> Response:
        """Return papers, best first, each with its sentences, likeliest to answer first."""

        def find() -> list[Match]:
            service.known(body.within)
            return engine.search(body.question, body.limit, within=body.within, filter=body.filter())

        return _matches(await service.aside(find))

    async def listed(body: ListRequest, accept: str) -> Response:
        chosen, asked = body.filter(), body.as_asked
        found = await service.aside(lambda: engine.papers(body.request, body.limit, filter=chosen, as_asked=asked))
        return _written(found, body.format or _accepted(accept))

    listing: dict[str, Any] = {"response_model": PaperList, "responses": about | _in_formats(examples.PAPERS)}

    @router.post("/api/papers", summary="List the papers on a topic", **listing)
    async def papers(body: ListRequest, accept: Accept = "") -> Response:
        """Return all papers on a topic, best first, each with the sentence that says why."""
        return await listed(body, accept)

    @router.get("/api/papers", summary="List the papers on a topic, by an address", **listing)
    async def papers_by_address(
        request: Annotated[Asked, Query(description="What the papers should be about.", examples=["pretraining"])],
        limit: Limit = None,
        wanted: Wanted = None,
        since: Annotated[Day, Query(description=SINCE)] = None,
        until: Annotated[Day, Query(description=UNTIL)] = None,
        author: Annotated[Several, Query(description=AUTHOR)] = [],  # noqa: B006 - FastAPI copies it
        category: Annotated[Several, Query(description=CATEGORY)] = [],  # noqa: B006
        source: Annotated[Several, Query(description=SOURCE)] = [],  # noqa: B006
        newest_first: Annotated[bool, Query(description=NEWEST_FIRST)] = False,
        as_asked: Annotated[bool, Query(description=AS_ASKED)] = False,
        accept: Accept = "",
    ) -> Response:
        """Return what the POST does; for a browser, or a link."""
        body = ListRequest(
            request=request,
            limit=limit,
            format=wanted,
            since=since,
            until=until,
            author=author,
            category=category,
            source=source,
            newest_first=newest_first,
            as_asked=as_asked,
        )
        return await listed(body, accept)

    @router.get(
        "/api/papers/{paper_id:path}/similar",
        summary="Find papers like one",
        response_model=Matches,
        responses=documented(_404="No paper has this id.", **busy),
    )
    async def similar(paper_id: Named, limit: Some = 10) -> Response:
        """Return the papers nearest to one by their vectors."""

        def find() -> list[Match]:
            service.known([paper_id])
            return engine.similar(paper_id, limit)

        return _matches(await service.aside(find))

    @router.get(
        "/api/papers/{paper_id:path}",
        summary="Get one paper",
        response_model=Paper,
        responses=_in_formats(examples.PAPER) | documented(_404="No paper has this id.", **busy),
    )
    async def paper(paper_id: Named, wanted: Wanted = None, accept: Accept = "") -> Response:
        """Return a paper of the index, as a record or in a form to cite."""
        found = await service.aside(lambda: engine.paper(paper_id))
        if found is None:
            raise UnknownPaper(paper_id)
        chosen = wanted or _accepted(accept)
        if chosen == "json":
            return JSONResponse(found.to_dict())
        return _written(PaperList(found.title, (Match(found, 1.0),)), chosen)

    @router.get("/api/topics", summary="List the topics", responses=documented(**busy))
    async def topics() -> Topics:
        """Return the topics of the index and how many papers have each, the commonest first."""
        counts = await service.aside(engine.topics)
        return Topics(topics=[Topic(topic=topic, papers=count) for topic, count in counts])

    @router.post(
        "/api/embed",
        summary="Embed texts",
        response_model=Vectors,
        responses=documented(_400="The body is no JSON.", _413="The body is too large.", **busy),
    )
    async def embed(body: Texts) -> Response:
        """Return the vector of each text, as the embedding model of the index makes it."""
        vectors = await service.aside(lambda: engine.embed(body.texts))
        name = engine.status().encoder
        return JSONResponse(
            {"encoder": name, "dim": vectors.shape[1], "vectors": vectors.astype(float).round(_DIGITS).tolist()}
        )

    return router


def _matches(found: list[Match]) -> Response:
    return JSONResponse({"matches": [match.to_dict() for match in found]})


def _written(found: PaperList, wanted: str) -> Response:
    if wanted == "json":
        return JSONResponse(found.to_dict())
    return Response(FORMATS[wanted](found), media_type=MEDIA_TYPES[wanted])


def _accepted(accept: str) -> Format:
    """Return the first format whose media type an Accept header names; JSON where it names none."""
    named = [part.partition(";")[0].strip().lower() for part in accept.split(",")]
    formats: dict[str, Format] = {media: name for name, media in MEDIA_TYPES.items()}  # type: ignore[misc]
    return next((formats[media] for media in named if media in formats), "json")


def _in_formats(example: PaperList | Paper) -> dict[int | str, dict[str, Any]]:
    """Return the documentation of a response that comes in every format."""
    match = Match(example, 1.0) if isinstance(example, Paper) else example.matches[0]
    texts = {name: write(PaperList(match.paper.title, (match,))) for name, write in FORMATS.items()}
    content = {media: {"schema": {"type": "string"}, "example": texts[name]} for name, media in MEDIA_TYPES.items()}
    content[MEDIA_TYPES["json"]] = {"example": example.to_dict()}
    return {200: {"description": "In the format that was asked for.", "content": content}}
