#!/bin/sh
# SPDX-FileCopyrightText: The shelltree authors
# SPDX-License-Identifier: Apache-2.0
# tests/case_page.sh - docs/case.md says what the program does.
exec python3 "${srcdir:-.}/docs/case" --check "${SHELLTREE:?names the program}"
