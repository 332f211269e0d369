"""Measure signing and verifying, check what was written, and put the tables into docs/performance.md.

What is measured is in pdf_bench.py, xml_bench.py, card_bench.py, pkcs11_bench.py and batch_bench.py, how
in bench.py.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import batch_bench
import card_bench
import pdf_bench
import pkcs11_bench
import xml_bench
from bench import HERE, load, machine
from tables import check_markers, write_between_markers

PAGE = HERE.parent / "docs" / "performance.md"
PARTS = {"pdf": pdf_bench, "xml": xml_bench, "card": card_bench, "pkcs11": pkcs11_bench, "batch": batch_bench}


def main() -> None:
    parser = argparse.ArgumentParser(prog="benchmarks/run.py", description=__doc__.splitlines()[0])
    # run.py takes this one.
    parser.add_argument("--here", action="store_true", help="use this environment instead of benchmarks/build/venv")
    parser.add_argument("--only", choices=PARTS, help="measure one part, and rewrite its tables only")
    parser.add_argument(
        "--sizes",
        default="",
        help="some of the documents, card's speeds, token's keys or folders, by name, by commas (with --only)",
    )
    parser.add_argument("--rounds", type=int, help="instead of each document's own number")
    parser.add_argument(
        "--repetitions", type=int, help="in each child, or files in each folder, instead of each one's own number"
    )
    parser.add_argument("--warm-ups", type=int, help="documents before Java is timed, instead of each one's own number")
    parser.add_argument("--work", type=Path, default=HERE / "build" / "work", help="a folder to be emptied and filled")
    parser.add_argument("--output", type=Path, default=PAGE, help="the page with the markers; default: %(default)s")
    parser.add_argument("--json", type=Path, help="write the numbers here, too")
    options = parser.parse_args()
    if options.sizes and not options.only:
        parser.error("--sizes needs --only: the parts have sizes of different names")
    given = {name: getattr(options, name) for name in ("rounds", "repetitions", "warm_ups") if getattr(options, name)}
    parts = {name: part for name, part in PARTS.items() if options.only in (None, name)}
    for part in parts.values():
        check_markers(options.output, part.MARKER)
    facts: dict[str, Any] = {}
    for name, part in parts.items():
        before = load()
        measured = part.run(options.work, given, options.sizes.split(",") if options.sizes else [])
        facts[name] = measured | {
            "at": f"{datetime.now(UTC):%Y-%m-%d}",
            "machine": machine(),
            "load": [before, load()],
        }
        if options.json:
            options.json.write_text(json.dumps(facts, indent=2))
        write_between_markers(options.output, part.MARKER, part.render(facts[name]))
        shutil.rmtree(options.work)
    print(f"the tables are in {options.output}", file=sys.stderr)


if __name__ == "__main__":
    main()
