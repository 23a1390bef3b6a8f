"""The rule of the rooms: imports go one way, read from the source by AST."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "components" / "spacy_hone"
FILES = sorted(PACKAGE.rglob("*.py"))
ALL_FILES = [
    *FILES,
    *(p for room in ("tests", "benchmarks", "scripts") for p in sorted((ROOT / room).rglob("*.py"))),
]

# room -> the rooms of ours it may import
MAY_IMPORT = {
    "errors": set(),
    "types": set(),
    "corpora": {"errors", "types"},
    "losses": {"errors", "types"},
    "models": {"errors", "types"},
    "teachers": {"errors", "types", "corpora"},
    "pipes": {"errors", "types", "corpora", "losses", "models", "teachers"},
    "training": {"errors", "types", "corpora", "losses", "models", "teachers", "pipes"},
    "evaluation": {"errors", "types", "corpora", "losses", "models", "teachers", "pipes"},
    "deploy": {
        "errors",
        "types",
        "corpora",
        "losses",
        "models",
        "teachers",
        "pipes",
        "training",
        "evaluation",
    },
}
MAY_IMPORT["cli"] = {*MAY_IMPORT, "cli"}
# room -> what of others it never imports, anywhere
NEVER = {
    "errors": {"spacy", "thinc", "torch"},
    "types": {"spacy", "thinc", "torch"},
    "corpora": {"thinc", "torch", "transformers", "spacy_transformers"},
    "losses": {"spacy", "torch", "transformers", "spacy_transformers"},
}


def imports(path: Path) -> Iterator[tuple[str, bool]]:
    """Yield (dotted module, whether it stands at the top of the module) for each import of a file."""
    tree = ast.parse(path.read_text(encoding="utf8"))
    top = {id(node) for node in tree.body}
    package = ["spacy_hone", *path.relative_to(PACKAGE).parts[:-1]]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, id(node) in top) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            yield module, id(node) in top
            if module == "spacy_hone":
                yield from ((f"spacy_hone.{alias.name}", id(node) in top) for alias in node.names)


def room(module: str) -> str:
    return module.split(".")[1] if "." in module else ""


def test_there_are_files():
    assert len(FILES) > 20


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_go_one_way(path: Path):
    own = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    if own == "__init__":
        assert not [m for m, _ in imports(path) if m.startswith("spacy_hone")]
        return
    for module, _ in imports(path):
        if module.startswith("spacy_hone."):
            assert room(module) == own or room(module) in MAY_IMPORT[own], f"{own} imports {module}"
        assert module.split(".")[0] not in NEVER.get(own, set()), f"{own} imports {module}"


def test_files_are_small():
    lengths = {str(p.relative_to(ROOT)): len(p.read_text(encoding="utf8").splitlines()) for p in ALL_FILES}
    assert not [path for path, length in lengths.items() if length > 350]
    assert sorted(lengths.values())[len(lengths) // 2] <= 120


def test_only_docs_knows_spacy_in_corpora():
    knowing = [
        p.name
        for p in (PACKAGE / "corpora").rglob("*.py")
        if any(m.split(".")[0] == "spacy" for m, _ in imports(p))
    ]
    assert set(knowing) <= {"docs.py"}


def test_models_never_know_language():
    for path in (PACKAGE / "models").rglob("*.py"):
        assert "spacy.language" not in {m for m, _ in imports(path)}, path
