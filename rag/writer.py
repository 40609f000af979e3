"""A name in, a `Writer` out: the one seam between paperchat and any language model, by way of LlamaIndex."""

import re
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

from index import models
from index.errors import ModelError
from rag.settings import Settings
from rag.streams import stoppable

if TYPE_CHECKING:
    from llama_index.core.base.llms.types import ChatMessage, ChatResponse
    from llama_index.core.llms import LLM

NONE = "none"
_CONTROL = re.compile(r"<(?=[^\s<>]+>)|\[(?=/?[A-Z_]+\])")
"""Where what has the form of a model's own tokens begins: <|im_end|>, </s>, <start_of_turn>, [INST] and their kind."""


@dataclass(frozen=True)
class Message:
    """One message of a prompt."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True)
class Piece:
    """What a model wrote next, with the prompt tokens that it had to read (not from its cache), where it tells."""

    text: str
    prompt_tokens: int = 0


class Writer(Protocol):
    """A language model that answers a prompt piece by piece."""

    @property
    def name(self) -> str:
        """What people call it."""
        ...

    def count(self, text: str) -> int:
        """Return the tokens of a text."""
        ...

    def write(self, messages: Sequence[Message], max_tokens: int, cancel: threading.Event) -> Iterator[Piece]:
        """Yield the answer; setting `cancel`, or leaving the iterator, ends it within a second."""
        ...


class LlamaIndexWriter:
    """Any LlamaIndex `LLM` as a `Writer`."""

    def __init__(self, name: str, llm: "LLM", count: Callable[[str], int]) -> None:
        self.name = name
        self.llm = llm
        self.count = lru_cache(maxsize=4096)(count)

    def write(self, messages: Sequence[Message], max_tokens: int, cancel: threading.Event) -> Iterator[Piece]:
        """Yield the answer piece by piece."""
        from llama_index.core.base.llms.types import ChatMessage, ChatResponse

        chat = [ChatMessage(role=message.role, content=message.content) for message in messages]

        def run(hand_over: Callable[[ChatResponse], bool]) -> bool:
            return any(hand_over(response) for response in self._responses(chat, self._options(max_tokens)))

        text = ""
        for response in stoppable(run, cancel):
            whole = response.message.content or ""
            piece = whole.removeprefix(text) if response.delta is None else response.delta
            text += piece
            yield Piece(piece, _tokens_read(response.raw))

    def _responses(self, chat: "Sequence[ChatMessage]", options: dict[str, Any]) -> "Iterator[ChatResponse]":
        """Yield the growing answer, or the whole one of a model that cannot stream."""
        try:
            yield from self.llm.stream_chat(chat, **options)
        except NotImplementedError:
            yield self.llm.chat(chat, **options)

    def _options(self, max_tokens: int) -> dict[str, Any]:
        """Return what the model takes beside the messages."""
        return {"max_tokens": max_tokens}


class TransformersWriter(LlamaIndexWriter):
    """LlamaIndex's transformers model takes its limit from itself, and writes one answer at a time."""

    _one_at_a_time = threading.Lock()

    def write(self, messages: Sequence[Message], max_tokens: int, cancel: threading.Event) -> Iterator[Piece]:
        """Yield the answer piece by piece, after those that were asked before."""
        llm: Any = self.llm
        with self._one_at_a_time:
            left, own_limit = threading.Event(), llm.max_new_tokens
            llm.max_new_tokens = max_tokens
            llm._stopping_criteria.append(lambda *_: left.is_set() or cancel.is_set())
            try:
                yield from super().write(messages, max_tokens, cancel)
            finally:
                left.set()
                llm._stopping_criteria.pop()
                llm.max_new_tokens = own_limit

    def _options(self, max_tokens: int) -> dict[str, Any]:
        return {}


def as_text(text: str) -> str:
    """Return what others wrote as one line that a model reads as text: with a blank in what may be a token of its own.

    Runtimes read such tokens in a message as the model's own: there they end it, or begin one of the system.
    """
    return _CONTROL.sub(r"\g<0> ", " ".join(text.split()))


def open_writer(settings: Settings) -> Writer | None:
    """Load the language model that settings name; None for `none`.

    Raises:
        ModelError: It cannot be had or loaded; the message says why.
    """
    if settings.model == NONE:
        return None
    name, kind = settings.model, _kind(settings.model)
    try:
        return _KINDS[kind](settings)
    except ModelError:
        raise
    except Exception as error:  # each runtime has errors of its own; a person needs one line
        raise ModelError(f"The language model {name} does not load with {kind}: {error}") from error


def _kind(name: str) -> str:
    """Tell by its form what runs a model."""
    if name.startswith(("http://", "https://")):
        return "an OpenAI-compatible server"
    return "llama.cpp" if name in models.KNOWN or name.endswith(".gguf") else "transformers"


def _llamacpp(settings: Settings) -> Writer:
    from rag.llamacpp import LlamaCpp

    path = models.fetch(settings.model, offline=settings.offline)
    context = max(4096, settings.evidence_tokens + settings.answer_tokens + settings.question_chars // 2 + 1024)
    llm = LlamaCpp(path, settings.threads, settings.parallel, context)
    return LlamaIndexWriter(Path(settings.model).name.removesuffix(".gguf"), llm, llm.count)


def _transformers(settings: Settings) -> Writer:
    from llama_index.llms.huggingface import HuggingFaceLLM
    from transformers import AutoModelForCausalLM, AutoTokenizer

    folder = models.fetch(settings.model, offline=settings.offline)
    files = sorted(file.name for file in folder.glob("*.gguf"))
    gguf = {"gguf_file": files[0]} if files else {}
    tokenizer: Any = AutoTokenizer.from_pretrained(folder, local_files_only=True, **gguf)
    model = AutoModelForCausalLM.from_pretrained(folder, local_files_only=True, dtype="auto", **gguf)
    tokenizer.pad_token = tokenizer.pad_token or tokenizer.eos_token

    def to_prompt(messages: Sequence[Any]) -> str:
        chat = [{"role": message.role.value, "content": message.content} for message in messages]
        return str(tokenizer.apply_chat_template(chat, tokenize=False, add_generation_prompt=True))

    llm = HuggingFaceLLM(
        model=model,
        tokenizer=tokenizer,
        context_window=4096,
        messages_to_prompt=to_prompt,
        generate_kwargs={"do_sample": False},
        is_chat_model=True,
    )
    return TransformersWriter(Path(settings.model).name, llm, lambda text: len(tokenizer(text)["input_ids"]))


def _server(settings: Settings) -> Writer:
    from llama_index.llms.openai_like import OpenAILike
    from openai import OpenAI

    key = settings.api_key or "none"
    with OpenAI(base_url=settings.model, api_key=key, timeout=5, max_retries=0) as client:
        name = settings.model_name or next(iter(client.models.list())).id
    llm = OpenAILike(
        model=name, api_base=settings.model, api_key=key, is_chat_model=True, temperature=0, timeout=120, max_retries=1
    )
    return LlamaIndexWriter(name, llm, _server_count(settings.model, key, name))


_KINDS: dict[str, Callable[[Settings], Writer]] = {
    "llama.cpp": _llamacpp,
    "transformers": _transformers,
    "an OpenAI-compatible server": _server,
}


def _server_count(url: str, key: str, name: str) -> Callable[[str], int]:
    """Return a count by the server's own tokenizer (llama.cpp's, vLLM's), or of four characters a token without one."""
    import httpx

    root = url.rstrip("/").removesuffix("/v1")

    def count(text: str) -> int:
        body = {"content": text, "model": name, "prompt": text}
        answer = httpx.post(f"{root}/tokenize", json=body, headers={"Authorization": f"Bearer {key}"}, timeout=5)
        return len(answer.raise_for_status().json()["tokens"])

    try:
        count("a")
    except (httpx.HTTPError, ValueError, KeyError, TypeError):
        return count_quarters
    return count


def count_quarters(text: str) -> int:
    """Return the tokens of a text where nobody counts them: one for each four characters."""
    return -(-len(text) // 4)


def _tokens_read(raw: object) -> int:
    """Return the prompt tokens that llama.cpp reports at the end of an answer."""
    timings = raw.get("timings") if isinstance(raw, dict) else None
    return int(timings.get("prompt_n", 0)) if isinstance(timings, dict) else 0
