"""The example that the OpenAPI document shows: real records, so that it always has the shape of what is sent."""

from index.papers import Paper
from rag.answer import Answer, Citation, Match, Quote, Sentence, Timings
from rag.lists import PaperList
from ui.api import events
from ui.api.service import Queued

PAPER = Paper(
    "arxiv:2205.05131",
    "UL2: Unifying Language Learning Paradigms",
    "UL2 mixes several denoisers in one objective. With 20 billion parameters, it leads on 50 tasks.",
    authors=("Yi Tay", "Mostafa Dehghani"),
    published="2022-05-10",
    url="https://arxiv.org/abs/2205.05131",
    topics=("pretraining",),
    sources=("starter",),
)
QUOTE = Quote("UL2 mixes several denoisers in one objective.", 0, 45, 0.81)
MATCH = Match(PAPER, 0.93, (QUOTE,))
SENTENCE = Sentence(QUOTE.text, (1,), "supported", (QUOTE,), lead="")
ANSWER = Answer(
    question="What does UL2 mix?",
    standalone="What does UL2 mix?",
    text=SENTENCE.marked,
    sentences=(SENTENCE,),
    citations=(Citation(1, PAPER, QUOTE),),
    matches=(MATCH,),
    timings=Timings(papers_s=0.02, first_token_s=1.4, total_s=3.1, prompt_tokens=412, answer_tokens=12),
    writer="qwen2.5-coder-1.5b-instruct",
    done=True,
)
PAPERS = PaperList("papers on pretraining", (MATCH,))


def ask_events() -> str:
    """Return the events of the example answer as they are sent, after a moment in the queue."""
    steps: list[events.Step] = [Queued(1), Answer(ANSWER.question, ANSWER.standalone, matches=ANSWER.matches), ANSWER]
    told = events.Told()
    return b"".join(events.frame(name, data) for step in steps for name, data in told.news(step)).decode()
