# noqa: INP001 - a folder of build files, not a package
"""Copy the root certificates of RDS to the dependencies layer, where the build takes them.

    python layers/dependencies/fetch_certificates.py [certificates.pem]

No package contains them and they change over the years, so each deploy fetches AWS's bundle over TLS. For a database
that is not on RDS another PEM file can be named. Without valid certificates the script exits with 1 and keeps the
existing file.
"""

import ssl
import sys
import tempfile
import urllib.request
from pathlib import Path
from typing import Final

BUNDLE: Final = "https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem"
"""The roots of all regions, 160 KB; https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.SSL.html."""
TARGET: Final = Path(__file__).parent / "certificates" / "rds.pem"
"""The functions see it as /opt/certificates/rds.pem."""
SECONDS: Final = 30


def main(arguments: list[str]) -> int:
    """Arguments: none, or a PEM file to take instead of AWS's bundle."""
    source = arguments[0] if arguments else BUNDLE
    try:
        content = Path(source).read_bytes() if arguments else _download(source)
        roots = count_roots(content)
    except (OSError, ValueError) as error:  # including urllib's and ssl's errors
        print(f"no certificates from {source}: {error}", file=sys.stderr)  # noqa: T201 - a command-line tool prints
        return 1
    TARGET.parent.mkdir(exist_ok=True)
    TARGET.write_bytes(content)
    print(f"{roots} certificates from {source}")  # noqa: T201 - as above
    return 0


def count_roots(content: bytes) -> int:
    """Return the number of certificates in a PEM file; raises OSError or ValueError if it is invalid or has none."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(content)
        file.flush()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(file.name)
    roots = context.cert_store_stats()["x509_ca"]
    if not roots:
        raise ValueError("none of them is an authority's")
    return roots


def _download(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=SECONDS) as answer:  # noqa: S310 - the constant above
        return bytes(answer.read())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
