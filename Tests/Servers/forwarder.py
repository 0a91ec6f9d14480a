"""A door in front of a server: passes connections on to a port of 127.0.0.1, and can be closed for a while.

    forwarder.py --to PORT [--turn-away N] [--lose-answer BYTES]

USR1 has it close in the middle of the next large request, or of the one that is under way: the listening socket goes and
every connection is cut; new ones are refused from then on, by the kernel. USR2 listens on the same port again, and
resets the first N connections. The answer to the first request of more than BYTES is swallowed, and its connection cut.
Standard error has one line for each of `accepted`, `closed, cut N`,
`open again`, `turned away`, `lost an answer`.
"""

import argparse
import signal
import socket
import struct
import sys
import threading

import serving

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--to", type=int, required=True)
parser.add_argument("--turn-away", type=int, default=0)
parser.add_argument("--lose-answer", type=int, default=0)
arguments = parser.parse_args()

lock = threading.RLock()
pairs = set()
# Connections on which the server has answered the first word, and such of which the answer is to be lost.
greeted, losing = set(), set()
state = {"listener": None, "turn away": 0, "close": False, "lose": arguments.lose_answer}
# More than any head of a request, and less than any part of an upload, in bytes.
LARGE = 262_144


def tell(line):
    print(line, file=sys.stderr, flush=True)


def listen(port):
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    listener.listen(64)
    state["listener"] = listener
    serving.in_background(lambda: accept(listener))
    return listener.getsockname()[1]


def accept(listener):
    while True:
        try:
            client, _ = listener.accept()
        except OSError:
            return  # closed
        with lock:
            turned_away = state["turn away"] > 0
            state["turn away"] -= turned_away
        if turned_away:
            tell("turned away")
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            client.close()
            continue
        tell("accepted")
        try:
            server = socket.create_connection(("127.0.0.1", arguments.to))
        except OSError:
            client.close()
            continue
        pair = (client, server)
        with lock:
            pairs.add(pair)
        serving.in_background(lambda pair=pair: pump(pair, *pair))
        serving.in_background(lambda pair=pair: pump(pair, *reversed(pair)))


# More than what a server says of itself after the handshake, and less than the answer.
SWALLOWED = 1000


def pump(pair, source, target):
    asked = swallowed = 0
    try:
        while data := source.recv(65536):
            if source is pair[1] and pair in losing:
                swallowed += len(data)
                if swallowed > SWALLOWED:
                    losing.discard(pair)
                    tell("lost an answer")
                    break
                continue
            if source is pair[0] and pair in greeted and 0 < state["lose"] < len(data):
                with lock:
                    state["lose"] = 0
                losing.add(pair)
            if source is pair[1]:
                greeted.add(pair)
            target.sendall(data)
            asked = asked + len(data) if source is pair[0] else 0
            if asked > LARGE:
                close_if_told()
    except OSError:
        pass
    cut(pair)


def cut(pair):
    with lock:
        if pair not in pairs:
            return
        pairs.discard(pair)
    for end in pair:
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        end.close()


def close_if_told():
    with lock:
        if not state["close"]:
            return
        state["close"] = False
    listener = state["listener"]
    listener.shutdown(socket.SHUT_RDWR)  # wakes who waits in accept, without which it would go on listening
    listener.close()
    with lock:
        under_way = list(pairs)
    for pair in under_way:
        cut(pair)
    tell(f"closed, cut {len(under_way)}")


def close(*_):
    state["close"] = True


def reopen(*_):
    with lock:
        state["turn away"] = arguments.turn_away
    tell("open again")  # before anybody can be accepted, or turned away
    listen(port)


port = listen(0)
signal.signal(signal.SIGUSR1, close)
signal.signal(signal.SIGUSR2, reopen)
# Whoever started us may have done so from a thread that blocks them, and that is inherited.
signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGUSR1, signal.SIGUSR2})
serving.serve_until_stdin_closes(port)
