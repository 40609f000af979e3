"""Growing answers in; their checked sentences on the screen as they come, then what they cite."""

import re
from collections.abc import Iterable

from rag.answer import Answer, Sentence
from ui.terminal.printable import page_of, printable, shortened
from ui.terminal.screen import Run, Screen

NEAREST = 3
"""Papers that are named where nothing is cited."""

_TAKEN_BACK = "The lines above are taken back: they do not hold as an answer."


def tell(answers: Iterable[Answer], screen: Screen, notes: Screen, *, numbered: bool = False) -> Answer:
    """Write an answer as its sentences are checked, then its citations, and return it whole.

    Args:
        answers: The growing answer.
        screen: Where it is read.
        notes: Where its note goes.
        numbered: Whether papers that are near, but not cited, have numbers too.
    """
    try:
        answer, said = _grown(answers, screen)
        if not said and answer.text:
            screen.line(Run(answer.text, "warning"))
    finally:
        screen.rest()
    _cited(answer, screen)
    if not answer.answered:
        _near(answer, screen, numbered)
    if answer.note:
        notes.end()
        notes.line(Run(answer.note, "faint"))
    return answer


def _grown(answers: Iterable[Answer], screen: Screen) -> tuple[Answer, bool]:
    """Write the sentences of an answer as they come; return it, and whether there were any that stayed."""
    shown: tuple[Sentence, ...] = ()
    found = False
    screen.passing("Looking for papers…")
    for answer in answers:
        if answer.matches and screen.terminal and not found:
            _found(answer, screen)
            screen.passing("Reading them…")
            found = True
        if answer.sentences[: len(shown)] != shown:  # declined, or quoted instead, after all
            screen.end()
            screen.line(Run(_TAKEN_BACK, "warning"))
            shown = ()
        for sentence in answer.sentences[len(shown) :]:
            _say(sentence, answer, screen, first=not shown)
            shown = (*shown, sentence)
    return answer, bool(shown)


def _found(answer: Answer, screen: Screen) -> None:
    """Name in one line the papers that may answer, by what stands in front of a colon in their titles."""
    names = "; ".join(printable(match.paper.title).split(": ")[0].strip() for match in answer.matches)
    screen.line(Run(shortened(f"Found: {names}", screen.width), "faint"))


def _say(sentence: Sentence, answer: Answer, screen: Screen, first: bool) -> None:
    """Write a sentence with its markers, and its mark where it was verified."""
    if "\n" in sentence.lead and not first:
        screen.end()
    pages = {f"[{each.number}]": page_of(each.paper) for each in answer.citations if each.number in sentence.numbers}
    parts = re.split(r"(\[\d+\])", sentence.marked)
    runs = [Run(part, "mark", pages[part]) if part in pages else Run(part) for part in parts]
    mark = [Run(f" {sentence.mark}", "faint")] if sentence.mark else []
    screen.flow(*([] if first else [" "]), *runs, *mark)


def _cited(answer: Answer, screen: Screen) -> None:
    for citation in answer.citations:
        screen.end()
        marker = f"[{citation.number}]"
        title = Run(citation.paper.title, "title", page_of(citation.paper))
        screen.line(Run(marker, "mark"), " ", title, indent=len(marker) + 1)
        screen.line(Run(f"“{citation.quote.text}”", "faint"), start=4)


def _near(answer: Answer, screen: Screen, numbered: bool) -> None:
    if answer.matches:
        screen.end()
        screen.line("Nearest papers:")
    for number, match in enumerate(answer.matches[:NEAREST], 1):
        marker = f"{number}." if numbered else "-"
        screen.line(f"{marker} ", Run(match.paper.title, "", page_of(match.paper)), start=2, indent=len(marker) + 3)
