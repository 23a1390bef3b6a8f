"""Fixtures for all tests. Nothing here or below reaches the network."""

import os
from pathlib import Path

import pytest

os.environ.update(
    HF_HUB_OFFLINE="1", HF_HUB_DISABLE_TELEMETRY="1", TRANSFORMERS_OFFLINE="1", DO_NOT_TRACK="1"
)
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # spinning threads starve whatever shares the cores

if "PYTEST_XDIST_WORKER" in os.environ:  # a process a core
    os.environ.setdefault("OMP_NUM_THREADS", "1")

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real data sets, one folder each (HONE_DATA or ../shared/data); a test that wants one skips where they
    are not."""
    path = Path(os.environ.get("HONE_DATA", ROOT.parent / "shared" / "data"))
    if not path.is_dir():
        pytest.skip(f"real data sets ({path}) are not on this machine; HONE_DATA says where they are")
    return path
