"""A LlamaIndex `LLM` of a caller in, a `Writer` out, of which nothing is asked but LlamaIndex's interface."""

import threading
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from rag.writer import LlamaIndexWriter, Message, Piece, TransformersWriter, Writer, count_quarters

if TYPE_CHECKING:
    from llama_index.core.llms import LLM


def as_writer(llm: "LLM") -> Writer:
    """Return a LlamaIndex language model as a `Writer`.

    Tokens are counted by its `tokenizer` where it has one, else as four characters each.

    Raises:
        TypeError: It is no LlamaIndex `LLM`.
    """
    from llama_index.core.llms import LLM

    if not isinstance(llm, LLM):
        raise TypeError(f'llm is {llm!r}, expected a LlamaIndex LLM object. A model is named by model="…".')
    name = llm.metadata.model_name
    name = name if name not in ("", "unknown") else type(llm).__name__
    if llm.class_name() == "HuggingFace_LLM":
        tokenizer: Any = llm._tokenizer  # type: ignore[attr-defined]
        return TransformersWriter(name, llm, lambda text: len(tokenizer(text)["input_ids"]))
    own = getattr(llm, "tokenizer", None)
    encode = None if isinstance(own, str) else getattr(own, "encode", None)  # OpenAILike may hold a tokenizer's name
    return _OwnWriter(name, llm, count_quarters if encode is None else lambda text: len(encode(text)))


class _OwnWriter(LlamaIndexWriter):
    """The model of a caller, of which only LlamaIndex's interface is known: it is left where its limit is reached.

    What a model calls that limit, and whether it takes one at all, differs; and its own settings are the caller's.
    """

    def write(self, messages: Sequence[Message], max_tokens: int, cancel: threading.Event) -> Iterator[Piece]:
        """Yield the answer piece by piece, up to the piece that reaches the limit."""
        written = 0
        for piece in super().write(messages, max_tokens, cancel):
            yield piece
            written += self.count(piece.text)
            if written >= max_tokens:
                return

    def _options(self, max_tokens: int) -> dict[str, Any]:
        return {}
