/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pieces.h - how the file target's inputs say a source: 64 KiB of mostly zeros would drown a
 * fuzzer, so an input is a list of pieces, two bytes of length and the bytes. The first piece
 * begins at the file's header, each other one at the next chunk's place; between them are zeros.
 * The last one ends the file. A length with its highest bit set asks for right checksums.
 */
#ifndef SHELLTREE_FUZZ_PIECES_H
#define SHELLTREE_FUZZ_PIECES_H

#include "shelltree/base.h"

enum { PIECES = 8, PIECE_LENGTH = 0x7fff, PIECE_SEALED = 0x8000 };

/* Appends the source that an input says. */
void pieces_expand(st_str input, st_buf *out);
/* Appends a piece. */
void pieces_put(st_buf *out, st_str bytes, bool sealed);

#endif
