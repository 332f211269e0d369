"""The benchmark, in one command: python benchmarks/run.py

Makes a virtual environment in benchmarks/build/ (or uses the current one, with --here), installs this tree and the
tools of requirements.txt in it, and runs measure.py there, which has the other options: run.py --help.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

HERE = Path(__file__).resolve().parent
TREE = HERE.parent
ENVIRONMENT = HERE / "build" / "venv"
NOT_SOURCE = shutil.ignore_patterns(".*", "build", "dist", "*.egg-info", "__pycache__")


def prepare_environment() -> Path:
    """The environment's Python. Jitsuin is installed anew each time, from a copy, so that it is this tree."""
    python = ENVIRONMENT / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not python.exists():
        venv.create(ENVIRONMENT, with_pip=True)
    pip: list[str | Path] = [python, "-m", "pip", "--quiet", "--disable-pip-version-check", "install"]
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "jitsuin"
        shutil.copytree(TREE, copy, ignore=NOT_SOURCE)
        subprocess.run([*pip, copy], check=True)
        subprocess.run([*pip, "--force-reinstall", "--no-deps", copy], check=True)
    for line in (HERE / "requirements.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            subprocess.run([*pip, line], check=False)  # measure.py says what is absent
    return python


def main(arguments: list[str]) -> int:
    here = "--here" in arguments
    rest = [argument for argument in arguments if argument != "--here"]
    asked_for_help = {"-h", "--help"} & set(rest)
    python = Path(sys.executable) if here or asked_for_help else prepare_environment()
    # measure.py and its children import what stands beside it, and nothing else of this tree.
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONSAFEPATH", "PYTHONPATH")}
    return subprocess.run([python, HERE / "measure.py", *rest], env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
