"""An HTTP server that answers by a list, and keeps what it was asked.

    scripted_http.py --answers JSON [--tls [--cert PEM --key PEM] [--client-ca PEM]]

Each answer is {"on": "METHOD PATH", "status": 200, "body": "", "headers": {}, "times": n, "do": WHAT}; the first one for
a request that has times left is given (without `times`: always), else 404. WHAT, if there, is one of
  repeat   the body is sent `count` times
  drip     one byte of the body a second
  hang     no answer
  cut      the length of the whole body is announced, half of it sent, and the connection closed
`GET /-/log` gives [{"method", "path", "headers", "body", "connection": n}...]: what came before, and over which connection.
"""

import argparse
import json
import ssl
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import serving

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--answers", default="[]")
parser.add_argument("--tls", action="store_true")
parser.add_argument("--client-ca")
serving.add_certificate_options(parser)
arguments = parser.parse_args()
answers = json.loads(arguments.answers)
log, lock, connections = [], threading.Lock(), iter(range(1, 1 << 30))


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def setup(self):
        super().setup()
        self.number = next(connections)

    def log_message(self, *_):
        pass

    def handle_one_request(self):
        try:
            super().handle_one_request()
        except OSError:
            self.close_connection = True

    def do_GET(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path == "/-/log":
            return self.send(200, json.dumps(log).encode(), {})
        with lock:
            log.append({"method": self.command, "path": self.path, "headers": {n.lower(): v for n, v in self.headers.items()},
                        "body": body.decode(errors="replace"), "connection": self.number})
            answer = next((a for a in answers if a["on"] == f"{self.command} {self.path}" and a.get("times", 1) > 0), None)
            if answer and "times" in answer:
                answer["times"] -= 1
        if answer is None:
            return self.send(404, b"", {})
        what = answer.get("do")
        if what == "hang":
            time.sleep(3600)
        content = answer.get("body", "").encode()
        if what == "repeat":
            content *= answer["count"]
        self.send(answer.get("status", 200), content, answer.get("headers", {}), what)

    do_PUT = do_POST = do_DELETE = do_HEAD = do_GET

    def send(self, status, content, headers, what=None):
        self.send_response(status)
        for name, value in dict({"Content-Length": str(len(content))}, **headers).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "HEAD":
            return
        if what == "drip":
            for byte in content:
                self.wfile.write(bytes([byte]))
                time.sleep(1)
        elif what == "cut":
            self.wfile.write(content[:len(content) // 2])
            self.close_connection = True
        else:
            self.wfile.write(content)


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        pass  # a handshake that fails is the client's affair


server = Server(("127.0.0.1", 0), Handler)
if arguments.tls:
    context = serving.tls_context(arguments)
    if arguments.client_ca:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(arguments.client_ca)
    server.socket = context.wrap_socket(server.socket, server_side=True)
serving.in_background(server.serve_forever)
serving.serve_until_stdin_closes(server.server_port)
