"""What a sentence is about, and whose it is."""

import pytest

from index.papers import Paper
from rag.subject import owner, subject_of, wrongly_given

OAK = Paper("title:oak", "OakNet: Trees for Text", "OakNet reads text. It beats Elm and BERT on GLUE by 3%.")
ELM = Paper("title:elm", "ElmNet: Leaves for Speech", "ElmNet hears speech.")
PAPERS = [OAK, ELM]


@pytest.mark.parametrize(
    ("sentence", "name"),
    [
        ("OakNet reads text.", "OakNet"),
        ("The authors report that OakNet reads text.", "OakNet"),
        ("On GLUE, the BERT model is beaten.", "BERT"),
        ("Elm is beaten on GLUE.", "Elm"),
        ("Elm foliage falls on GLUE.", None),
        ("Trees read text.", None),
        ("Of 219 patients, 44 were kept.", None),
    ],
)
def test_the_subject_is_the_name_that_a_sentence_begins_with(sentence: str, name: str | None) -> None:
    found = subject_of(sentence, PAPERS)
    assert (found.name if found else None) == name


def test_a_method_belongs_to_the_paper_that_is_named_after_it() -> None:
    subject = subject_of("ElmNet reads text.", PAPERS)
    assert subject is not None
    assert owner(subject, "ElmNet reads text.", PAPERS) == 1
    assert owner(subject, "ElmNet hears speech, OakNet reads text.", PAPERS) is None


@pytest.mark.parametrize(("name", "wrong"), [("OakNet", False), ("BERT", True), ("Elm", True)])
def test_what_a_paper_only_compares_with_does_not_have_its_results(name: str, wrong: bool) -> None:
    subject = subject_of(f"{name} gains 3% on GLUE.", PAPERS)
    assert subject is not None
    assert wrongly_given(subject, [OAK], ["It beats Elm and BERT on GLUE by 3%."]) is wrong
