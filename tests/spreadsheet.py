#!/usr/bin/env python3
# SPDX-FileCopyrightText: The shelltree authors
# SPDX-License-Identifier: Apache-2.0
"""Does a spreadsheet see the cells that were written? Reads timeline.csv with Python's csv and with LibreOffice
(headless, the import filter that the manual names), and compares cell by cell. Skipped (77) without LibreOffice.

    spreadsheet.py [PROGRAM EVIDENCE...]        (default: the program and the testdata of make check)"""
import csv, os, shutil, subprocess, sys, tempfile, zipfile, re
import xml.etree.ElementTree as ET

program = sys.argv[1] if len(sys.argv) > 1 else os.environ["SHELLTREE"]
evidence = sys.argv[2:] or [os.path.join(os.environ.get("srcdir", "."), "testdata")]
office = shutil.which("soffice")
if not office:
    print("spreadsheet.py: skipped: no LibreOffice here")
    sys.exit(77)
NS = {"m": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}


def column(ref):
    n = 0
    for c in re.match("[A-Z]+", ref).group():
        n = n * 26 + ord(c) - 64
    return n - 1


def cells(path):
    with zipfile.ZipFile(path) as z:
        strings = ["".join(t.text or "" for t in s.iter("{%s}t" % NS["m"])) for s in ET.fromstring(z.read("xl/sharedStrings.xml"))]
        sheet = ET.fromstring(z.read("xl/worksheets/sheet1.xml"))
    for row in sheet.iter("{%s}row" % NS["m"]):
        out = {}
        for c in row:
            if c.find("m:f", NS) is not None:
                sys.exit("a formula in %s: %s" % (c.get("r"), c.find("m:f", NS).text))
            v = c.find("m:v", NS)
            if v is not None:
                out[column(c.get("r"))] = strings[int(v.text)] if c.get("t") == "s" else v.text
        yield out


with tempfile.TemporaryDirectory() as d:
    path = os.path.join(d, "timeline.csv")
    os.environ.setdefault("SHELLTREE_RULES", os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "rules"))
    done = subprocess.run([program, "hunt", "-q", "--scope", "all", "-f", "csv", "-o", path] + evidence)
    if done.returncode not in (0, 3):
        sys.exit("hunt ended with %d" % done.returncode)
    with open(path, encoding="utf-8-sig", newline="") as f:
        want = list(csv.reader(f))
    subprocess.run([office, "-env:UserInstallation=file://" + d + "/profile", "--headless",
                    "--infilter=Text - txt - csv (StarCalc):44,34,76,1,,1033,true,true", "--convert-to", "xlsx", "--outdir", d, path],
                   check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    got = list(cells(os.path.join(d, "timeline.xlsx")))
differ = 0
for i, row in enumerate(want):
    for k, v in enumerate(row):
        g = got[i].get(k, "") if i < len(got) else "(no row)"
        # xlsx writes a character that XML can't hold, or "_x" that looks like one, as _xHHHH_
        g = re.sub("_x([0-9A-Fa-f]{4})_", lambda m: chr(int(m.group(1), 16)), g)
        if g != v:
            differ += 1
            if differ < 6:
                print("row %d, %s: %r in the spreadsheet, %r in the file" % (i, want[0][k], g[:120], v[:120]))
print("spreadsheet.py: %d rows, %d cells, %d differ" % (len(want), sum(map(len, want)), differ))
sys.exit(1 if differ or len(want) < 2 else 0)
