"""Loading pyHanko's object model without pyHanko's validator, which takes as long again.

Three of its modules take small things from `pyhanko_certvalidator.util`. To import that runs the package's own __init__
first, and with it certification path validation, asyncio and ssl: many times what it takes to sign a document.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path

_PACKAGE, _MODULE = "pyhanko_certvalidator", "pyhanko_certvalidator.util"


def load_all() -> None:
    """Import what it takes to sign and verify, which is otherwise done when the first document comes."""
    load_object_model()
    from . import signing, verify  # noqa: F401


def load_object_model() -> None:
    """Import pyhanko.pdf_utils.reader with a copy of that one module, which nobody else gets to see.

    Where something is not as expected, nothing is done: the usual import comes next and says what is wrong.
    """
    if {"pyhanko.pdf_utils.reader", _PACKAGE, _MODULE} & sys.modules.keys():
        return
    package = find_spec(_PACKAGE)
    if package is None or package.origin is None:
        return
    spec = spec_from_file_location(_MODULE, Path(package.origin).with_name("util.py"))
    if spec is None or spec.loader is None:
        return
    copy = module_from_spec(spec)
    sys.modules[_MODULE] = copy  # as the import system does before it runs a module
    try:
        spec.loader.exec_module(copy)
        import pyhanko.pdf_utils.reader  # noqa: F401 - is to find the copy
    except (ImportError, OSError):
        pass
    finally:
        sys.modules.pop(_MODULE, None)
