"""Fixtures that every test may ask for: the independent judges of tests/judges/."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

from judges import Jdk, OpenSsl, SignXml, XmlDsigSchema, Xmlsec1
from opensc import OpenSc
from programs import JudgeMissingError

if TYPE_CHECKING:
    from authority import Authority, Keys
    from no_network import NoNetwork
    from pcsc_stack import PcscStack
    from pdf_judges import PdfJudges
    from pkcs11_front import Front
    from pki_servers import PkiServer
    from responders import Tsa
    from softhsm import SoftHsm

Judge = TypeVar("Judge")
PCSC_LINK = Path(f"/tmp/jitsuin-pcsc-{os.getpid()}")  # noqa: S108 - a socket's path is short; only we make it
"""Where this process looks for pcscd: nobody's real readers are touched, and the fixture `pcsc` puts its own there."""


def pytest_configure() -> None:
    """At once, as libpcsclite reads this at its first use, and a process that has not found its service never will."""
    os.environ["PCSCLITE_CSOCK_NAME"] = str(PCSC_LINK)


def summon(maker: Callable[[], Judge]) -> Judge:
    """A judge that is not installed skips the test on a developer's machine, and fails it in CI."""
    try:
        return maker()
    except JudgeMissingError as missing:
        if os.environ.get("CI"):
            pytest.fail(str(missing), pytrace=False)
        pytest.skip(str(missing))


@pytest.fixture(scope="session")
def summoned() -> Callable[[Callable[[], Judge]], Judge]:
    """For judges that are made for one test."""
    return summon


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all pytest-xdist workers of this session see."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


@pytest.fixture(scope="session")
def jdk(shared_folder: Path) -> Iterator[Jdk]:
    """XML Signature as the JDK implements it; one Java process for each worker."""
    judge = summon(lambda: Jdk(shared_folder / "jdk"))
    yield judge
    judge.close()


@pytest.fixture(scope="session")
def xmlsec1() -> Xmlsec1:
    """XML Signature as xmlsec1 implements it, certificate chains included."""
    return summon(Xmlsec1)


@pytest.fixture(scope="session")
def openssl() -> OpenSsl:
    """Certificates, CRLs and bare signature values as OpenSSL sees them."""
    return summon(OpenSsl)


@pytest.fixture(scope="session")
def schema() -> XmlDsigSchema:
    """The W3C schema of XML Signature."""
    return summon(XmlDsigSchema)


@pytest.fixture(scope="session")
def signxml() -> SignXml:
    """XAdES as signxml implements it."""
    return summon(SignXml)


@pytest.fixture(scope="session")
def pdf_judges(shared_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PdfJudges]:
    """Signed PDFs as six programs see them, with the simulator's CAs as their anchors."""
    # pyHanko's validation takes half a second to import: only those pay who ask for it.
    from jitsuin.signer.simulator.pki import anchors
    from pdf_judges import PdfJudges

    work = tmp_path_factory.mktemp("pdf-judges")
    judges = summon(lambda: PdfJudges(work, shared_folder / "pdfbox", anchors()))
    yield judges
    judges.close()


@pytest.fixture(scope="session")
def pcsc() -> Iterator[PcscStack]:
    """A pcscd of this worker's own with virtual readers; this process and those that it starts find it."""
    from pcsc_stack import PcscStack

    stack = summon(lambda: PcscStack(PCSC_LINK))
    yield stack
    stack.close()


@pytest.fixture(scope="session")
def opensc(pcsc: PcscStack) -> OpenSc:
    """Another program with a PKCS#11 module of its own, at the same readers."""
    return summon(OpenSc)


@pytest.fixture
def softhsm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SoftHsm:
    """An empty store for PKCS#11 tokens; the processes that this test starts find it."""
    from softhsm import SoftHsm

    store = summon(lambda: SoftHsm(tmp_path / "softhsm"))
    for name, value in store.environment.items():
        monkeypatch.setenv(name, value)
    return store


@pytest.fixture
def front(shared_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Front]:
    """Maker of PKCS#11 modules in front of others: `front(module, faults=["hang@C_Sign"])`, see `FrontBuilder.front`.

    The processes that this test starts from then on find what it is to do, until another is made.
    """
    from pkcs11_front import PREFIX, FrontBuilder

    builder = summon(lambda: FrontBuilder(shared_folder / "pkcs11-front"))
    logs = (tmp_path / f"front-{number}.log" for number in count(1))

    def make(behind: str | Path, **options: Any) -> Front:
        made = builder.front(behind, next(logs), **options)
        for name in [name for name in os.environ if name.startswith(PREFIX)]:
            monkeypatch.delenv(name)
        for name, value in made.environment.items():
            monkeypatch.setenv(name, value)
        return made

    return make


@pytest.fixture(scope="session")
def authority_keys(shared_folder: Path) -> Keys:
    """The keys of all CAs that tests make, made once."""
    from authority import Keys

    return Keys(shared_folder / "authority-keys")


@pytest.fixture
def authority(authority_keys: Keys) -> Authority:
    """A root CA that has issued and revoked nothing yet; others are `Authority(authority.keys, "Another")`."""
    from authority import Authority

    return Authority(authority_keys)


@pytest.fixture
def tsa(authority: Authority) -> Tsa:
    """A time-stamping authority below `authority`, by the machine's clock unless its `at` is set."""
    from responders import Tsa

    return summon(lambda: Tsa(authority))


@pytest.fixture(scope="session")
def nowhere() -> NoNetwork:
    """A network namespace without routes, in which calls about sockets are written down."""
    from no_network import NoNetwork

    return summon(NoNetwork)


@pytest.fixture
def pki_server() -> Iterator[PkiServer]:
    """An HTTP server on loopback with nothing at any path; it starts when its address is first asked for."""
    from pki_servers import PkiServer

    server = PkiServer()
    yield server
    server.close()
    assert server.errors == []
