"""A real mailbox: SMTP with TLS and authentication (aiosmtpd), each message kept as a file.

    smtp_sink.py --dir FOLDER [--cert PEM --key PEM] [--tls implicit|starttls|none] [--user U]
                 [--answers "451 try later,250"] [--refuse ADDRESS]...

Message N becomes FOLDER/N.eml, exactly as it came, and FOLDER/N.json: {"from", "to", "user", "tls"}. With --user, whose
password is MAIL_PASSWORD of the environment (no secret in argv), nothing is
taken before authentication, and authentication is offered under TLS only. `starttls` refuses mail in the clear.
`--answers` are what the first messages get in place of acceptance ("250" accepts). Nobody
is known by an ADDRESS that is refused.
"""

import argparse
import asyncio
import json
import os
import warnings

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

import serving

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--dir", required=True)
parser.add_argument("--tls", choices=["implicit", "starttls", "none"], default="implicit")
parser.add_argument("--user")
parser.add_argument("--answers", default="")
parser.add_argument("--refuse", action="append", default=[])
serving.add_certificate_options(parser)
arguments = parser.parse_args()
# aiosmtpd speaks up about authentication without STARTTLS; here the line is under TLS from its first byte.
warnings.simplefilter("ignore")
os.makedirs(arguments.dir, exist_ok=True)

answers = [word.strip() for word in arguments.answers.split(",") if word.strip()]
context = serving.tls_context(arguments) if arguments.tls != "none" else None


class Mailbox:
    """Keeps what is delivered."""

    count = 0

    async def handle_RCPT(self, server, session, envelope, address, rcpt_options):
        if address in arguments.refuse:
            return "550 5.1.1 nobody is known by this name here"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        answer = answers.pop(0) if answers else "250"
        if not answer.startswith("250"):
            return answer
        Mailbox.count += 1
        stem = os.path.join(arguments.dir, str(Mailbox.count))
        facts = {
            "from": envelope.mail_from, "to": envelope.rcpt_tos,
            "user": arguments.user if session.authenticated else None,
            "tls": arguments.tls == "implicit" or session.ssl is not None,
        }
        with open(stem + ".json", "w", encoding="utf-8") as file:
            json.dump(facts, file)
        # The message appears last and whole, so that whoever waits for it can read both files.
        with open(stem + ".part", "wb") as file:
            file.write(envelope.original_content or envelope.content)
        os.rename(stem + ".part", stem + ".eml")
        return "250 kept as message " + str(Mailbox.count)


def authenticate(server, session, envelope, mechanism, data):
    """LOGIN and PLAIN with the one account."""
    right = isinstance(data, LoginPassword) and (
        data.login.decode(), data.password.decode()) == (arguments.user, os.environ["MAIL_PASSWORD"])
    return AuthResult(success=right, handled=False)


def smtp():
    options = {"hostname": "localhost", "enable_SMTPUTF8": True}
    if arguments.user:
        # Under implicit TLS aiosmtpd does not see that the line is already safe.
        options |= {"authenticator": authenticate, "auth_required": True,
                    "auth_require_tls": arguments.tls == "starttls"}
    if arguments.tls == "starttls":
        options |= {"tls_context": context, "require_starttls": True}
    return SMTP(Mailbox(), **options)


async def main():
    server = await asyncio.get_running_loop().create_server(
        smtp, "127.0.0.1", 0, ssl=context if arguments.tls == "implicit" else None)
    port = server.sockets[0].getsockname()[1]
    await asyncio.to_thread(serving.serve_until_stdin_closes, port)


asyncio.run(main())
