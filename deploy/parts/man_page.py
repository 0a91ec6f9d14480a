#!/usr/bin/env python3
"""Writes the man page of a program that is made with swift-argument-parser: man_page.py PROGRAM >PROGRAM.1

The text is the program's own: its help as --experimental-dump-help gives it, a section for each command.
"""
import json
import re
import subprocess
import sys


def roff(text):
    """The text as roff takes it literally: a backslash, a quote or a dot at the beginning of a line would be a command."""
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return "\n".join("\\&" + line if line[:1] in (".", "'") else line for line in text.split("\n"))


def paragraphs(text):
    """Prose is filled; lines that are indented, or a heading with such lines below, stay as they are."""
    out = []
    for block in re.split(r"\n\s*\n", text.strip("\n")):
        lines = block.split("\n")
        if any(line.startswith("  ") for line in lines):
            out += [".PP", ".nf", roff(block), ".fi"]
        else:
            out += [".PP", roff("\n".join(line.strip() for line in lines))]
    return out


def names(argument):
    kinds = {"long": "--", "short": "-", "longWithSingleDash": "-"}
    return [kinds[name["kind"]] + name["name"] for name in argument.get("names") or []]


def value(argument):
    return "<" + (argument.get("valueName") or "value") + ">"


def heading(argument):
    if argument["kind"] == "positional":
        return "\\fI" + roff(value(argument)) + "\\fR"
    text = ", ".join("\\fB" + roff(name) + "\\fR" for name in names(argument))
    return text + (" \\fI" + roff(value(argument)) + "\\fR" if argument["kind"] == "option" else "")


def described(argument):
    parts = [argument.get("abstract") or "", argument.get("discussion") or ""]
    choices = argument.get("allValues") or argument.get("allValueStrings")
    if choices:
        parts.append("One of: " + ", ".join(choices) + ".")
    if argument.get("defaultValue"):
        parts.append("Default: " + argument["defaultValue"] + ".")
    return roff(" ".join(part.strip() for part in parts if part))


def synopsis(path, command):
    words = ["\\fB" + roff(" ".join(path)) + "\\fR"]
    for argument in shown(command):
        text = heading(argument) if argument["kind"] == "positional" else heading({**argument, "names": [argument["preferredName"]]})
        text += "..." if argument.get("isRepeating") else ""
        words.append("[" + text + "]" if argument.get("isOptional") else text)
    if command.get("subcommands"):
        words.append("\\fIcommand\\fR")
    return " ".join(words)


def shown(command):
    hidden = {"--help", "--version"}
    return [a for a in command.get("arguments") or [] if a.get("shouldDisplay", True) and not hidden & set(names(a))]


def leaves(command, path):
    below = [c for c in command.get("subcommands") or [] if c.get("shouldDisplay", True) and c["commandName"] != "help"]
    if not below:
        yield path, command
    for child in below:
        yield from leaves(child, path + [child["commandName"]])


def page(program, command, version):
    name = command["commandName"]
    out = [
        f'.TH {roff(name.upper())} 1 "" "Holdfast {roff(version)}" "Holdfast"',
        ".SH NAME", roff(name) + " \\- " + roff(command.get("abstract", "").rstrip(".")),
        ".SH SYNOPSIS", synopsis([name], command),
        ".SH DESCRIPTION", *paragraphs(command.get("discussion") or command.get("abstract") or ""),
        ".SH COMMANDS",
    ]
    for path, leaf in leaves(command, [name]):
        out += [".SS " + roff(" ".join(path[1:])), synopsis(path, leaf)]
        out += paragraphs(leaf.get("abstract", "")) + paragraphs(leaf.get("discussion") or "")
        for argument in shown(leaf):
            out += [".TP", heading(argument), described(argument)]
    out += [
        ".SH SEE ALSO",
        "\\fB" + ("holdfast" if name == "holdfast-agent" else "holdfast\\-agent") + "\\fR(1), README.md in "
        "\\fI/usr/local/share/doc/holdfast\\fR",
    ]
    return "\n".join(line for line in out if line) + "\n"


def main():
    program = sys.argv[1]
    dump = json.loads(subprocess.run([program, "--experimental-dump-help"], check=True, capture_output=True).stdout)
    version = subprocess.run([program, "--version"], check=True, capture_output=True, text=True).stdout.split()[-1]
    sys.stdout.write(page(program, dump["command"], version))


if __name__ == "__main__":
    main()
