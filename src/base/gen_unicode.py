#!/usr/bin/env python3
# SPDX-FileCopyrightText: The shelltree authors
# SPDX-License-Identifier: Apache-2.0
"""Writes unicode_tables.h: simple case folding, simple lower and upper mappings, letters and digits.

    gen_unicode.py > unicode_tables.h

Source: the Unicode character database of Python's unicodedata. Simple folding is the C and S part of
CaseFolding.txt: one code point to one. str.casefold() gives the full folding (F where it is longer than one
character), in which case the simple folding is the simple lower-case mapping if that is one character."""
import sys, unicodedata

MAX = 0x110000
SPECIAL = {0x1E9E: 0xDF}  # S in CaseFolding.txt, F is "ss"


def simple_fold(cp):
    if cp in SPECIAL:
        return SPECIAL[cp]
    if cp in (0x130, 0x131):
        return cp  # T in CaseFolding.txt: left alone
    c = chr(cp)
    f = c.casefold()
    if len(f) == 1:
        return ord(f)
    low = c.lower()
    if 0x1F80 <= cp <= 0x1FFF and len(low) == 1:
        return ord(low)  # the S entries for Greek with iota
    return cp


def one(s, cp):
    return ord(s) if len(s) == 1 else cp


def runs(fn):
    """(first, last, step, delta): cp in first..last by step maps to cp + delta."""
    out = []
    for cp in range(MAX):
        if 0xD800 <= cp < 0xE000:
            continue
        d = fn(cp) - cp
        if not d:
            continue
        if out:
            first, last, step, delta = out[-1]
            if delta == d and (first == last and cp - last in (1, 2) or cp - last == step):
                out[-1] = (first, cp, cp - last, d)
                continue
        out.append((cp, cp, 1, d))
    return out


def ranges(pred):
    out = []
    for cp in range(MAX):
        if pred(cp):
            if out and out[-1][1] == cp - 1:
                out[-1][1] = cp
            else:
                out.append([cp, cp])
    return out


def table(name, rows, fmt):
    print("static const struct st_%s_row st_%s[] = {" % (name.split("_")[0], name))
    line = "   "
    for r in rows:
        item = " " + fmt % tuple(r) + ","
        if len(line) + len(item) > 100:
            print(line)
            line = "   "
        line += item
    print(line)
    print("};\n")


print("/* SPDX-FileCopyrightText: The shelltree authors */")
print("/* SPDX-FileCopyrightText: 1991-2024 Unicode, Inc. */")
print("/* SPDX-License-Identifier: Apache-2.0 AND Unicode-3.0 */")
print("/* The data are Unicode's; its licence is in LICENSES/Unicode-3.0.txt. */")
print("/* unicode_tables.h - made by gen_unicode.py from Unicode %s; don't edit. */" % unicodedata.unidata_version)
print("/* clang-format off */")
print("struct st_map_row { uint32_t first, last, step; int32_t delta; };")
print("struct st_range_row { uint32_t first, last; };\n")
table("map_fold", runs(simple_fold), "{%#x,%#x,%d,%d}")
table("map_lower", runs(lambda c: one(chr(c).lower(), c)), "{%#x,%#x,%d,%d}")
table("map_upper", runs(lambda c: one(chr(c).upper(), c)), "{%#x,%#x,%d,%d}")
table("range_alnum", ranges(lambda c: not 0xD800 <= c < 0xE000 and unicodedata.category(chr(c))[0] in "LN"), "{%#x,%#x}")
# What a terminal or a viewer shows as nothing or acts on: C1, Cf, the separators of lines and paragraphs,
# Default_Ignorable_Code_Point (DerivedCoreProperties.txt, which unicodedata hasn't), noncharacters; and
# the Cf that Unicode 15 added.
IGNORABLE = [(0x34F, 0x34F), (0x115F, 0x1160), (0x17B4, 0x17B5), (0x180B, 0x180F), (0x2028, 0x202E), (0x2060, 0x206F),
             (0x3164, 0x3164), (0xFDD0, 0xFDEF), (0xFE00, 0xFE0F), (0xFFA0, 0xFFA0), (0xFFF0, 0xFFFB),
             (0x13430, 0x1343F), (0xE0000, 0xE0FFF)]


def hidden(c):
    return (0x80 <= c < 0xA0 or c & 0xFFFE == 0xFFFE or unicodedata.category(chr(c)) in ("Cf", "Zl", "Zp") or
            any(a <= c <= b for a, b in IGNORABLE))


def zero(c):  # columns of a terminal, as wcwidth() has them
    return unicodedata.category(chr(c)) in ("Mn", "Me") or 0x1160 <= c <= 0x11FF


table("range_hidden", ranges(hidden), "{%#x,%#x}")
table("range_zero", ranges(zero), "{%#x,%#x}")
def wide(c):
    return (not zero(c) and not hidden(c) and unicodedata.category(chr(c)) != "Cn" and
            unicodedata.east_asian_width(chr(c)) in "WF")


table("range_wide", ranges(wide), "{%#x,%#x}")
print("/* clang-format on */")
