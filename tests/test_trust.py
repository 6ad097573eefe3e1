"""Certificates in images that have them in odd places, or nowhere."""

import ssl
from pathlib import Path

import pytest

from agent import trust
from agent.errors import PlatformError

CERTIFI = str(Path(trust._certifi()[0]))


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """Act as an interpreter that finds no certificates in its own places."""
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.delenv("SSL_CERT_DIR", raising=False)
    monkeypatch.setattr(
        ssl, "create_default_context", lambda: ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    )
    nowhere = ssl.DefaultVerifyPaths("", "", "", "", "", "")
    monkeypatch.setattr(ssl, "get_default_verify_paths", lambda: nowhere)


def test_the_file_that_the_operator_names_is_the_only_one_believed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    one = Path(CERTIFI).read_text().partition("-----END CERTIFICATE-----")
    bundle = tmp_path / "one.pem"
    bundle.write_text(one[0] + one[1] + "\n")
    monkeypatch.setenv("SSL_CERT_FILE", str(bundle))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    made = trust.context()
    assert made.cert_store_stats()["x509"] == 1
    assert made.verify_mode is ssl.CERT_REQUIRED
    assert made.check_hostname


def test_a_folder_of_hashed_certificates_is_enough(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "0a1b2c3d.0").write_text("read on demand by OpenSSL")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    assert trust.context().cert_store_stats()["x509"] == 0


def test_a_named_file_that_is_not_there_is_a_fault_rather_than_wider_trust(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    with pytest.raises(PlatformError, match="SSL_CERT_FILE and SSL_CERT_DIR names no readable"):
        trust.context()


@pytest.mark.usefixtures("bare")
def test_the_image_s_own_bundle_is_found_behind_unreadable_ones(tmp_path: Path) -> None:
    broken = tmp_path / "broken.pem"
    broken.write_text("no certificate")
    made = trust.context((str(tmp_path / "none"), str(broken), CERTIFI))
    assert made.cert_store_stats()["x509"] > 50
    assert made.verify_mode is ssl.CERT_REQUIRED


@pytest.mark.usefixtures("bare")
def test_certifi_is_used_where_it_happens_to_be(tmp_path: Path) -> None:
    made = trust.context((str(tmp_path / "none"),))
    assert made.cert_store_stats()["x509"] > 50


@pytest.mark.usefixtures("bare")
def test_an_image_without_any_certificate_is_told_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(trust, "find_spec", lambda _: None)
    with pytest.raises(PlatformError, match="install ca-certificates"):
        trust.context(())
