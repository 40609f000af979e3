"""Tokenizes a question with the title and the sentences of an abstract for the reader."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

MOST_TOKENS, QUESTION_TOKENS, TITLE_TOKENS = 512, 64, 48
_WINDOWS = 4


@dataclass(frozen=True)
class Pair:
    """One question and what fits of one abstract as token ids.

    Attributes:
        ids: [CLS] question [SEP] title [SEP] sentences [SEP].
        question_tokens: The first N of them, up to the first [SEP], are segment 0; all others are segment 1.
        first: Position, in the abstract, of the first sentence that is read here.
        spans: Where the tokens of each sentence begin and end.
    """

    ids: list[int]
    question_tokens: int
    first: int
    spans: list[tuple[int, int]]


class PairTokenizer:
    """Cuts questions and abstracts into pairs of at most `MOST_TOKENS`."""

    def __init__(self, tokenizer: Path) -> None:
        from tokenizers import Tokenizer

        self._tokenizer = Tokenizer.from_file(str(tokenizer))
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        self._tokenizer.encode_special_tokens = True  # "[SEP]" in an abstract is text
        self._cls, self._sep = (self._tokenizer.token_to_id(token) or 0 for token in ("[CLS]", "[SEP]"))

    def pairs(self, question: str, title: str, sentences: Sequence[str]) -> Iterator[Pair]:
        """Yield one pair, or several where the sentences do not fit: each reads on where the one before ended.

        At most `_WINDOWS` are made; a sentence that is too long for one loses its end.
        """
        texts = [text.encode(errors="replace").decode() for text in (question, title, *sentences)]
        asked, named, *rest = (each.ids for each in self._tokenizer.encode_batch(texts, add_special_tokens=False))
        head = [self._cls, *asked[:QUESTION_TOKENS], self._sep, *named[:TITLE_TOKENS], self._sep]
        segment, at = len(asked[:QUESTION_TOKENS]) + 2, 0
        for _ in range(_WINDOWS):
            ids, spans = list(head), list[tuple[int, int]]()
            for tokens in rest[at:]:
                room = MOST_TOKENS - 1 - len(ids)
                if len(tokens) > room and spans:
                    break
                spans.append((len(ids), len(ids) + len(tokens[:room])))
                ids += tokens[:room]
            yield Pair([*ids, self._sep], segment, at, spans)
            at += len(spans)
            if at >= len(rest):
                return
