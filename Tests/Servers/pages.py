"""Another site, with forms that post to the address given as argument as soon as they are shown."""

import http.server
import sys
import threading

TARGET = sys.argv[1]


def form(extra: str = "") -> str:
    return (
        f"<!doctype html><html><head><title>posted</title>{extra}</head><body>"
        f"<form id=f method=post action='{TARGET}/logout'></form>"
        "<script>document.getElementById('f').submit()</script></body></html>"
    )


PAGES = {
    "/form": form(),
    # Browsers send `Origin: null` then.
    "/hidden-form": form("<meta name=referrer content=no-referrer>"),
    "/sandboxed-form": "<!doctype html><title>frame</title><iframe sandbox='allow-scripts allow-forms' src='/form'></iframe>",
    "/frame": f"<!doctype html><title>frame</title><body><iframe src='{TARGET}/'></iframe></body>",
}


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        page = PAGES.get(self.path)
        body = (page or "").encode()
        self.send_response(200 if page else 404)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
print(f"port {server.server_address[1]}", flush=True)
sys.stdin.read()
