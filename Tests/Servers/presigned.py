"""Presigned URLs in front of moto: moto checks signatures in headers only, so a signed query is checked here and signed anew."""

import datetime
import urllib.parse

from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials


class PresignedRequests:
    """WSGI middleware. `secrets` maps access keys to (secret, session token or None)."""

    def __init__(self, application, secrets, refused=0):
        """`refused`: so many uses of an address are refused first, as if it had run out."""
        self.application = application
        self.refused = refused
        self.secrets = secrets

    def __call__(self, environ, start_response):
        query = urllib.parse.parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True)
        if "X-Amz-Signature" not in dict(query):
            return self.application(environ, start_response)
        refusal = self.has_run_out() or self.sign_anew(environ, query)
        if refusal is None:
            return self.application(environ, start_response)
        body = f'<?xml version="1.0" encoding="UTF-8"?><Error><Code>{refusal}</Code></Error>'.encode()
        start_response("403 Forbidden", [("Content-Type", "application/xml"), ("Content-Length", str(len(body)))])
        return [body]

    def has_run_out(self):
        if self.refused == 0:
            return None
        self.refused -= 1
        return "AccessDenied"

    def sign_anew(self, environ, query):
        """None when the query's signature is right and young enough; the request then carries a header's. Else S3's code."""
        fields = dict(query)
        access_key, _, region, service, _ = fields["X-Amz-Credential"].split("/")
        if access_key not in self.secrets:
            return "InvalidAccessKeyId"
        signed_at = datetime.datetime.strptime(fields["X-Amz-Date"], "%Y%m%dT%H%M%SZ")
        age = datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None) - signed_at
        if age.total_seconds() > int(fields["X-Amz-Expires"]):
            return "AccessDenied"
        secret, token = self.secrets[access_key]
        credentials = Credentials(access_key, secret, token)
        path = environ.get("REQUEST_URI", environ["PATH_INFO"]).partition("?")[0]
        base = f"https://{environ['HTTP_HOST']}{path}"
        kept = [(name, value) for name, value in query if name != "X-Amz-Signature"]
        encode = urllib.parse.urlencode
        signed = AWSRequest(
            environ["REQUEST_METHOD"], f"{base}?{encode(kept, quote_via=urllib.parse.quote)}",
            headers={"host": environ["HTTP_HOST"]})
        signed.context["timestamp"] = fields["X-Amz-Date"]
        verifier = S3SigV4QueryAuth(credentials, service, region)
        text = verifier.string_to_sign(signed, verifier.canonical_request(signed))
        if verifier.signature(text, signed) != fields["X-Amz-Signature"]:
            return "SignatureDoesNotMatch"
        plain = encode([(n, v) for n, v in query if not n.startswith("X-Amz-")], quote_via=urllib.parse.quote)
        anew = AWSRequest(environ["REQUEST_METHOD"], f"{base}?{plain}" if plain else base)
        S3SigV4Auth(credentials, service, region).add_auth(anew)
        environ["QUERY_STRING"] = plain
        environ["REQUEST_URI"] = f"{path}?{plain}" if plain else path
        for name, value in anew.headers.items():
            environ["HTTP_" + name.upper().replace("-", "_")] = value
        return None
