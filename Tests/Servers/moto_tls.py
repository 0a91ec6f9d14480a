"""Amazon S3 in one process: moto over TLS, with signatures and IAM enforced.

    moto_tls.py [--cert PEM --key PEM] [--bucket NAME]... [--region R] [--open] [--requests FILE] [--policies FOLDER]
                [--refuse-links N]

Makes the buckets and three identities with the policies of deploy/examples, and prints before its port:

    ca PATH                          only without --cert
    admin ACCESS-KEY SECRET          may do everything
    agent ACCESS-KEY SECRET          iam-agent-policy.json: writes, never reads or deletes
    coordinator ACCESS-KEY SECRET    iam-coordinator-policy.json: reads and deletes
    session ACCESS-KEY SECRET TOKEN  temporary credentials that may do everything

`POST /_modified` with `{"KEY": SECONDS, ...}` sets when objects of the first bucket were stored: what was seeded is as old as
its reports say. `--open` enforces nothing. `--requests` appends one line `METHOD PATH?QUERY STATUS` for each request.
The first N uses of presigned addresses are refused, as if they had run out. moto reads the Action part of a policy only; what a policy's Resource part keeps apart must be tested on the real service.
"""

import argparse
import datetime
import json
import os
import pathlib

import presigned
import serving

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--bucket", action="append", default=[])
parser.add_argument("--region", default="us-east-1")
parser.add_argument("--open", action="store_true")
parser.add_argument("--requests")
parser.add_argument("--refuse-links", type=int, default=0)
examples = pathlib.Path(__file__).resolve().parent.parent.parent / "deploy" / "examples"
parser.add_argument("--policies", type=pathlib.Path, default=examples)
serving.add_certificate_options(parser)
arguments = parser.parse_args()

# Before moto is imported: nothing is enforced until the identities are made; big objects may spill to disk.
os.environ["INITIAL_NO_AUTH_ACTION_COUNT"] = "inf"
os.environ.setdefault("AWS_EC2_METADATA_DISABLED", "true")

import boto3  # noqa: E402
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app  # noqa: E402
from werkzeug.serving import WSGIRequestHandler, make_server  # noqa: E402

EVERYTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
TRUST = {"Version": "2012-10-17",
         "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}]}


class Handler(WSGIRequestHandler):
    """Keeps connections open between requests, as S3 does, and notes requests where asked."""

    protocol_version = "HTTP/1.1"

    def log_request(self, code="-", size="-"):
        if arguments.requests:
            with open(arguments.requests, "a", encoding="utf-8") as file:
                file.write(f"{self.command} {self.path} {getattr(code, 'value', code)}\n")

    def log_message(self, *_):
        pass


secrets = {}


def say_identity(name, access_key, secret, token=None):
    secrets[access_key] = (secret, token)
    serving.say(" ".join(filter(None, [name, access_key, secret, token])))


def make_identities(client):
    """The three users and the role, through moto's own API."""
    iam = client("iam")
    policies = {
        "admin": EVERYTHING,
        "agent": json.loads(
            # moto knows no variables of policies: here every host's folder is open.
            (arguments.policies / "iam-agent-policy.json").read_text().replace(
                "${aws:PrincipalTag/holdfast-agent}/", "")),
        "coordinator": json.loads((arguments.policies / "iam-coordinator-policy.json").read_text()),
    }
    for name, policy in policies.items():
        iam.create_user(UserName=name)
        iam.put_user_policy(UserName=name, PolicyName=name, PolicyDocument=json.dumps(policy))
        key = iam.create_access_key(UserName=name)["AccessKey"]
        say_identity(name, key["AccessKeyId"], key["SecretAccessKey"])
    role = iam.create_role(RoleName="session", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]
    iam.put_role_policy(RoleName="session", PolicyName="session", PolicyDocument=json.dumps(EVERYTHING))
    session = client("sts").assume_role(RoleArn=role["Arn"], RoleSessionName="session")["Credentials"]
    say_identity("session", session["AccessKeyId"], session["SecretAccessKey"], session["SessionToken"])


class Backdating:
    """Answers `POST /_modified` itself; all else is the application's."""

    def __init__(self, application):
        self.application = application

    def __call__(self, environ, start_response):
        if environ.get("PATH_INFO") != "/_modified":
            return self.application(environ, start_response)
        from moto.core import DEFAULT_ACCOUNT_ID
        from moto.s3.models import s3_backends
        times = json.loads(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))
        keys = s3_backends[DEFAULT_ACCOUNT_ID]["aws"].buckets[arguments.bucket[0]].keys
        for key, seconds in times.items():
            keys[key].last_modified = datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).replace(tzinfo=None)
        start_response("204 No Content", [("Content-Length", "0")])
        return []


cert, key = serving.certificate(arguments)
application = DomainDispatcherApplication(create_backend_app)
if not arguments.open:
    application = presigned.PresignedRequests(application, secrets, arguments.refuse_links)
application = Backdating(application)
server = make_server(
    "127.0.0.1", 0, application, threaded=True, request_handler=Handler, ssl_context=(cert, key))
serving.in_background(server.serve_forever)


def client(service):
    return boto3.client(
        service, endpoint_url=f"https://localhost:{server.server_port}", region_name=arguments.region, verify=cert,
        aws_access_key_id="setup", aws_secret_access_key="setup")


for bucket in arguments.bucket:
    placement = {} if arguments.region == "us-east-1" else {
        "CreateBucketConfiguration": {"LocationConstraint": arguments.region}}
    client("s3").create_bucket(Bucket=bucket, **placement)
make_identities(client)
if not arguments.open:
    import sent_signatures
    from moto import settings
    sent_signatures.check_what_was_sent()
    settings.INITIAL_NO_AUTH_ACTION_COUNT = 0.0
serving.serve_until_stdin_closes(server.server_port)
