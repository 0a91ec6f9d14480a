"""A small S3 that checks every request to the letter, and goes wrong where it is told to; see scripted_options.py.

Every request must carry a Signature V4 that botocore would have made, with all the headers that matter among those
signed, the body's own SHA-256, and, for what has a body, `x-amz-checksum-sha256`. One that does not is answered 400
and noted as a violation. `GET /-/state` (unsigned) gives {"log": [[operation, key, status]...], "objects": {key: {bytes,
sha256, etag}}, "uploads": [[key, id]...], "violations": [...], "unplayed": n} as JSON. After `GET /-/expire/ID` the token of
that identity has run out. Objects below `.holdfast/`, the coordinator's own, may be written in any way.
"""

import base64
import hashlib
import json
import socket
import struct
import sys
import threading
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from xml.etree import ElementTree
from xml.sax.saxutils import escape

import scripted_faults
import scripted_options
import serving
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

arguments = scripted_options.parse()

IDENTITIES = {}
for identity in arguments.identity or ["ID:SECRET"]:
    name, secret, *token = identity.split(":")
    IDENTITIES[name] = (secret, token[0] if token else None)

lock = threading.RLock()
faults = scripted_faults.Faults(json.loads(arguments.faults))
log, violations, objects, uploads, deleted_uploads, expired = [], [], {}, {}, set(), set()


def md5(data):
    return hashlib.md5(data).hexdigest()


def error_document(code, message="as the script says"):
    return (f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code><Message>{message}</Message>'
            f"<RequestId>R</RequestId></Error>").encode()


class Refusal(Exception):
    def __init__(self, status, code, message="refused"):
        self.status, self.code, self.message = status, code, message


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_):
        pass

    def handle_one_request(self):
        try:
            super().handle_one_request()
        except (ConnectionError, BrokenPipeError, TimeoutError):
            self.close_connection = True

    def do_GET(self):
        self.serve()

    do_PUT = do_POST = do_DELETE = do_HEAD = do_GET

    def serve(self):
        if self.path == "/-/state":
            return self.answer(200, state())
        if self.path.startswith("/-/expire/"):
            expired.add(self.path.removeprefix("/-/expire/"))
            return self.answer(200, b"")
        path, _, query = self.path.partition("?")
        self.query = urllib.parse.parse_qs(query, keep_blank_values=True)
        _, bucket, *rest = path.split("/", 2)
        self.key = urllib.parse.unquote(rest[0]) if rest and rest[0] else None
        self.key = urllib.parse.unquote(self.key) if arguments.unescapes and self.key else self.key
        self.is_its_own = ".holdfast/" in (self.key or "".join(self.query.get("prefix", [])))
        operation = self.operation()
        with lock:
            fault = None if self.is_its_own and not arguments.faults_on_probes else faults.due(operation)
        what = fault["do"] if fault else None
        if what == "reset":
            self.rfile.read(min(fault.get("after", 0), int(self.headers.get("Content-Length", 0))))
            return self.reset(operation)
        length = int(self.headers.get("Content-Length", 0))
        self.body = self.rfile.read(length)
        if len(self.body) < length:
            return self.reset(operation)  # the client broke it off
        if what == "hang":
            self.note(operation, 0)
            time.sleep(3600)
        if what == "status":
            return self.answer(fault["status"], error_document(fault["code"]), fault.get("headers"), operation)
        if what == "answer":
            return self.answer(fault["status"], fault["body"].encode(), fault.get("headers"), operation)
        with lock:
            try:
                self.check(operation)
                if bucket != arguments.bucket:
                    raise Refusal(404, "NoSuchBucket")
                if what == "squatted":
                    objects[self.key] = self.made(b"somebody else's", md5(b"somebody else's"), "another")
                status, body, headers = getattr(self, operation)(fault or {})
                if what == "replaced":
                    other = bytes(len(objects[self.key]["data"]))
                    objects[self.key] = self.made(other, md5(other), "another")
            except Refusal as refusal:
                status, body, headers = refusal.status, error_document(refusal.code, refusal.message), {}
        if what == "lost":
            return self.reset(operation)
        if what == "instead":
            status, body = fault["status"], fault["body"].encode()
        if what == "etag":
            headers = dict(headers, ETag=fault["etag"])
        self.answer(status, body, headers, operation, blanks=what == "blanks", cut=fault.get("after") if what == "cut" else None)

    def operation(self):
        method, query = self.command, self.query
        if self.key is None:
            named = {"uploads": "ListUploads", "versioning": "Versioning", "object-lock": "Lock"}
            return next((named[name] for name in query if name in named), "List")
        if method == "PUT":
            return "UploadPart" if "partNumber" in query else "PutObject"
        if method == "POST":
            return "Create" if "uploads" in query else "Complete"
        if method == "DELETE":
            return "Abort" if "uploadId" in query else "DeleteObject"
        if method == "GET":
            return "ListParts" if "uploadId" in query else "GetObject"
        return "HeadObject"

    def check(self, operation):
        """Everything that a request must have, however it is answered."""
        def violated(what, status=400, code="InvalidRequest"):
            violations.append(f"{operation} {self.key}: {what}")
            raise Refusal(status, code, what)

        try:
            scheme, credential, signed, signature = self.headers["Authorization"].replace(",", " ").split()
            identifier, day, region, service, end = credential.removeprefix("Credential=").split("/")
            names = signed.removeprefix("SignedHeaders=").split(";")
        except (AttributeError, ValueError):
            violated("no Signature V4 in the Authorization header")
        if (scheme, region, service, end) != ("AWS4-HMAC-SHA256", arguments.region, "s3", "aws4_request"):
            violated(f"signed for {credential}")
        if identifier not in IDENTITIES:
            raise Refusal(403, "InvalidAccessKeyId")
        secret, token = IDENTITIES[identifier]
        if self.headers.get("X-Amz-Security-Token") != token:
            violated("wrong session token")
        must = {"host", "x-amz-date", "x-amz-content-sha256"} | {
            name.lower() for name in self.headers if name.lower().startswith("x-amz-")}
        must |= {name for name in ("range", "if-match", "if-none-match", "content-type") if name in self.headers}
        if not must <= set(names):
            violated(f"not signed: {must - set(names)}")
        if self.headers["x-amz-content-sha256"] != hashlib.sha256(self.body).hexdigest():
            violated("the body is not what was signed", 400, "XAmzContentSHA256Mismatch")
        request = AWSRequest(
            method=self.command, url=f"http://{self.headers['Host']}{self.path}",
            headers={name: self.headers[name] for name in names})
        request.context["timestamp"] = self.headers["X-Amz-Date"]
        auth = S3SigV4Auth(Credentials(identifier, secret, token), "s3", region)
        auth.headers_to_sign = lambda request: request.headers
        expected = auth.signature(auth.string_to_sign(request, auth.canonical_request(request)), request)
        if signature.removeprefix("Signature=") != expected:
            violated("the signature does not match", 403, "SignatureDoesNotMatch")
        if identifier in expired:
            raise Refusal(400, "ExpiredToken", "the token has run out")
        if operation in ("PutObject", "UploadPart"):
            checksum = base64.b64encode(hashlib.sha256(self.body).digest()).decode()
            said = self.headers.get("x-amz-checksum-sha256")
            if said and arguments.no_checksums:
                raise Refusal(400, "InvalidArgument", "no checksums here")
            if self.is_its_own and said not in (None, checksum):
                raise Refusal(400, "BadDigest")
            if said != checksum and not self.is_its_own and not arguments.no_checksums:
                violated("x-amz-checksum-sha256 is missing or wrong", 400, "BadDigest")
        if operation in ("PutObject", "Create") and not self.headers.get("x-amz-meta-holdfast-upload"):
            violated("the upload is not marked")
        if operation in ("PutObject", "Complete") and not arguments.no_conditional and not self.is_its_own and self.headers.get("If-None-Match") != "*":
            violated("not create-only")

    # Each operation gives status, body and headers.

    def PutObject(self, fault):
        self.refuse_taken()
        objects[self.key] = self.made(self.body, self.etag_of(self.body), self.headers["x-amz-meta-holdfast-upload"])
        return 200, b"", self.stored(objects[self.key]["etag"])

    def HeadObject(self, fault):
        found = self.found()
        return 200, b"", {"Content-Length": str(len(found["data"])), "ETag": f'"{found["etag"]}"',
                          **({} if arguments.drops_metadata else {"x-amz-meta-holdfast-upload": found["nonce"]})}

    def GetObject(self, fault):
        found = self.found()
        if self.headers.get("If-Match", f'"{found["etag"]}"') != f'"{found["etag"]}"':
            raise Refusal(412, "PreconditionFailed")
        start = int(self.headers.get("Range", "bytes=0-").removeprefix("bytes=").rstrip("-"))
        size = len(found["data"])
        headers = {"ETag": f'"{found["etag"]}"'}
        if "Range" in self.headers:
            headers["Content-Range"] = f"bytes {start}-{size - 1}/{size}"
        return 206 if "Range" in self.headers else 200, found["data"][start:], headers

    def DeleteObject(self, fault):
        objects.pop(self.key, None)
        return 204, b"", {}

    def Create(self, fault):
        if self.headers.get("x-amz-checksum-algorithm") != "SHA256" and not arguments.no_checksums:
            raise Refusal(400, "InvalidRequest", "no checksum algorithm")
        identifier = f"upload-{len(uploads) + len(deleted_uploads) + 1}"
        uploads[identifier] = {"key": self.key, "parts": {}, "nonce": self.headers["x-amz-meta-holdfast-upload"]}
        return 200, (f"<InitiateMultipartUploadResult><Bucket>{arguments.bucket}</Bucket><Key>{escape(self.key)}</Key>"
                     f"<UploadId>{identifier}</UploadId></InitiateMultipartUploadResult>").encode(), {}

    def UploadPart(self, fault):
        upload = self.upload()
        etag = fault["etag"].strip('"') if fault.get("do") == "etag" else md5(self.body)
        upload["parts"][int(self.query["partNumber"][0])] = (
            self.body, etag if fault.get("believes") else self.etag_of(self.body))
        return 200, b"", self.stored(self.etag_of(self.body))

    def Complete(self, fault):
        upload = self.upload()
        listed = []
        for part in ElementTree.fromstring(self.body).iter("{http://s3.amazonaws.com/doc/2006-03-01/}Part"):
            value = {child.tag.rpartition("}")[2]: child.text for child in part}
            listed.append((int(value["PartNumber"]), value["ETag"].strip('"'), value.get("ChecksumSHA256")))
        if [number for number, _, _ in listed] != sorted(upload["parts"]):
            violations.append(f"Complete lists {[number for number, _, _ in listed]}, stored are {sorted(upload['parts'])}")
        for number, etag, checksum in listed:
            data, stored = upload["parts"].get(number, (b"", ""))
            if stored != etag:
                raise Refusal(400, "InvalidPart", f"part {number} has ETag {stored}")
            if checksum and arguments.no_listed_checksums:
                raise Refusal(400, "MalformedXML")
            if (checksum or not (arguments.no_listed_checksums or arguments.no_checksums)) and checksum != base64.b64encode(hashlib.sha256(data).digest()).decode():
                raise Refusal(400, "InvalidPart", f"part {number} has another checksum")
        if arguments.equal_parts and len({len(upload["parts"][number][0]) for number, _, _ in listed[:-1]}) > 1:
            raise Refusal(400, "InvalidPart", "All non-trailing parts must have the same length.")
        if not arguments.joins_over:
            self.refuse_taken()
        data = b"".join(upload["parts"][number][0] for number in sorted(upload["parts"]))
        digest = hashlib.md5(b"".join(bytes.fromhex(upload["parts"][number][1]) for number in sorted(upload["parts"])))
        if fault.get("do") == "drop":
            data = data[:-1]
        objects[self.key] = self.made(data, f"{digest.hexdigest()}-{len(listed)}", upload["nonce"])
        del uploads[self.query["uploadId"][0]]
        deleted_uploads.add(self.query["uploadId"][0])
        said = "" if arguments.no_etag_of_joined else f'"{objects[self.key]["etag"]}"'
        return 200, (f'<?xml version="1.0"?><CompleteMultipartUploadResult><Key>{escape(self.key)}</Key>'
                     f'<ETag>{said}</ETag></CompleteMultipartUploadResult>').encode(), {}

    def Abort(self, fault):
        self.upload()
        if fault.get("do") != "keep":
            del uploads[self.query["uploadId"][0]]
            deleted_uploads.add(self.query["uploadId"][0])
        return 204, b"", {}

    def ListParts(self, fault):
        self.upload()
        return 200, b"<ListPartsResult></ListPartsResult>", {}

    def ListUploads(self, fault):
        prefix = self.query["prefix"][0]
        entries = "".join(
            f"<Upload><Key>{urllib.parse.quote(upload['key'])}</Key><UploadId>{identifier}</UploadId></Upload>"
            for identifier, upload in uploads.items() if upload["key"].startswith(prefix))
        return 200, (f"<ListMultipartUploadsResult><EncodingType>url</EncodingType><IsTruncated>false</IsTruncated>{entries}"
                     f"</ListMultipartUploadsResult>").encode(), {}

    def List(self, fault):
        if self.query.get("list-type") != ["2"] or self.query.get("encoding-type") != ["url"]:
            violations.append("List is not version 2 with encoded keys")
        keys = sorted(key for key in objects if key.startswith(self.query["prefix"][0]))
        start = int(self.query.get("continuation-token", ["token-0"])[0].removeprefix("token-"))
        page = keys[start:start + arguments.page]
        more = start + arguments.page < len(keys)
        entries = "".join(
            f"<Contents><Key>{urllib.parse.quote_plus(key, safe='/')}</Key><Size>{len(objects[key]['data'])}</Size>"
            f"<ETag>&quot;{objects[key]['etag']}&quot;</ETag></Contents>" for key in page)
        token = f"<NextContinuationToken>token-{start + arguments.page}</NextContinuationToken>" if more else ""
        return 200, (f"<ListBucketResult><EncodingType>url</EncodingType><IsTruncated>{str(more).lower()}</IsTruncated>"
                     f"{token}{entries}</ListBucketResult>").encode(), {}

    def Versioning(self, fault):
        return 200, b"<V><Status>%s</Status></V>" % (b"Enabled" if arguments.versioned else b""), {}

    def Lock(self, fault):
        raise Refusal(404, "ObjectLockConfigurationNotFoundError")

    def etag_of(self, data):
        return md5(b"salt" + data if arguments.other_etags else data)

    def made(self, data, etag, nonce):
        return {"data": data, "etag": etag, "nonce": nonce}

    def stored(self, etag):
        headers = {"ETag": f'"{etag}"'}
        if not arguments.no_checksum_echo and "x-amz-checksum-sha256" in self.headers:
            headers["x-amz-checksum-sha256"] = self.headers["x-amz-checksum-sha256"]
        return headers

    def refuse_taken(self):
        if arguments.no_conditional and "If-None-Match" in self.headers:
            raise Refusal(501, "NotImplemented", "no conditional writes here")
        if "If-None-Match" in self.headers and self.key in objects:
            raise Refusal(412, "PreconditionFailed")

    def found(self):
        if self.key not in objects:
            raise Refusal(404, "NoSuchKey")
        return objects[self.key]

    def upload(self):
        found = uploads.get(self.query["uploadId"][0])
        if found is None or found["key"] != self.key:
            raise Refusal(404, "NoSuchUpload")
        return found

    def note(self, operation, status):
        with lock:
            if not self.is_its_own or arguments.faults_on_probes:
                log.append([operation, self.key, status])

    def answer(self, status, body, headers=None, operation=None, blanks=False, cut=None):
        if operation:
            self.note(operation, status)
        headers = dict(headers or {})
        self.send_response_only(status)
        headers.setdefault("Date", self.date_time_string())
        headers.setdefault("Content-Length", str(len(body) + (64 if blanks else 0)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "HEAD":
            return
        if blanks:
            self.wfile.write(b" " * 64)
        self.wfile.write(body if cut is None else body[:cut])
        if cut is not None:
            self.wfile.flush()
            self.reset(None)

    def reset(self, operation):
        """Ends the connection with an RST."""
        if operation:
            self.note(operation, 0)
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()


def state():
    with lock:
        return json.dumps({
            "log": log, "violations": violations, "uploads": [[upload["key"], name] for name, upload in uploads.items()],
            "unplayed": faults.unplayed(),
            "objects": {key: {"bytes": len(value["data"]), "sha256": hashlib.sha256(value["data"]).hexdigest(),
                              "etag": value["etag"]} for key, value in objects.items()},
        }).encode()


class Server(ThreadingHTTPServer):
    daemon_threads, request_queue_size = True, 64

    def handle_error(self, request, client_address):
        if not isinstance(sys.exception() if hasattr(sys, "exception") else sys.exc_info()[1], (OSError, ValueError)):
            super().handle_error(request, client_address)


# Bound at once, so that the port is known and nobody else's; until it listens, connections are refused.
server = Server(("127.0.0.1", 0), Handler, bind_and_activate=False)
server.allow_reuse_address = False
server.server_bind()
if arguments.tls:
    server.socket = serving.tls_context(arguments).wrap_socket(server.socket, server_side=True)


def run():
    time.sleep(arguments.down_for)
    server.server_activate()
    server.serve_forever()


if not arguments.down_for:
    server.server_activate()
serving.in_background(run if arguments.down_for else server.serve_forever)
serving.serve_until_stdin_closes(server.server_port)
