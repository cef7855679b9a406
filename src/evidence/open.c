/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* open.c - a source, wherever its bytes are: a case database holds some, too. */
#include "ledger.h"
#include "stored.h"

#include <stdlib.h>

st_code st_file_open(const st_source *s, st_file **out, st_err *err)
{
    st_buf own = { 0 };
    *out = NULL;
    if (!s->stored || s->carrier != ST_CR_ACCESS)
        return st_file_open_plain(s, out, err);
    if (st_stored_bytes(s, &own, err) == ST_OK)
        return st_file_hold(&own, out, err);
    st_buf_free(&own);
    return err ? err->code : ST_E_IO;
}

bool st_source_sha256(const st_source *s, unsigned char out[32])
{
    enum { PIECE = 65536 };
    st_file *f = NULL;
    st_err why = { 0 };
    unsigned char *piece = malloc(PIECE);
    st_sha256_stream *h = st_sha256_new();
    uint64_t at = 0;
    size_t got = 0;
    if (piece && h && st_file_open(s, &f, &why) == ST_OK && f)
        for (; st_file_read(f, at, piece, PIECE, &got, &why) == ST_OK && got; at += got)
            st_sha256_add(h, piece, got);
    if (h)
        st_sha256_end(h, out);
    bool whole = f && h && at == s->size;
    st_file_close(f);
    free(piece);
    return whole;
}
