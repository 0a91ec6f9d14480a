"""A stand-in for Slack's webhooks (and any other webhook): HTTPS, keeps what it got, answers what it is told to.

    slack_sink.py --log FILE [--cert PEM --key PEM] [--answers 500,429,200] [--retry-after N] [--html]

Each request becomes one line of JSON in FILE: {"path", "headers", "body", "answered"}; `body` is the parsed JSON, or text.
`--answers` are the statuses of the first requests; every later one gets 200 `ok`. 429 and 503 carry Retry-After.
`--html` answers every success with a page of HTML, as a captive portal would.
"""

import argparse
import http.server
import json
import threading

import serving

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--log", required=True)
parser.add_argument("--answers", default="")
parser.add_argument("--retry-after", default="1")
parser.add_argument("--html", action="store_true")
serving.add_certificate_options(parser)
arguments = parser.parse_args()

answers = [int(word) for word in arguments.answers.split(",") if word]
lock = threading.Lock()
log = open(arguments.log, "a", encoding="utf-8", buffering=1)


class Webhook(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        try:
            body = json.loads(raw)
        except ValueError:
            body = raw.decode("utf-8", "replace")
        with lock:
            status = answers.pop(0) if answers else 200
            entry = {"path": self.path, "headers": dict(self.headers), "body": body, "answered": status}
            log.write(json.dumps(entry) + "\n")
        text = b"ok" if status == 200 else b"no_service"
        kind = "text/plain"
        if arguments.html and status == 200:
            text, kind = b"<html><body>Please sign in to the network</body></html>", "text/html"
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(text)))
        if status in (429, 503):
            self.send_header("Retry-After", arguments.retry_after)
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Webhook)
server.socket = serving.tls_context(arguments).wrap_socket(
    server.socket, server_side=True, do_handshake_on_connect=False)
serving.in_background(server.serve_forever)
serving.serve_until_stdin_closes(server.server_port)
