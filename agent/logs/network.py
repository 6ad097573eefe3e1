"""Words for what goes wrong between us and a store."""

import os

import aiohttp

_BUNDLE = "install ca-certificates, or point SSL_CERT_FILE to its authority"


def explain(error: aiohttp.ClientError | OSError) -> str:
    """Return what happened with the fix, as far as there is one; not fit to be shown unmasked."""
    match error:
        case aiohttp.ClientConnectorDNSError():
            return f"cannot resolve the name {error.host}: {error.strerror}; correct the host"
        case aiohttp.ClientConnectorCertificateError():
            reason = getattr(error.certificate_error, "verify_message", "it is not valid")
            return f"cannot trust the certificate of {error.host}: {reason}; {_BUNDLE}"
        case aiohttp.ClientConnectorSSLError():
            reason = error.os_error.reason or "the handshake failed"
            told = str(reason).lower().replace("_", " ")
            return f"cannot speak TLS with {error.host}:{error.port}: {told}; is it http://?"
        case aiohttp.ClientConnectorError():
            number = error.os_error.errno
            reason = os.strerror(number) if number else str(error.os_error)
            return f"cannot connect to {error.host}:{error.port}: {reason}"
        case _:
            return str(error) or type(error).__name__
