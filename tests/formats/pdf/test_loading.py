"""A short command does not load what it has no use for, and whoever else uses pyHanko finds it whole."""

from __future__ import annotations

import subprocess
import sys

OPEN_BY_ADAPTER = """
import sys
from importlib.resources import files
from jitsuin.formats.pdf.adapter import PdfAdapter
from jitsuin.formats.source import Source
data = files("jitsuin.samples").joinpath("signed/employment-certificate.pades-b-b.pdf").read_bytes()
PdfAdapter().open(Source.of(data))
"""
OPEN_DIRECTLY = "import sys\nimport jitsuin.formats.pdf.reading\n"
REPORT = (
    "print(*sorted({'asyncio', 'ssl', 'pyhanko_certvalidator', 'pyhanko_certvalidator.util'} & sys.modules.keys()))"
)
VALIDATE = """
import io
import pyhanko_certvalidator.registry
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
assert pyhanko_certvalidator.registry.ConsList is pyhanko_certvalidator.util.ConsList
(signature,) = PdfFileReader(io.BytesIO(data)).embedded_signatures
print(validate_pdf_signature(signature).intact)
"""


def output_of(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_opening_a_pdf_loads_no_validator() -> None:
    assert output_of(OPEN_BY_ADAPTER + REPORT) == ""
    assert output_of(OPEN_DIRECTLY + REPORT) == "asyncio pyhanko_certvalidator pyhanko_certvalidator.util ssl"


def test_pyhanko_can_be_used_afterwards() -> None:
    assert output_of(OPEN_BY_ADAPTER + VALIDATE) == "True"


def test_pyhanko_can_be_used_before() -> None:
    assert output_of("import pyhanko.sign\n" + OPEN_BY_ADAPTER + VALIDATE) == "True"
