"""The part of S3 that an upload needs, over TLS, as fast as one Python process can: for measuring, not for testing.

    s3_sink.py [--cert PEM --key PEM] [--store FOLDER] [--stats FILE]

Takes PUT, multipart uploads, HEAD, GET (whole objects) and DELETE in path style, for any bucket, without checking signatures or
hashes; ETags are the MD5 that S3 would give. Without --store the bytes of objects over 1 MiB are counted and thrown away.
--stats gets one line of JSON at the end: {"bytes", "seconds", "cpuSeconds", "objects"}; seconds from the first byte to the last.
"""

import argparse
import base64
import email.utils
import hashlib
import json
import os
import socket
import ssl
import threading
import time
import urllib.parse

import serving

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--store")
parser.add_argument("--stats")
serving.add_certificate_options(parser)
arguments = parser.parse_args()

KEPT = 1 << 20  # without --store, objects up to this size are kept in memory
lock = threading.Lock()
objects = {}  # path: {"etag", "bytes", "body" or "file"}
uploads = {}  # id: {"path", "parts": {number: part}}
counted = {"bytes": 0, "first": None, "last": None, "serial": 0}


class Connection:
    """One client: requests in turn, each body through one buffer that is reused."""

    def __init__(self, raw, context):
        self.socket = context.wrap_socket(raw, server_side=True)
        self.buffer = bytearray(1 << 18)
        self.view = memoryview(self.buffer)
        self.start = self.stop = 0  # what was read and not used

    def serve(self):
        try:
            while (request := self.read_head()) is not None:
                self.answer(*request)
        except (OSError, ValueError):
            pass  # the client went away, or talks something else
        finally:
            self.socket.close()

    def read_head(self):
        head = b""
        while b"\r\n\r\n" not in head:
            if self.start == self.stop:
                self.start, self.stop = 0, self.socket.recv_into(self.view)
                if self.stop == 0:
                    return None
            piece = bytes(self.view[self.start:self.stop])
            end = (head + piece).find(b"\r\n\r\n")
            taken = len(piece) if end < 0 else end + 4 - len(head)
            head += piece[:taken]
            self.start += taken
        first, *lines = head.decode("latin-1").split("\r\n")
        method, target, _ = first.split(" ")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)}
        return method, target, headers

    def body(self, headers):
        """Reads the body: (bytes, MD5, what was kept of it: a path, the bytes, or None)."""
        length = int(headers.get("content-length", 0))
        if headers.get("expect", "").lower() == "100-continue":
            self.socket.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        md5, kept, file = hashlib.md5(), bytearray() if length <= KEPT and not arguments.store else None, None
        if arguments.store:
            with lock:
                counted["serial"] += 1
                file = open(os.path.join(arguments.store, str(counted["serial"])), "wb", buffering=0)
        left = length
        while left:
            if self.start == self.stop:
                self.start, self.stop = 0, 0
                # Whole records into one buffer, so that each hash call is long enough to let other threads run.
                while self.stop < min(left, len(self.buffer)) - 16384 or self.stop == 0:
                    n = self.socket.recv_into(self.view[self.stop:])
                    if n == 0:
                        raise OSError("cut in the body")
                    self.stop += n
            piece = self.view[self.start:min(self.stop, self.start + left)]
            md5.update(piece)
            if file is not None:
                file.write(piece)
            elif kept is not None:
                kept += piece
            self.start += len(piece)
            left -= len(piece)
        if file is not None:
            file.close()
        with lock:
            counted["bytes"] += length
            counted["first"] = counted["first"] or time.monotonic()
            counted["last"] = time.monotonic()
        return length, md5.digest(), file.name if file is not None else kept

    def answer(self, method, target, headers):
        path, _, query = target.partition("?")
        fields = dict(urllib.parse.parse_qsl(query, keep_blank_values=True))
        length, digest, kept = self.body(headers)
        part = {"etag": digest.hex(), "digest": digest, "bytes": length, "pieces": [kept], "about": about(headers)}
        with lock:
            found = objects.get(path)
            if method == "PUT" and "uploadId" in fields:
                uploads[fields["uploadId"]]["parts"][int(fields["partNumber"])] = part
                return self.reply(200, {"ETag": f'"{part["etag"]}"'} | checksum(part))
            if method == "PUT" and headers.get("if-none-match") == "*" and found:
                return self.reply(412, {}, error("PreconditionFailed"))
            if method == "PUT":
                objects[path] = part
                return self.reply(200, {"ETag": f'"{part["etag"]}"'} | checksum(part))
            if method == "POST" and "uploads" in fields:
                counted["serial"] += 1
                name = f"upload-{counted['serial']}"
                uploads[name] = {"path": path, "parts": {}, "about": about(headers)}
                return self.reply(200, {}, xml("InitiateMultipartUploadResult", UploadId=name))
            if method == "POST" and "uploadId" in fields:
                return self.complete(path, fields["uploadId"], found, headers)
            if method == "GET" and "uploadId" in fields:
                return self.list_parts(fields["uploadId"])
            if method == "DELETE":
                uploads.pop(fields.get("uploadId"), None)
                if "uploadId" not in fields:
                    objects.pop(path, None)
                return self.reply(204, {})
        if method not in ("GET", "HEAD") or found is None:
            return self.reply(404, {}, b"" if method == "HEAD" else error("NoSuchKey"))
        answer = {"ETag": f'"{found["etag"]}"', "Last-Modified": email.utils.formatdate(usegmt=True)} | found["about"]
        if method == "HEAD":
            return self.reply(200, answer, length=found["bytes"])
        if None in found["pieces"]:
            return self.reply(500, {}, error("InternalError"))  # its bytes were thrown away
        self.reply(200, answer, length=found["bytes"])
        for piece in found["pieces"]:
            if isinstance(piece, str):
                with open(piece, "rb") as file:
                    while data := file.read(1 << 18):
                        self.socket.sendall(data)
            else:
                self.socket.sendall(piece)

    def complete(self, path, upload, found, headers):
        if upload not in uploads:
            return self.reply(404, {}, error("NoSuchUpload"))
        if headers.get("if-none-match") == "*" and found:
            return self.reply(412, {}, error("PreconditionFailed"))
        begun = uploads.pop(upload)
        parts = [part for _, part in sorted(begun["parts"].items())]
        etag = f"{hashlib.md5(b''.join(part['digest'] for part in parts)).hexdigest()}-{len(parts)}"
        objects[path] = {"etag": etag, "bytes": sum(part["bytes"] for part in parts),
                         "pieces": [piece for part in parts for piece in part["pieces"]],
                         "about": begun["about"] | composite(parts)}
        return self.reply(200, {}, xml("CompleteMultipartUploadResult", ETag=f"&quot;{etag}&quot;"))

    def list_parts(self, upload):
        if upload not in uploads:
            return self.reply(404, {}, error("NoSuchUpload"))
        rows = "".join(
            f"<Part><PartNumber>{n}</PartNumber><ETag>&quot;{part['etag']}&quot;</ETag><Size>{part['bytes']}</Size></Part>"
            for n, part in sorted(uploads[upload]["parts"].items()))
        return self.reply(200, {}, document("ListPartsResult", rows + "<IsTruncated>false</IsTruncated>"))

    def reply(self, status, headers, body=b"", length=None):
        lines = [f"HTTP/1.1 {status} Answer", f"Content-Length: {len(body) if length is None else length}",
                 "x-amz-request-id: sink", f"Date: {email.utils.formatdate(usegmt=True)}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        if body:
            lines.append("Content-Type: application/xml")
        self.socket.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + body)


CHECKSUM = "x-amz-checksum-sha256"


def about(headers):
    """What S3 keeps beside the bytes and tells with them. The SHA-256 goes back as it came: nothing here computes it."""
    kept = ("x-amz-meta-", "x-amz-server-side-encryption", "x-amz-storage-class", CHECKSUM)
    return {name: value for name, value in headers.items() if name.startswith(kept)}


def checksum(part):
    return {name: value for name, value in part["about"].items() if name == CHECKSUM}


def composite(parts):
    """S3's SHA-256 of a multipart object: that of the parts' own, and their number."""
    if not all(CHECKSUM in part["about"] for part in parts):
        return {}
    digests = b"".join(base64.b64decode(part["about"][CHECKSUM]) for part in parts)
    return {CHECKSUM: base64.b64encode(hashlib.sha256(digests).digest()).decode() + f"-{len(parts)}"}


def document(root, inside):
    return (f'<?xml version="1.0" encoding="UTF-8"?><{root} xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
            f"{inside}</{root}>").encode()


def xml(root, **fields):
    return document(root, "".join(f"<{name}>{value}</{name}>" for name, value in fields.items()))


def error(code):
    return f'<?xml version="1.0" encoding="UTF-8"?><Error><Code>{code}</Code><Message>{code}</Message></Error>'.encode()


def accept(listener, context):
    while True:
        raw, _ = listener.accept()
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(target=handle, args=(raw, context), daemon=True).start()


def handle(raw, context):
    try:
        connection = Connection(raw, context)
    except (OSError, ssl.SSLError):
        raw.close()
    else:
        connection.serve()


def write_stats():
    if arguments.stats:
        seconds = (counted["last"] or 0) - (counted["first"] or 0)
        with open(arguments.stats, "w", encoding="utf-8") as file:
            json.dump({"bytes": counted["bytes"], "seconds": round(seconds, 3), "cpuSeconds": round(time.process_time(), 3),
                       "objects": len(objects)}, file)


listener = socket.create_server(("127.0.0.1", 0), backlog=128)
context = serving.tls_context(arguments)
serving.in_background(lambda: accept(listener, context))
serving.serve_until_stdin_closes(listener.getsockname()[1], write_stats)
