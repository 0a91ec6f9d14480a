#!/usr/bin/env python3
"""Makes an object with less of ICU's data than the Swift toolchain's Foundation has: icu_data.py lib_FoundationICU.a OUTPUT.o

Of a program that is linked statically half is ICU's data: languages, currencies, units, collations and encodings of the whole world.
Holdfast formats numbers in en_US_POSIX and times in ISO 8601, and nothing else; zones are all kept. What refers to the data is sent to the
object by the linker, whose option for that is printed, so that the library's own data stays out. Where a toolchain has data of another
name or form, nothing is made, and the program is larger: this ends with 3.

The form is ICU's own ("CmnD", ucmndata.h): a header, the number of items, for each the offsets of its name and its bytes, sorted by name.
"""
import re
import struct
import subprocess
import sys
import tempfile

MEMBER = "icu_packaged_data.cpp.o"
LANGUAGES = {"root", "en", "en_US", "en_US_POSIX", "en_001", "pool", "res_index"}
# Of a name without its folder: what is kept of resources that are no language's.
LOCALE = re.compile(r"[a-z]{2,3}(_[A-Z][a-z]{3})?(_([A-Z]{2}|[0-9]{3}))?(_[A-Z]+)?")


def is_kept(name):
    """`name` is as in the data: icudt76l/zone/en.res."""
    path, _, kind = name.rpartition(".")
    stem = path.rsplit("/", 1)[-1]
    if kind in ("cnv", "dict", "cfu"):
        return False
    if kind != "res" or "/translit/" in name:
        return "/translit/" not in name
    return stem in LANGUAGES or not LOCALE.fullmatch(stem)


def items(data):
    """The header's length, and (name, bytes) of each item."""
    header, magic = struct.unpack_from("<HH", data)[0], data[2:4]
    if magic != b"\xda\x27" or data[12:16] != b"CmnD":
        raise ValueError("no data of ICU")
    (count,) = struct.unpack_from("<I", data, header)
    entries = [struct.unpack_from("<II", data, header + 4 + 8 * i) for i in range(count)]
    ends = [offset for _, offset in entries[1:]] + [len(data) - header]
    out = []
    for (name, start), end in zip(entries, ends):
        text = data[header + name : data.index(b"\0", header + name)].decode()
        out.append((text, data[header + start : header + end]))
    return header, out


def packed(data):
    header, all_items = items(data)
    kept = [(name, content) for name, content in all_items if is_kept(name)]
    table, names, place = b"", b"", 4 + 8 * len(kept)
    offsets = []
    for name, _ in kept:
        offsets.append(place + len(names))
        names += name.encode() + b"\0"
    start = place + len(names)
    body = b""
    starts = []
    for _, content in kept:
        padding = -(start + len(body)) % 16
        body += b"\xaa" * padding
        starts.append(start + len(body))
        body += content
    for pair in zip(offsets, starts):
        table += struct.pack("<II", *pair)
    return data[:header] + struct.pack("<I", len(kept)) + table + names + body, len(kept), len(all_items)


def main():
    library, output = sys.argv[1:3]
    with tempfile.TemporaryDirectory() as folder:
        member, raw, less, source = (f"{folder}/{name}" for name in ("member.o", "raw", "less", "data.S"))
        try:
            with open(member, "wb") as file:
                subprocess.run(["ar", "p", library, MEMBER], check=True, stdout=file)
            symbols = subprocess.run(["nm", "--defined-only", member], check=True, capture_output=True, text=True).stdout
            (symbol,) = re.findall(r" R (icudt\d+_dat)$", symbols, re.M)
            subprocess.run(["objcopy", "-O", "binary", "--only-section=.rodata", member, raw], check=True)
            with open(raw, "rb") as file:
                data, kept, count = packed(file.read())
        except (subprocess.CalledProcessError, ValueError) as reason:
            print(f"ICU's data stays whole: {reason}", file=sys.stderr)
            sys.exit(3)
        with open(less, "wb") as file:
            file.write(data)
        own = "__wrap_" + symbol
        with open(source, "w") as file:
            file.write(
                f'.section .rodata\n.globl {own}\n.type {own}, @object\n.balign 16\n{own}:\n.incbin "{less}"\n'
                f'.size {own}, . - {own}\n.section .note.GNU-stack,"",@progbits\n')
        subprocess.run(["clang", "-c", source, "-o", output], check=True)
    print(f"ICU's data: {kept} of {count} items, {len(data) / 1e6:.1f} MB", file=sys.stderr)
    print(f"--wrap={symbol}")


if __name__ == "__main__":
    main()
