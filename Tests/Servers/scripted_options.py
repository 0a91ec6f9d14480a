"""What the scripted S3 is told at its start.

    scripted_s3.py [--bucket NAME] [--identity ID:SECRET[:TOKEN]]... [--faults JSON] [--tls [--cert PEM --key PEM]]
                   [--down-for SECONDS] [--no-conditional] [--page N] [--no-checksum-echo] [--joins-over]
                   [--no-listed-checksums] [--no-checksums] [--drops-metadata] [--other-etags] [--unescapes]
                   [--no-etag-of-joined] [--versioned] [--faults-on-probes] [--equal-parts]

With --joins-over a condition is honoured by PutObject and ignored by Complete, as Ceph RGW 16 does; with --no-etag-of-joined
it answers an empty ETag, as that does too. With --equal-parts parts of different sizes are not joined (R2). With --no-conditional conditions are answered 501 (B2). With --no-listed-checksums
Complete refuses them as malformed (OpenStack Swift), with --no-checksums every request that has one is refused.
--drops-metadata: HEAD shows none. --other-etags: no ETag is an MD5. --unescapes: a `%41` in a key becomes an `A`. What may go
wrong, and how it is written in --faults, stands in scripted_faults.py; with --faults-on-probes it goes wrong for objects below
`.holdfast/` as well.
"""

import argparse

import serving


def parse():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bucket", default="bucket")
    parser.add_argument("--region", default="us-east-1")
    parser.add_argument("--identity", action="append", default=[])
    parser.add_argument("--faults", default="[]")
    parser.add_argument("--tls", action="store_true")
    parser.add_argument("--down-for", type=float, default=0)
    parser.add_argument("--no-conditional", action="store_true")
    parser.add_argument("--no-checksum-echo", action="store_true")
    for name in ("joins-over", "no-listed-checksums", "no-checksums", "drops-metadata", "other-etags", "unescapes",
                 "no-etag-of-joined", "versioned", "faults-on-probes", "equal-parts"):
        parser.add_argument(f"--{name}", action="store_true")
    parser.add_argument("--page", type=int, default=1000)
    serving.add_certificate_options(parser)
    return parser.parse_args()
