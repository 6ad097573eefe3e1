"""Which certificate authorities are believed."""

import os
import ssl
from importlib.util import find_spec
from pathlib import Path

from .errors import PlatformError

BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Ubuntu, Alpine, Arch
    "/etc/pki/tls/certs/ca-bundle.crt",  # Fedora, RHEL, Amazon
    "/etc/ssl/ca-bundle.pem",  # SUSE
    "/etc/ssl/cert.pem",  # Alpine without ca-certificates
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
)
"""Where images keep their bundle: our own interpreter's compiled-in place may be another."""

OURS = Path(__file__).resolve().parents[1] / "ca-certificates.crt"
"""Beside the package where the agent was bundled with its interpreter."""


def context(bundles: tuple[str, ...] = BUNDLES) -> ssl.SSLContext:
    """Return a verifying TLS context, from what the operator named or the image carries.

    ``SSL_CERT_FILE`` or ``SSL_CERT_DIR`` rule where they are set; then the interpreter's
    own places, the known ones, our own, certifi where it happens to be installed.

    Raises:
        PlatformError: there is nothing to verify with. Many game images have no
            ca-certificates, yet an unverified self-stop would hand the token to anybody.
    """
    made = ssl.create_default_context()
    if _holds_any(made):
        return made
    named = [name for name in ("SSL_CERT_FILE", "SSL_CERT_DIR") if os.environ.get(name)]
    if named:
        raise PlatformError(
            f"cannot verify the platform's certificate: {' and '.join(named)} names no readable"
            " CA certificates; correct it, or unset it"
        )
    for bundle in (*bundles, str(OURS), *_certifi()):
        try:
            made.load_verify_locations(cafile=bundle)
        except OSError:  # ssl.SSLError is one: absent, unreadable, no certificate in it
            continue
        return made
    raise PlatformError(
        "cannot verify the platform's certificate: the image has no CA certificates;"
        " install ca-certificates, or point SSL_CERT_FILE to a bundle"
    )


def _holds_any(made: ssl.SSLContext) -> bool:
    """Return whether certificates are loaded, or lie in a folder that is read on demand."""
    folder = ssl.get_default_verify_paths().capath
    hashed = bool(folder) and any(Path(folder).glob("*.[0-9]"))
    return hashed or bool(made.cert_store_stats()["x509"])


def _certifi() -> list[str]:
    """Name certifi's bundle, which other packages bring along, without importing it."""
    found = find_spec("certifi")
    return [str(Path(found.origin).with_name("cacert.pem"))] if found and found.origin else []
