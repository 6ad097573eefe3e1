"""A bucket of Google's, a container of Azure's, each by the rules of its document."""

import hashlib
import hmac
from base64 import b64decode, b64encode
from urllib.parse import unquote, urlsplit

from .logstore import Reply, Sent

TOKEN = "ya29.google-bearer"
ACCOUNT, KEY = "games", b64encode(b"azure-account-key").decode()
_SIGNED = ("content-encoding", "content-language", "content-length", "content-md5",
           "content-type", "date", "if-modified-since", "if-match", "if-none-match",
           "if-unmodified-since", "range")  # fmt: skip


class Cloud:
    """What there is, by path; the metadata, too."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.metadata: dict[str, str] = {}

    def put(self, sent: Sent, prefix: str, *, only_new: bool, there: Reply) -> Reply:
        """Take an object; say *there* where it must be new, but is not."""
        name = unquote(urlsplit(sent.target).path)
        if only_new and name in self.objects:
            return there
        self.objects[name] = sent.body
        self.metadata = {
            header.removeprefix(prefix): text
            for header, text in sent.headers.items()
            if header.startswith(prefix)
        }
        return Reply(201, (("ETag", '"x"'),))


class Google(Cloud):
    """Source: cloud.google.com/storage/docs/xml-api/put-object."""

    def __call__(self, sent: Sent) -> Reply:
        """Answer a request."""
        if sent.headers.get("authorization") != f"Bearer {TOKEN}":
            return Reply(401, body=b"<Error><Code>AuthenticationRequired</Code></Error>")
        only_new = sent.headers.get("x-goog-if-generation-match") == "0"
        return self.put(sent, "x-goog-meta-", only_new=only_new, there=Reply(412))


class Azure(Cloud):
    """Source: learn.microsoft.com, "Put Blob", "Authorize with Shared Key"."""

    def __call__(self, sent: Sent) -> Reply:
        """Answer a request."""
        if sent.headers.get("authorization") != f"SharedKey {ACCOUNT}:{_signature(sent)}":
            return Reply(403, body=b"<Error><Code>AuthenticationFailed</Code></Error>")
        assert sent.headers["x-ms-blob-type"] == "BlockBlob"
        for name in sent.headers:
            rest = name.removeprefix("x-ms-meta-")
            assert rest == name or rest.isidentifier(), f"400 InvalidMetadata: {name}"
        there = Reply(409, body=b"<Error><Code>BlobAlreadyExists</Code></Error>")
        only_new = sent.headers.get("if-none-match") == "*"
        return self.put(sent, "x-ms-meta-", only_new=only_new, there=there)


def _signature(sent: Sent) -> str:
    ours = sorted(name for name in sent.headers if name.startswith("x-ms-"))
    told = [
        sent.method,
        *(sent.headers.get(name, "") for name in _SIGNED),
        *(f"{name}:{sent.headers[name]}" for name in ours),
        f"/{ACCOUNT}{urlsplit(sent.target).path}",
    ]
    digest = hmac.new(b64decode(KEY), "\n".join(told).encode(), hashlib.sha256).digest()
    return b64encode(digest).decode()
