"""Signs requests as botocore does: a second opinion for our own signer.

Reads a JSON array from standard input and prints one of the same length. Each request is {"method", "url" (encoded, with
query), "headers": [[name, value]...], "payloadHash", "timestamp", "region", "id", "secret", "token" or null, "expires" or
null}; each answer is the `Authorization` header, or with `expires` the presigned URL's signature.
"""

import json
import sys
import urllib.parse

from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials


def pin_clock(auth, timestamp):
    """Replaces what botocore would take from the clock, in `add_auth`, by the request's own time."""
    import botocore.auth
    import datetime

    fixed = datetime.datetime.strptime(timestamp, "%Y%m%dT%H%M%SZ")
    for name in ("get_current_datetime",):
        if hasattr(botocore.auth, name):
            setattr(botocore.auth, name, lambda *a, **k: fixed)


def sign(item):
    credentials = Credentials(item["id"], item["secret"], item["token"])
    request = AWSRequest(method=item["method"], url=item["url"], headers=dict(item["headers"]))
    if item["expires"] is None:
        auth = S3SigV4Auth(credentials, "s3", item["region"])
        # What is signed as payload is what the request says, not a body.
        auth.payload = lambda request: item["payloadHash"]
    else:
        auth = S3SigV4QueryAuth(credentials, "s3", item["region"], expires=item["expires"])
    pin_clock(auth, item["timestamp"])
    auth.add_auth(request)
    if item["expires"] is None:
        return request.headers["Authorization"]
    query = urllib.parse.parse_qs(urllib.parse.urlsplit(request.url).query)
    return query["X-Amz-Signature"][0]


print(json.dumps([sign(item) for item in json.load(sys.stdin)]))
