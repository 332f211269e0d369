"""Makes the test keys in `keys/`: `python -m jitsuin.signer.simulator.make_keys DIR`. Never imported.

The keys are public and worth nothing. They are shipped so that a card issued from the same persona at the same time is
the same card everywhere, byte for byte. Keys that exist are kept; running this again only adds missing ones.
"""

from __future__ import annotations

import sys
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from .personas import PERSONAS
from .pki import AUTHENTICATION_KEY, CAS


def make_keys(folder: Path) -> list[str]:
    """Write each missing key as unencrypted DER PKCS#8 and return the names made."""
    names = [*CAS, AUTHENTICATION_KEY, *PERSONAS]
    made = [name for name in names if not (folder / f"{name}.der").exists()]
    for name in made:
        key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
        key = ec.generate_private_key(ec.SECP384R1()) if name == "p384" else rsa.generate_private_key(65537, 2048)
        der = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        (folder / f"{name}.der").write_bytes(der)
    return made


if __name__ == "__main__":
    make_keys(Path(sys.argv[1]))
