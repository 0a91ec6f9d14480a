"""Lets moto check the signature of what was sent. By itself it checks that of a path and query which it has decoded, and so
refuses every key or prefix with a character that is percent-encoded, botocore's own requests included."""

import flask
from botocore.awsrequest import AWSRequest
from moto.iam.access_control import S3IAMRequest


def check_what_was_sent():
    S3IAMRequest._create_aws_request = request_as_sent


def request_as_sent(self):
    names = self._get_string_between("SignedHeaders=", ",", self._headers["Authorization"]).split(";")
    headers = self._create_headers_for_aws_request(names, self._headers)
    sent = flask.request.environ["REQUEST_URI"]
    request = AWSRequest(self._method, f"https://{self._headers['Host']}{sent}", headers=headers)
    request.context["timestamp"] = headers["X-Amz-Date"]
    return request
