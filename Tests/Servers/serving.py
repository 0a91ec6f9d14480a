"""What every test server here does alike: its certificate, its port, and its end.

A server listens on a free port of 127.0.0.1, prints what its user must know, then `port N`, and nothing on standard
output afterwards. It ends when its standard input is closed, so that it cannot outlive whoever started it.
"""

import os
import ssl
import subprocess
import sys
import tempfile
import threading


def add_certificate_options(parser):
    """--cert and --key: PEM files. Without them a certificate for localhost and 127.0.0.1 is made, and `ca PATH` printed."""
    parser.add_argument("--cert", help="PEM certificate chain")
    parser.add_argument("--key", help="PEM private key")


def certificate(arguments):
    """The certificate's and the key's paths: those given, or new ones in a folder that goes when the process ends."""
    if arguments.cert and arguments.key:
        return arguments.cert, arguments.key
    folder = tempfile.TemporaryDirectory(prefix="test-server-")
    certificate.folder = folder  # kept alive; removed by end()
    cert, key = os.path.join(folder.name, "cert.pem"), os.path.join(folder.name, "key.pem")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
         "-keyout", key, "-out", cert],
        check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    say(f"ca {cert}")
    return cert, key


certificate.folder = None


def tls_context(arguments):
    """A server's TLS context, TLS 1.2 or later."""
    cert, key = certificate(arguments)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(cert, key)
    return context


def say(line):
    """One line to whoever started the server."""
    print(line, flush=True)


def serve_until_stdin_closes(port, at_end=lambda: None):
    """Says the port, waits for the end of standard input, and ends the process."""
    say(f"port {port}")
    while os.read(0, 4096):
        pass
    end(at_end)


def end(at_end=lambda: None):
    """Ends the process at once, whatever its threads are doing."""
    at_end()
    if certificate.folder is not None:
        certificate.folder.cleanup()
    sys.stderr.flush()
    os._exit(0)


def in_background(target):
    """Runs the server's own loop beside the wait for the end."""
    threading.Thread(target=target, daemon=True).start()
