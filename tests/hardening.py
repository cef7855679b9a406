#!/usr/bin/env python3
# SPDX-FileCopyrightText: The shelltree authors
# SPDX-License-Identifier: Apache-2.0
"""The program is hardened as configure said (HARDENED: the flags that it chose): read from the ELF headers of the
program, and of the objects in libshelltree.a beside it, since a marking of all code (CET, BTI) is dropped from a program
when the C library's start-up code lacks it."""
import os, struct, sys

PT_DYNAMIC, PT_INTERP = 2, 3
PT_GNU_STACK, PT_GNU_RELRO = 0x6474E551, 0x6474E552
DT_STRTAB, DT_SYMTAB, DT_STRSZ, DT_SYMENT, DT_FLAGS, DT_FLAGS_1, DT_BIND_NOW = 5, 6, 10, 11, 30, 0x6FFFFFFB, 24
SHT_DYNSYM = 11


class Elf:
    def __init__(self, data):
        if data[:4] != b"\x7fELF":
            raise ValueError("not ELF")
        self.data, self.wide = data, data[4] == 2
        self.order = "<" if data[5] == 1 else ">"
        form = "HHIQQQIHHHHHH" if self.wide else "HHIIIIIHHHHHH"
        (self.type, self.machine, _, _, phoff, shoff, _, _, phsize, phnum, shsize, shnum, _) = self.get(form, 16)
        self.segments = [self.segment(phoff + i * phsize) for i in range(phnum)]
        self.sections = [self.section(shoff + i * shsize) for i in range(shnum)]

    def get(self, form, at):
        return struct.unpack_from(self.order + form, self.data, at)

    def segment(self, at):
        if self.wide:
            kind, flags, off, addr, _, size, _, _ = self.get("IIQQQQQQ", at)
        else:
            kind, off, addr, _, size, _, flags, _ = self.get("IIIIIIII", at)
        return {"kind": kind, "flags": flags, "off": off, "size": size}

    def section(self, at):
        names = ("name", "kind", "flags", "addr", "off", "size", "link", "info", "align", "entry")
        return dict(zip(names, self.get("IIQQQQIIQQ" if self.wide else "IIIIIIIIII", at)))

    def has(self, kind):
        return [s for s in self.segments if s["kind"] == kind]

    def dynamic(self):
        tags = {}
        size = 16 if self.wide else 8
        for s in self.has(PT_DYNAMIC):
            for at in range(s["off"], s["off"] + s["size"], size):
                tag, value = self.get("QQ" if self.wide else "II", at)
                tags.setdefault(tag, value)
        return tags

    def imports(self):
        names = set()
        for s in self.sections:
            if s["kind"] != SHT_DYNSYM:
                continue
            strings = self.sections[s["link"]]["off"]
            for at in range(s["off"], s["off"] + s["size"], s["entry"]):
                name = strings + self.get("I", at)[0]
                names.add(self.data[name:self.data.index(b"\0", name)].decode())
        return names

    def features(self):
        """The bits of GNU_PROPERTY_X86_FEATURE_1_AND or its AArch64 kin."""
        word = 0xC0000002 if self.machine in (3, 62) else 0xC0000000
        bits = 0
        for s in self.sections:
            if s["kind"] != 7 or s["size"] < 16 or self.data[s["off"] + 12:s["off"] + 16] != b"GNU\0":
                continue
            _, size, kind = self.get("III", s["off"])
            at, end = s["off"] + 16, s["off"] + 16 + size
            while kind == 5 and at + 8 <= end:
                tag, n = self.get("II", at)
                if tag == word:
                    bits |= self.get("I", at + 8)[0]
                step = 8 if self.wide else 4
                at += 8 + (n + step - 1) // step * step
        return bits


def members(archive):
    """Name and bytes of each object in an archive."""
    data = open(archive, "rb").read()
    at = 8
    while at + 60 <= len(data):
        name, size = data[at:at + 16].decode().strip(), int(data[at + 48:at + 58])
        body = data[at + 60:at + 60 + size]
        if body[:4] == b"\x7fELF":
            yield name, body
        at += 60 + size + size % 2


def main():
    flags = os.environ.get("HARDENED", "").split()
    program = os.environ["SHELLTREE"]
    if not flags:
        print("configured without hardening")
        return 77
    build = os.path.dirname(program)
    config = os.path.getmtime(os.path.join(build, "config.h"))
    for folder, _, files in os.walk(os.path.join(build, "src")):
        for name in files:
            if name.endswith(".o") and os.path.getmtime(os.path.join(folder, name)) < config:
                print("%s is older than config.h: built with what flags? make clean, and try again" % name)
                return 77
    e = Elf(open(program, "rb").read())
    dyn, names = e.dynamic(), e.imports()
    now = dyn.get(DT_FLAGS, 0) & 8 or dyn.get(DT_FLAGS_1, 0) & 1 or DT_BIND_NOW in dyn
    stack = e.has(PT_GNU_STACK)
    checked = [n for n in names if n.endswith("_chk") and not n.startswith("__stack")]
    library = os.path.join(build, "libshelltree.a")
    bare = [n for n, body in members(library) if Elf(body).features() & 3 != 3]
    rows = [
        ("-pie", "position-independent", e.type == 3 and e.has(PT_INTERP) and dyn.get(DT_FLAGS_1, 0) & 0x08000000),
        ("-Wl,-z,relro", "relocations read-only", e.has(PT_GNU_RELRO)),
        ("-Wl,-z,now", "bound at start", now),
        ("-Wl,-z,noexecstack", "no code on the stack", stack and not stack[0]["flags"] & 1),
        (None, "nothing both writable and code", not [s for s in e.segments if s["kind"] == 1 and s["flags"] & 3 == 3]),
        ("-fstack-protector-strong", "stack protector", names & {"__stack_chk_fail", "__stack_chk_guard"}),
        ("_FORTIFY_SOURCE", "checked calls", len(checked) >= 3),
        ("-fcf-protection=full", "IBT and SHSTK in each object: not in %s" % bare[:3], not bare),
        ("-mbranch-protection=standard", "BTI and PAC in each object: not in %s" % bare[:3], not bare),
    ]
    bad = 0
    for flag, what, ok in rows:
        if flag and not any(flag in f for f in flags):
            print("-     ", what, "(not asked for)")
        elif ok:
            print("ok    ", what.split(":")[0])
        else:
            print("FAILED", what)
            bad += 1
    return 1 if bad else 0


sys.exit(main())
