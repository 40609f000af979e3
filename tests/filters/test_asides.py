"""Which papers a question means is read by rule; what only looks like a date, a name or an order is left alone."""

import json
from pathlib import Path

import pytest

from rag import asides
from rag.filters import Filter

DEVELOPMENT = sorted((Path(__file__).parents[2] / "bench/data").glob("*.jsonl"))


class FewAuthors:
    """An index of May 2024 with three authors, one category and one title."""

    newest = "2024-05-17"

    def author(self, name: str, sure: bool) -> bool:
        return name.casefold() in ("hinton", "geoffrey hinton", "g. hinton", "yann lecun", "wei chen")

    def category(self, name: str) -> bool:
        return name == "hep-th"

    def titled(self, words: str) -> bool:
        return words.casefold().rstrip("?") in ("of recent", "recent advances", "since 2012", "learning since 2012")


class Undated(FewAuthors):
    """An index none of whose papers has a date."""

    newest = ""


@pytest.mark.parametrize(
    ("question", "rest", "words"),
    [
        ("What works on LoRA since 2024?", "What works on LoRA?", "since 2024"),
        ("Which papers after March 2023 study pruning?", "Which papers study pruning?", "since April 2023"),
        ("Which papers after 2020 study pruning?", "Which papers study pruning?", "since 2021"),
        ("distillation before 2020", "distillation", "until 2019"),
        ("distillation until May 2021", "distillation", "until May 2021"),
        ("papers no later than 2020 on agents", "papers on agents", "until 2020"),
        ("What was published between 2019 and 2021 on agents?", "What was published on agents?", "from 2019 to 2021"),
        ("In 2019-2021, what was found on agents?", "what was found on agents?", "from 2019 to 2021"),
        ("What is new in 2023 or 2024 on agents?", "What is new on agents?", "from 2023 to 2024"),
        ("papers from the 2010s about kernels", "papers about kernels", "from 2010 to 2019"),
        ("What did people find in 2023 about batches?", "What did people find about batches?", "in 2023"),
        ("papers about beetles from 2022", "papers about beetles", "in 2022"),
        ("Is there literature on LoRA from May 2022?", "Is there literature on LoRA?", "in May 2022"),
        ("papers about language models from 2022", "papers about language models", "in 2022"),
        ("papers about language models, from 2022", "papers about language models", "in 2022"),
        ("papers about beetles from 2019 to 2021", "papers about beetles", "from 2019 to 2021"),
        ("beetles in 2022", "beetles", "in 2022"),
        ("2023 papers on agents", "papers on agents", "in 2023"),
        ("from 2021 on, papers about agents", "papers about agents", "since 2021"),
        ("papers on LoRA that were published since January 2023", "papers on LoRA", "since January 2023"),
        ("LoRA from the last six months", "LoRA", "since 17 November 2023"),
        ("federated learning, last two years", "federated learning", "since 17 May 2022"),
        ("over the past year, what was found?", "what was found?", "since 17 May 2023"),
        ("What do recent papers say on pruning?", "What do papers say on pruning?", "since 17 May 2023"),
        ("According to recent papers by Hinton, why?", "According to papers, why?", "since 17 May 2023, by Hinton"),
        ("According to the latest work, why?", "According to the work, why?", "newest first"),
        ("recent deep learning papers", "deep learning papers", "since 17 May 2023"),
        ("what was published recently on pruning", "what was published on pruning", "since 17 May 2023"),
        ("What was published on LoRA this year?", "What was published on LoRA?", "in 2024"),
        ("papers on LoRA that came out last year", "papers on LoRA", "in 2023"),
        ("What do last year's papers on LoRA find?", "What do papers on LoRA find?", "in 2023"),
        ("papers from this year or last year on LoRA", "papers on LoRA", "from 2023 to 2024"),
        ("What's new on LoRA this year?", "What's new on LoRA?", "in 2024"),
        ("papers on pruning in recent years", "papers on pruning", "since 17 May 2021"),
        ("In recent years, which methods prune best?", "which methods prune best?", "since 17 May 2021"),
        (
            "How did approaches to pruning change over recent months?",
            "How did approaches to pruning change?",
            "since 17 February 2024",
        ),
        ("papers on pruning from the past years", "papers on pruning", "since 17 May 2021"),
        ("the latest papers on LoRA", "the papers on LoRA", "newest first"),
        ("What is the latest on pruning?", "What is on pruning?", "newest first"),
        ("pruning, newest first", "pruning", "newest first"),
        ("pruning (sorted by date)", "pruning", "newest first"),
        ("pruning papers by Hinton", "pruning papers", "by Hinton"),
        ("papers by hinton on capsules", "papers on capsules", "by hinton"),
        ("What is distillation by Hinton?", "What is distillation?", "by Hinton"),
        ("papers written by Geoffrey Hinton", "", "by Geoffrey Hinton"),
        ("capsules by G. Hinton and Yann LeCun since 2017", "capsules", "since 2017, by G. Hinton or Yann LeCun"),
        ("What did Wei Chen's recent papers find?", "What did papers find?", "since 17 May 2023, by Wei Chen"),
        ("What does Hinton say about proteins?", "What does research say about proteins?", "by Hinton"),
        ("What has Wei Chen also published on LoRA?", "What has research also published on LoRA?", "by Wei Chen"),
        ("What did Hinton and Yann LeCun find?", "What did papers find?", "by Hinton or Yann LeCun"),
        ("Which papers did Hinton write before 2020?", "Which papers did research write?", "until 2019, by Hinton"),
        ("distillation in cs.CL and stat.ML", "distillation", "in cs.CL or stat.ML"),
        ("cs.CL papers on parsing since 2021, newest first", "papers on parsing", "since 2021, in cs.CL, newest first"),
        ("strings in hep-th", "strings", "in hep-th"),
        ("and since 2023?", "", "since 2023"),
        ("only from the last year?", "", "since 17 May 2023"),
    ],
)
def test_a_phrase_becomes_a_filter_and_leaves_the_question(question: str, rest: str, words: str) -> None:
    read = asides.read(question, FewAuthors())
    assert (read.rest, read.filter.words) == (rest, words)
    assert read.phrases and all(phrase in question for phrase in read.phrases)


@pytest.mark.parametrize(
    "question",
    [
        "What happens in 2D?",
        "How has GPT-4 changed since its release?",
        "Top-1 accuracy on ImageNet 2012?",
        "Which model won ImageNet in 2012?",
        "Who led the Brain-Score 2022 competition?",
        "How does WMT 2014 compare?",
        "BERT after fine-tuning",
        "What happens before training?",
        "What is the loss after 2000 steps?",
        "between 2000 and 2048 tokens",
        "context from 256K to 2048K",
        "rainfall data from 2017 to 2020",
        "papers about models trained from 2012 to 2016",
        "papers about models trained from 2012 to 2016 data",
        "papers about rainfall data over Asia from 2020",
        "How do papers differ from 2022?",
        "papers on the version of GPT-4 from 2023",
        "How do beetles from 2022 eat, and which papers study them?",
        "Which papers quote it? How do beetles differ from 2022?",
        "mortality in the last six months of pregnancy",
        "What does “recent papers since 2020” mean?",
        'Who wrote "Advances before 2020"?',
        "What does A Survey of Recent Advances in Pruning say?",
        "what does a survey of recent advances in pruning say?",
        "What is deep learning since 2012 about?",
        "How does it compare to recent work?",
        "trained by gradient descent",
        "an attack by Mallory",
        "What does Mallory say about attacks?",
        "What does Hinton have to do with capsules?",
        "strings in gr-qc",
        "Is the last layer the most important?",
        "recently seen tokens",
        "In recent years, networks have grown. Which papers prune them?",
        "In recent years transformers have taken over; which papers doubt them?",
        "Why have language models become so popular in recent years?",
        "Which papers use data collected last year?",
        "Which papers study the model that won this year?",
        "Which papers do better than last year?",
        "Is the loss lower than in recent years of training?",
        "What did this year's winner do?",
        "Which papers are about the last year of school?",
        "Which papers ask for n examples per year?",
    ],
)
def test_what_only_looks_like_a_phrase_is_left_alone(question: str) -> None:
    assert asides.read(question, FewAuthors()) == asides.Aside(question)


@pytest.mark.parametrize("path", DEVELOPMENT, ids=lambda path: path.stem)
def test_no_development_question_is_taken_for_a_filter(path: Path) -> None:
    records = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    asked = [record.get("question") or record.get("request") or "" for record in records]
    asked += [turn["question"] for record in records for turn in record.get("history", ()) if isinstance(turn, dict)]
    assert [text for text in asked if asides.read(text, FewAuthors()) != asides.Aside(text)] == []


def test_counting_from_the_newest_paper_is_said_and_needs_one_with_a_date() -> None:
    assert asides.read("LoRA since 2024", FewAuthors()).counted is False
    assert asides.read("recent papers on LoRA", FewAuthors()).counted is True
    read = asides.read("recent papers on LoRA since 2020", Undated())
    assert (read.rest, read.filter, read.undated) == ("recent papers on LoRA", Filter(since="2020"), ("recent",))
    years = asides.read("papers of this year or from recent years", Undated())
    assert (years.filter, years.undated) == (Filter(), ("of this year", "from recent years"))


@pytest.mark.parametrize(
    "question",
    ["Which of them use LoRA?", "And of those, which prune?", "What else in the same years?", "among these?"],
)
def test_a_follow_up_says_that_the_filter_holds_on(question: str) -> None:
    assert asides.read(question, FewAuthors()).keeps
