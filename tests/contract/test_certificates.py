"""The roots to verify the database by: fetched by a deploy, looked at, and put where the layer's build takes them."""

import io
import ssl
import subprocess
import urllib.request
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from layers.dependencies import fetch_certificates
from layers.dependencies.fetch_certificates import BUNDLE, main
from operate import artifact, deploy
from tests.contract.stack import ROOT, SHAPES


def certificate(name: str, *, ca: bool = True) -> bytes:
    """A certificate that vouches for itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(timezone.utc)
    built = x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
    built = built.not_valid_before(now - timedelta(minutes=1)).not_valid_after(now + timedelta(hours=1))
    built = built.add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    return built.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)


@pytest.fixture
def target(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    target = tmp_path / "certificates" / "rds.pem"
    monkeypatch.setattr(fetch_certificates, "TARGET", target)
    return target


def _answer(content: bytes, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    asked: list[str] = []

    def urlopen(url: str, *, timeout: float) -> io.BytesIO:
        assert timeout
        asked.append(url)
        return io.BytesIO(content)

    monkeypatch.setattr(urllib.request, "urlopen", urlopen)
    return asked


def test_awss_bundle_is_fetched_over_tls(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = certificate("Region One") + certificate("Region Two")
    asked = _answer(content, monkeypatch)
    assert main([]) == 0
    assert asked == [BUNDLE]
    assert BUNDLE.startswith("https://truststore.pki.rds.amazonaws.com/")
    assert target.read_bytes() == content


def test_another_file_can_be_taken_instead(target: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = _answer(b"", monkeypatch)
    own = tmp_path / "own.pem"
    own.write_bytes(certificate("Own"))
    assert main([str(own)]) == 0
    assert (asked, target.read_bytes()) == ([], own.read_bytes())


@pytest.mark.parametrize(
    "content",
    [b"", b"<html>Sign in to the network</html>", certificate("Server", ca=False)],
    ids=["nothing", "a page", "a server's"],
)
def test_what_is_no_authoritys_certificate_is_refused(
    content: bytes, target: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _answer(content, monkeypatch)
    assert main([]) == 1
    assert not target.exists()
    assert "no certificates from https://truststore" in capsys.readouterr().err


def test_without_an_answer_the_deploy_stops(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_url: str, *, timeout: float) -> io.BytesIO:
        raise ssl.SSLCertVerificationError(f"not theirs, after {timeout} s")

    monkeypatch.setattr(urllib.request, "urlopen", refuse)
    assert main([]) == 1
    assert not target.exists()


def test_the_build_takes_them_to_where_the_functions_look(tmp_path: Path) -> None:
    source, built = tmp_path / "source", tmp_path / "built"
    (source / "certificates").mkdir(parents=True)
    built.mkdir()
    (source / "certificates/rds.pem").write_text("roots")
    makefile = str(ROOT / "layers/dependencies/Makefile")
    command = ["make", "--directory", str(source), "--file", makefile, f"ARTIFACTS_DIR={built}", "certificates"]
    subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - the project's own Makefile
    assert (built / "certificates/rds.pem").read_text() == "roots"
    assert fetch_certificates.TARGET == ROOT / "layers/dependencies/certificates/rds.pem"
    production = SHAPES["production"]
    assert production.environment("MigrateFunction")["DATABASE_CA_FILE"] == {"Ref": "MigrationCaFile"}
    assert production.parameters["MigrationCaFile"] == "/opt/certificates/rds.pem"


def test_a_deploy_fetches_them_before_it_builds(monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[list[str]] = []
    monkeypatch.setattr(deploy, "run_step", lambda command, _environment=None: steps.append(list(command)))
    monkeypatch.setattr(deploy, "require_clean_tree", lambda _project: "a" * 40)
    monkeypatch.setattr(deploy, "require_tests", lambda _commit: None)
    monkeypatch.setattr(artifact, "pack", lambda *_: "digest")
    monkeypatch.setattr(deploy, "RELEASE", ROOT / ".aws-sam/release")
    assert deploy.build("staging", "own.pem") == "digest"
    fetch, build, check = steps
    assert fetch == ["python", "layers/dependencies/fetch_certificates.py", "own.pem"]
    assert build[:2] == ["sam", "build"]
    assert check[1] == "layers/dependencies/check_target.py"
