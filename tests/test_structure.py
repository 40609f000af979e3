"""The promises that hold for the project as a whole."""

import ast
import importlib
import subprocess
import sys
from pathlib import Path
from string import Template

import pytest

import prompts
import rag
from rag.answer import CANNOT_ANSWER

ROOT = Path(__file__).parents[1]
MODULES = [path for package in ("index", "rag", "ui", "prompts") for path in sorted((ROOT / package).rglob("*.py"))]
ALLOWED = {"index": {"index"}, "prompts": set(), "rag": {"rag", "index", "prompts"}, "ui": {"ui", "rag", "index"}}
HOMES = {
    "chromadb": {"index/chroma.py", "index/chromaserver.py"},
    "bm25s": {"index/bm25.py", "rag/evaluation/searchers.py"},
    "nltk": {"index/chunks.py"},
    "openvino": {"index/quantized.py"},
    "ray": {"index/cluster.py", "index/spread.py"},
    "sentence_transformers": {"rag/rerank.py", "index/quantized.py", "index/vectors.py"},
    "transformers": {"rag/writer.py", "index/vectors.py"},
    "llama_index": {
        "index/chunks.py",
        "index/encoders.py",
        "rag/engine.py",
        "rag/evaluation/llamaindex.py",
        "rag/llamacpp.py",
        "rag/llamaindex.py",
        "rag/ownwriter.py",
        "rag/writer.py",
    },
    "bibtexparser": {"index/sources/bibtex.py"},
    "pylatexenc": {"index/sources/tex.py"},
    "pypdf": {"index/sources/pdfworker.py"},
    "rispy": {"index/sources/ris.py"},
    "lxml": {"index/sources/webpage.py"},
    "onnxruntime": {"rag/judges/reader.py"},
    "tokenizers": {"index/vectors.py", "rag/judges/pairs.py"},
    "ir_measures": {"rag/evaluation/retrieval.py"},
    "xllamacpp": {"rag/llamacpp.py"},
    "huggingface_hub": {"index/fetch.py"},
    "gradio": {f"ui/page/{name}.py" for name in ("__init__", "desk", "chat", "chats", "lists", "corpus")},
    "uvicorn": {"ui/connections.py", "ui/server.py"},
    "prompt_toolkit": {"ui/terminal/keyboard.py"},
    "mcp": {"ui/agents/__init__.py", "ui/agents/tools.py"},
    "pwdlib": {"ui/access/users.py"},
    "watchfiles": {"ui/watching.py"},
    "sqlite3": {
        "index/formats.py",
        "index/pending.py",
        "index/tablecheck.py",
        "index/wordvectors.py",
        "ui/database.py",
    },
    "sklearn": {"index/duplicates.py", "index/layout.py"},
    "defusedxml": {"index/sources/live/body.py"},
    "tenacity": {"index/sources/live/patience.py"},
    "threadpoolctl": {"index/layout.py", "ui/process.py"},
    "prometheus_client": {"ui/api/metrics.py"},
    "fastapi": {"ui/server.py", "ui/page/__init__.py", "ui/page/downloads.py", "ui/page/uploads.py"}
    | {f"ui/api/{name}.py" for name in ("__init__", "asking", "events", "health", "listening", "listing", "problems")}
    | {f"ui/compatible/{name}.py" for name in ("__init__", "faults")},
}
HEAVY = [
    "torch",
    "gradio",
    "transformers",
    "sentence_transformers",
    "chromadb",
    "llama_index.core",
    "nltk",
    "ir_measures",
    "prompt_toolkit",
    "mcp",
    "onnxruntime",
    "openvino",
    "ray",
    "sklearn",
    "tokenizers",
]


def imports(path: Path) -> set[str]:
    """Return the top names of everything that a module imports, wherever in it."""
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    plain = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    return {name.split(".")[0] for name in [*plain, *[n.module or "" for n in nodes if isinstance(n, ast.ImportFrom)]]}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_point_one_way_and_each_library_has_one_home(path: Path) -> None:
    name = path.relative_to(ROOT).as_posix()
    package, used = name.split("/")[0], imports(path)
    assert used & ALLOWED.keys() <= ALLOWED[package]
    assert [library for library, homes in HOMES.items() if library in used and name not in homes] == []


@pytest.mark.parametrize("statement", ["import rag", "import ui.cli", "import index, index.models, index.sources"])
def test_importing_loads_nothing_heavy(statement: str) -> None:
    code = f"import sys; {statement}; print([name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("package", ["rag", "index"])
def test_all_is_sorted_and_whole(package: str) -> None:
    module = importlib.import_module(package)
    assert all(hasattr(module, name) for name in module.__all__)
    assert sorted(module.__all__, key=lambda name: (not name.isupper(), name)) == module.__all__


def test_the_contract_is_exported() -> None:
    assert {"Engine", "Settings", "Answer", "Citation", "Match", "Paper", "PaperList", "Turn"} <= set(rag.__all__)


def test_prompts_have_the_holes_that_the_code_fills() -> None:
    holes = {path.stem: prompts.load(path.stem).get_identifiers() for path in (ROOT / "prompts").glob("*.txt")}
    assert holes == {
        "system": ["cannot_answer"],
        "question": ["evidence", "question"],
        "followup": ["evidence", "before", "question"],
        "example_question": [],
        "example_answer": [],
        "judge_system": [],
        "judge_paper": ["title", "passage"],
        "judge_claim": ["claim"],
        "judge_question": ["question"],
        "judge_sentence": ["question", "sentence"],
        "judge_verify": [],
        "judge_gate": [],
        "judge_answers": [],
    }


def test_prompts_take_any_text_as_it_is() -> None:
    assert "$x$ {y} $evidence" in prompts.load("question").substitute(evidence="$x$ {y} $evidence", question="?")
    assert isinstance(prompts.load("system"), Template)
    assert CANNOT_ANSWER in prompts.load("system").substitute(cannot_answer=CANNOT_ANSWER)


def test_no_path_of_a_machine_and_no_registry_is_named() -> None:
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    words = ["/wo" + "rk/", "/ro" + "ot/", "pypi" + ".org", "files.python" + "hosted"]
    texts = {name: (ROOT / name).read_bytes() for name in tracked}
    assert [(name, word) for name, text in texts.items() for word in words if word.encode() in text] == []
