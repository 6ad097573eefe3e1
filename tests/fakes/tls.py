"""A certificate of 127.0.0.1 that is its own authority."""

import ssl
import subprocess
from pathlib import Path


def make_certificate(folder: Path) -> Path:
    """Make a key with its certificate; return the certificate's file, fit for SSL_CERT_FILE."""
    request = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost"
    names = ["-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"]
    files = ["-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")]
    subprocess.run([*request.split(), *names, *files], check=True, capture_output=True)
    return folder / "cert.pem"


def server_context(certificate: Path) -> ssl.SSLContext:
    """Return what a server needs to speak TLS with it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, certificate.with_name("key.pem"))
    return context
