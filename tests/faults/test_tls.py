"""Off this machine the connection is encrypted, and the server has to prove its name before it gets a password.

The embedded Postgres has no TLS, so a proxy takes it off in front of it, as RDS Proxy does.
"""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, Final

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from tests.faults import sqs_records
from tests.harness import Database, forget, handle, point_at

HOST: Final = "db.example"
SSL_REQUEST: Final = bytes.fromhex("0000000804d2162f")


class TlsProxy:
    """Takes TLS connections with the certificate in `file`, passes them on to Postgres in the clear."""

    def __init__(self, upstream: tuple[str, int], file: Path) -> None:
        self._upstream = upstream
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(file)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.handshakes = 0
        self.refused = threading.Event()
        self._sockets: list[socket.socket] = [self._listener]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                plain, _ = self._listener.accept()
                self._sockets.append(plain)
                assert plain.recv(len(SSL_REQUEST)) == SSL_REQUEST
                plain.sendall(b"S")
                self._shake_hands(plain)

    def _shake_hands(self, plain: socket.socket) -> None:
        try:
            client = self._context.wrap_socket(plain, server_side=True)
        except OSError:
            self.refused.set()
            return
        self.handshakes += 1
        server = socket.create_connection(self._upstream)
        self._sockets += [client, server]
        for source, target in ((client, server), (server, client)):
            threading.Thread(target=_pass, args=(source, target), daemon=True).start()

    def close(self) -> None:
        for sock in self._sockets:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            sock.close()


def _pass(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while chunk := source.recv(65536):
            target.sendall(chunk)
        target.shutdown(socket.SHUT_WR)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for HOST that vouches for itself, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "autopulse test")])
    now = datetime.now(timezone.utc)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path_factory.mktemp("tls") / "certificate.pem"
    file.write_bytes(
        certificate.public_bytes(Encoding.PEM) + key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    return file


@pytest.fixture
def proxy(database: Database, certificate: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TlsProxy]:
    """Every host name leads to it."""
    host, port = database.url.rpartition("@")[2].partition("/")[0].split(":")
    with closing(TlsProxy((host, int(port)), certificate)) as proxy:
        real = socket.create_connection

        def create_connection(address: tuple[str, int], *arguments: Any) -> socket.socket:  # noqa: ANN401 - as socket's
            return real(("127.0.0.1", proxy.port) if address[0].endswith(".example") else address, *arguments)

        monkeypatch.setattr(socket, "create_connection", create_connection)
        point_at(database.url, monkeypatch)
        monkeypatch.setenv("DATABASE_HOST", HOST)
        monkeypatch.setenv("DATABASE_CA_FILE", str(certificate))
        forget()
        yield proxy
        forget()


def test_a_server_with_a_matching_certificate_is_used(proxy: TlsProxy, database: Database) -> None:
    assert handle([sqs_records.status(n) for n in range(1, 6)]) == []
    assert handle([sqs_records.status(6)]) == []
    assert database.statuses()[:6] == ["In Progress"] * 6
    assert proxy.handshakes == 1


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize(
    ("setting", "value"),
    [
        pytest.param("DATABASE_HOST", "other.example", id="another name"),
        pytest.param("DATABASE_CA_FILE", "", id="nobody vouches for it"),
    ],
)
def test_a_server_with_a_wrong_certificate_gets_no_data(
    setting: str, value: str, proxy: TlsProxy, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(setting, value)
    batch = [sqs_records.status(1)]
    assert handle(batch, seconds=6) == [batch[0]["messageId"]]
    assert proxy.handshakes == 0
    assert proxy.refused.wait(60)
    assert database.statuses()[0] == "Ready"
