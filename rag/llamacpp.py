"""A LlamaIndex `LLM` that runs a GGUF file in this process, with leases of its slots. The one home of xllamacpp."""

import json
import secrets
import threading
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llama_index.core.base.llms.types import (
    ChatMessage,
    ChatResponse,
    ChatResponseGen,
    CompletionResponse,
    CompletionResponseGen,
    LLMMetadata,
    MessageRole,
)
from llama_index.core.llms.callbacks import llm_chat_callback, llm_completion_callback
from llama_index.core.llms.custom import CustomLLM
from pydantic import PrivateAttr

from rag.settings import cores
from rag.streams import stoppable

if TYPE_CHECKING:
    from rag.writer import Message

_TOP_TOKENS = 20
_PROMPT_CACHE_MIB = 256


class LlamaCpp(CustomLLM):
    """llama.cpp's server without its HTTP: several answers at once share the cores, and read prompts are kept."""

    path: str
    parallel: int
    context_tokens: int
    _server: Any = PrivateAttr()
    _key: str = PrivateAttr()
    _free: dict[int, str] = PrivateAttr()
    _freed: Any = PrivateAttr()

    def __init__(self, path: Path, threads: int, parallel: int, context_tokens: int) -> None:
        """Load the model; takes seconds.

        Args:
            path: Of the GGUF file.
            threads: 0 takes one for each core.
            parallel: Answers written at the same time, each with a context of its own.
            context_tokens: Of one answer: what it reads and what it writes.

        Raises:
            RuntimeError: llama.cpp cannot load the file.
        """
        super().__init__(path=str(path), parallel=parallel, context_tokens=context_tokens)
        import xllamacpp

        params = xllamacpp.CommonParams()
        params.model.path = str(path)
        params.n_ctx = context_tokens * parallel
        params.n_parallel = parallel
        params.kv_unified = False
        params.load_mode = (
            xllamacpp.llama_load_mode.LLAMA_LOAD_MODE_NONE
        )  # a mapped file and its repacked copy: +0.6 GiB
        params.cache_ram_mib = _PROMPT_CACHE_MIB
        params.verbosity = -1
        params.warmup = False
        params.ui = False
        self._key = secrets.token_hex(16)
        params.api_keys = [self._key]
        params.cpuparams.n_threads = params.cpuparams_batch.n_threads = threads or cores()
        self._server = xllamacpp.Server(params)
        self._free = dict.fromkeys(range(parallel), "")  # slot: what it was leased for last; longest free first
        self._freed = threading.Condition()

    @contextmanager
    def slot(self, about: str = "") -> Iterator[int]:
        """Lease one of the server's `parallel` slots; waits while all are leased.

        A slot keeps what the model read last. Calls that share a beginning, such as all about one paper, pass the
        number of one lease as `slot` or `id_slot`, so that nothing else is read into it in between.

        Args:
            about: What the calls share. A free slot that was leased for the same last is preferred to the one that
                has been free longest.
        """
        with self._freed:
            self._freed.wait_for(lambda: self._free)
            number = next((n for n, last in self._free.items() if about and last == about), next(iter(self._free)))
            del self._free[number]
        try:
            yield number
        finally:
            with self._freed:
                self._free[number] = about
                self._freed.notify()

    def first_token(self, messages: "Sequence[Message]", slot: int) -> dict[str, float]:
        """Return the log-probabilities of the 20 likeliest first tokens of an answer.

        Args:
            messages: The chat so far.
            slot: From a lease.

        Raises:
            RuntimeError: llama.cpp refuses the prompt, for example because it is longer than the context.
        """
        events: list[dict[str, Any]] = []
        payload = {
            "messages": [{"role": message.role, "content": message.content} for message in messages],
            "max_tokens": 1,
            "temperature": 0.0,
            "logprobs": True,
            "top_logprobs": _TOP_TOKENS,
            "cache_prompt": True,
            "id_slot": slot,
        }
        self._server.handle_chat_completions(payload, events.append)
        if "error" in events[0] or not events[0].get("choices"):
            raise RuntimeError(f"llama.cpp: {events[0].get('error', events[0])}")
        top: dict[str, float] = {}
        for token in events[0]["choices"][0]["logprobs"]["content"][0]["top_logprobs"]:
            top.setdefault(token["token"], token["logprob"])  # halves of characters look alike
        return top

    @property
    def metadata(self) -> LLMMetadata:
        """What LlamaIndex asks of a model."""
        return LLMMetadata(context_window=self.context_tokens, is_chat_model=True, model_name=Path(self.path).stem)

    def count(self, text: str) -> int:
        """Return the tokens of a text, by the model's own tokenizer (llama.cpp gives it over loopback only)."""
        request = urllib.request.Request(
            f"{self._server.listening_address}/tokenize",
            data=json.dumps({"content": text}).encode(),
            headers={"Content-Type": "application/json", "Authorization": f"Bearer {self._key}"},
        )
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=30) as response:
            return len(json.load(response)["tokens"])

    @llm_chat_callback()
    def stream_chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponseGen:  # noqa: ANN401
        """Yield the answer as it grows; leaving the iterator, or setting `cancel`, ends the generation.

        Args:
            messages: The chat so far.
            kwargs: `max_tokens`, `cancel` (threading.Event), and any other field of a llama.cpp chat request, such as
                the `id_slot` of a lease; without one, the answer gets a lease of its own.
        """
        cancel = kwargs.pop("cancel", None) or threading.Event()
        payload = {
            "messages": [{"role": message.role.value, "content": message.content or ""} for message in messages],
            "stream": True,
            "temperature": 0.0,
            "cache_prompt": True,
            **kwargs,
        }

        def run(hand_over: Callable[[dict[str, Any]], bool]) -> None:
            if "id_slot" in payload:
                self._server.handle_chat_completions(payload, hand_over)
                return
            with self.slot() as slot:
                if not cancel.is_set():
                    self._server.handle_chat_completions({**payload, "id_slot": slot}, hand_over)

        def grow() -> ChatResponseGen:
            text = ""
            for event in stoppable(run, cancel):
                if "error" in event or not event.get("choices"):
                    raise RuntimeError(f"llama.cpp: {event.get('error', event)}")
                delta = event["choices"][0].get("delta", {}).get("content") or ""
                text += delta
                message = ChatMessage(role=MessageRole.ASSISTANT, content=text)
                yield ChatResponse(message=message, delta=delta, raw=event)

        return grow()

    @llm_completion_callback()
    def stream_complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponseGen:  # noqa: ANN401
        """Yield the answer to one message, as `stream_chat` does."""
        for response in self.stream_chat([ChatMessage(role=MessageRole.USER, content=prompt)], **kwargs):
            yield CompletionResponse(text=response.message.content or "", delta=response.delta, raw=response.raw)

    @llm_completion_callback()
    def complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:  # noqa: ANN401
        """Return the answer to one message."""
        last = CompletionResponse(text="")
        for response in self.stream_complete(prompt, formatted, **kwargs):
            last = response
        return last
