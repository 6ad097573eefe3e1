"""The examples of AWS's own documentation, "Authenticating Requests", literally."""

from hashlib import sha256

import pytest

from agent.logs.sigv4 import Credentials, Request, Scope, sign

KEYS = Credentials("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
HOST = "examplebucket.s3.amazonaws.com"
AT = 1_369_353_600.0  # 20130524T000000Z
EMPTY = sha256(b"").hexdigest()

GET_OBJECT = Request("GET", HOST, "/test.txt", EMPTY, headers={"range": "bytes=0-9"})
PUT_OBJECT = Request(
    "PUT",
    HOST,
    "/test$file.text",
    sha256(b"Welcome to Amazon S3.").hexdigest(),
    headers={
        "date": "Fri, 24 May 2013 00:00:00 GMT",
        "x-amz-storage-class": "REDUCED_REDUNDANCY",
    },
)
GET_LIFECYCLE = Request("GET", HOST, "/", EMPTY, {"lifecycle": ""})
LIST_OBJECTS = Request("GET", HOST, "/", EMPTY, {"max-keys": "2", "prefix": "J"})


@pytest.mark.parametrize(
    ("request_", "signed", "signature"),
    [
        (
            GET_OBJECT,
            "host;range;x-amz-content-sha256;x-amz-date",
            "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
        ),
        (
            PUT_OBJECT,
            "date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class",
            "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
        ),
        (
            GET_LIFECYCLE,
            "host;x-amz-content-sha256;x-amz-date",
            "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
        ),
        (
            LIST_OBJECTS,
            "host;x-amz-content-sha256;x-amz-date",
            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
        ),
    ],
    ids=["get object", "put object", "get lifecycle", "list objects"],
)
def test_example_of_the_documentation_is_signed_as_it_says(
    request_: Request, signed: str, signature: str
) -> None:
    headers = sign(request_, KEYS, Scope("us-east-1"), AT)
    assert headers["authorization"] == (
        "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
        f"SignedHeaders={signed},Signature={signature}"
    )
    assert headers["x-amz-date"] == "20130524T000000Z"


def test_path_is_sent_as_it_is_signed() -> None:
    request = Request("PUT", HOST, "/a b/ü=$.log", EMPTY, {"x y": "1/2"})
    assert request.target == "/a%20b/%C3%BC%3D%24.log?x%20y=1%2F2"
    assert GET_OBJECT.target == "/test.txt"


def test_token_of_a_temporary_pair_is_signed_too() -> None:
    headers = sign(GET_OBJECT, Credentials("AKIA", "secret", "lent"), Scope("eu-west-1"), AT)
    assert headers["x-amz-security-token"] == "lent"
    assert "x-amz-date;x-amz-security-token," in headers["authorization"]


def test_pair_shows_no_secret() -> None:
    assert repr(Credentials("AKIA", "s3cret", "t0ken")) == "Credentials(key_id='AKIA')"
