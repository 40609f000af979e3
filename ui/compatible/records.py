"""What the compatible service takes and gives, in the words of OpenAI's API.

Fields of that API that have no meaning here (temperature, tools, …) are taken and passed over.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictBool, field_validator

from ui.api.bodies import AS_ASKED, TEXT_CHARS, Chosen

MODEL = "paperchat"
"""The one model's name."""

Text = Annotated[str, Field(max_length=TEXT_CHARS, pattern=r"\S")]

_QUESTION: dict[str, Any] = {"model": MODEL, "messages": [{"role": "user", "content": "What is curriculum learning?"}]}
_ASKED: dict[str, Any] = {
    "contains": {
        "properties": {"role": {"const": "user"}, "content": {"type": "string", "pattern": r"\S"}},
        "required": ["role", "content"],
    }
}
_TEXTS: dict[str, Any] = {"model": MODEL, "input": ["curriculum learning", "differential privacy"]}


class _Taken(BaseModel):
    model_config = ConfigDict(strict=True)


class Part(_Taken):
    """A part of a message; only text is read."""

    type: str = Field(json_schema_extra={"enum": ["text", "refusal"]})
    text: str | None = None
    refusal: str | None = None


class Message(_Taken):
    """A message of a chat."""

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: str | list[Part] | None = None


class StreamOptions(_Taken):
    """What a stream shall hold."""

    include_usage: bool | None = Field(default=None, description="A last chunk tells the tokens.")


class ResponseFormat(_Taken):
    """How the answer is written: as text with citations."""

    type: Literal["text"]


class Narrowing(Chosen):
    """Which papers may answer; no field of OpenAI's."""

    as_asked: StrictBool = Field(default=False, description=AS_ASKED)


class ChatRequest(_Taken):
    """A chat whose last message of the user is to be answered."""

    model_config = ConfigDict(strict=True, json_schema_extra={"examples": [_QUESTION, {**_QUESTION, "stream": True}]})

    model: str = Field(default=MODEL, description="One of those that `/v1/models` lists.")
    messages: list[Message] = Field(min_length=1, json_schema_extra=_ASKED)
    stream: bool | None = Field(default=None, description="Send sentences as they are checked, as server-sent events.")
    stream_options: StreamOptions | None = None
    n: Annotated[int, Field(ge=1, le=1)] | None = Field(default=None, description="There is one answer.")
    response_format: ResponseFormat | None = None
    paperchat: Narrowing | None = Field(default=None, description="Which papers may answer.")


class EmbeddingsRequest(_Taken):
    """Texts to embed."""

    model_config = ConfigDict(strict=True, json_schema_extra={"examples": [_TEXTS]})

    model: str = Field(default=MODEL, description="`paperchat`, or the name of the embedding model.")
    input: Text | Annotated[list[Text], Field(min_length=1, max_length=2048)]
    encoding_format: Literal["float", "base64"] = "float"
    dimensions: int | None = Field(default=None, description="As many as the embedding model has, if given.")

    @field_validator("input", mode="before")
    @classmethod
    def _is_text(cls, given: Any) -> Any:  # noqa: ANN401 - whatever was sent
        """Say in plain words what is wrong with an input: tokens of another model, or an empty text."""
        texts = given if isinstance(given, list) else [given]
        if any(isinstance(text, int | list) for text in texts):
            raise ValueError("these are tokens of another model; send text")
        if empty := [at for at, text in enumerate(texts) if isinstance(text, str) and not text.strip()]:
            raise ValueError(f"text {empty[0]} is empty; leave it out")
        if long := [at for at, text in enumerate(texts) if isinstance(text, str) and len(text) > TEXT_CHARS]:
            raise ValueError(f"text {long[0]} has more than {TEXT_CHARS} characters; shorten it")
        return given


class Usage(BaseModel):
    """Tokens as the model counts them; none for what was quoted, not written."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


class Cited(BaseModel):
    """What a marker `[number]` stands for."""

    number: int
    paper_id: str
    title: str
    url: str | None
    quote: str = Field(description="The sentence of the abstract that is nearest to what is said.")


class Said(BaseModel):
    """An answer: with markers and a list of references in its text, and once more as data."""

    role: Literal["assistant"]
    content: str
    refusal: None = None
    citations: list[Cited]
    paperchat: dict[str, Any] = Field(description="The whole answer, as `/api/ask` gives it.")


class Choice(BaseModel):
    """The one answer."""

    index: int
    message: Said
    finish_reason: Literal["stop", "length"]
    logprobs: None = None


class ChatReply(BaseModel):
    """An answered chat."""

    id: str
    object: Literal["chat.completion"]
    created: int
    model: str
    choices: list[Choice]
    usage: Usage


class Embedded(BaseModel):
    """The vector of a text: numbers, or float32 little-endian in base64."""

    object: Literal["embedding"]
    index: int
    embedding: list[float] | str


class EmbeddingsUsage(BaseModel):
    """Tokens are not counted here: always 0."""

    prompt_tokens: int = 0
    total_tokens: int = 0


class EmbeddingsReply(BaseModel):
    """Embedded texts, in their order."""

    object: Literal["list"]
    model: str
    data: list[Embedded]
    usage: EmbeddingsUsage


class Model(BaseModel):
    """A model that can be asked."""

    id: str
    object: Literal["model"]
    created: int
    owned_by: str
    description: str


class ModelsReply(BaseModel):
    """The models."""

    object: Literal["list"]
    data: list[Model]


class Error(BaseModel):
    """What went wrong."""

    message: str
    type: str
    param: str | None
    code: str | None


class ErrorReply(BaseModel):
    """What went wrong, in the shape of OpenAI's API."""

    error: Error
