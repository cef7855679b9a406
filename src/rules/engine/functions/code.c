/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* fn_code.c - encodings, compressed texts and digests. */
#include "rules/engine/functions/fn.h"
#include "base/decoded.h"
#include "base/limits.h"

#include <libdeflate.h>
#include <string.h>

/* base64 */

static st_val f_base64_decode(st_run *r, const st_expr *x, const st_val *a)
{
    (void)x;
    st_buf_clear(&r->mem.buf);
    if (!st_base64_decode(st_val_text(r, a[0]), &r->mem.buf) ||
        !st_utf8_valid(st_buf_slice(&r->mem.buf)))
        return st_val_sid(ST_EMPTY);
    return st_run_text(r);
}

static st_val f_base64_bytes(st_run *r, const st_expr *x, const st_val *a)
{
    (void)x;
    st_buf_clear(&r->mem.buf);
    st_array *out = st_base64_decode(st_val_text(r, a[0]), &r->mem.buf)
                        ? st_array_new(&r->mem, r->mem.buf.n)
                        : NULL;
    for (size_t i = 0; out && i < out->n; i++)
        out->v[i] = st_val_long((unsigned char)r->mem.buf.p[i]);
    return st_val_array(out);
}

static st_val f_decoded_command(st_run *r, const st_expr *x, const st_val *a)
{
    (void)x;
    st_buf_clear(&r->mem.buf);
    st_decoded_put(st_val_text(r, a[0]), &r->mem.buf);
    return r->mem.buf.n ? st_run_text(r) : st_val_sid(ST_EMPTY);
}

/* The GUID of 16 bytes, the first three groups with their lowest byte first. */
static st_val f_base64_guid(st_run *r, const st_expr *x, const st_val *a)
{
    st_guid g;
    (void)x;
    st_buf_clear(&r->mem.buf);
    if (!st_base64_decode(st_val_text(r, a[0]), &r->mem.buf) || r->mem.buf.n != sizeof g.b)
        return st_val_null();
    memcpy(g.b, r->mem.buf.p, sizeof g.b);
    st_buf_clear(&r->mem.buf);
    st_buf_guid(&r->mem.buf, &g);
    return st_val_parse(&r->mem, ST_TYPE_GUID, st_buf_slice(&r->mem.buf));
}

static st_val encode64(st_run *r, st_str s)
{
    static const char set[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    st_buf_clear(&r->mem.buf);
    for (size_t i = 0; i < s.n; i += 3) {
        uint32_t v = 0;
        for (size_t k = 0; k < 3; k++)
            v = v << 8 | (i + k < s.n ? (unsigned char)s.p[i + k] : 0u);
        for (size_t k = 0; k < 4; k++)
            st_buf_char(&r->mem.buf, (char)(i + k > s.n ? '=' : set[v >> (18 - 6 * k) & 63]));
    }
    return st_run_text(r);
}

static st_val f_base64_encode(st_run *r, const st_expr *x, const st_val *a)
{
    (void)x;
    return encode64(r, st_val_text(r, a[0]));
}

static st_val f_base64_from_guid(st_run *r, const st_expr *x, const st_val *a)
{
    st_guid g;
    (void)x;
    return a[0].tag == ST_VAL_GUID && st_guid_parse(st_val_text(r, a[0]), &g)
               ? encode64(r, (st_str){ (const char *)g.b, sizeof g.b })
               : st_val_sid(ST_EMPTY);
}

static st_val f_base64_from_array(st_run *r, const st_expr *x, const st_val *a)
{
    st_buf bytes = { 0 };
    bool ok = a[0].tag == ST_VAL_ARRAY;
    (void)x;
    for (size_t i = 0; ok && i < a[0].u.a->n; i++) {
        st_val v = a[0].u.a->v[i];
        ok = v.tag == ST_VAL_LONG && v.u.i >= 0 && v.u.i <= 255;
        if (ok)
            st_buf_char(&bytes, (char)(unsigned char)v.u.i);
    }
    if (bytes.failed)
        st_run_nomem(r);
    st_val out = ok && !bytes.failed ? encode64(r, st_buf_slice(&bytes)) : st_val_sid(ST_EMPTY);
    st_buf_free(&bytes);
    return out;
}

/* compressed texts */

typedef enum libdeflate_result inflate(struct libdeflate_decompressor *d, const void *in,
                                       size_t nin, void *out, size_t nout, size_t *actual);

/* "" for what isn't compressed, or isn't UTF-8 then. */
static st_val decompress(st_run *r, st_str s, inflate *f)
{
    struct libdeflate_decompressor *d = libdeflate_alloc_decompressor();
    st_buf packed = { 0 };
    size_t n = 0;
    st_buf_clear(&r->mem.buf);
    char *to = st_buf_room(&r->mem.buf, ST_MAX_TEXT);
    bool ok = st_base64_decode(s, &packed);
    if (!d || !to || packed.failed) {
        st_run_nomem(r);
        ok = false;
    }
    enum libdeflate_result code =
        ok ? f(d, packed.p ? packed.p : "", packed.n, to, ST_MAX_TEXT, &n) : LIBDEFLATE_BAD_DATA;
    if (code == LIBDEFLATE_INSUFFICIENT_SPACE)
        r->limit = "a text is longer than the limit";
    libdeflate_free_decompressor(d);
    st_buf_free(&packed);
    st_str out = { to, n };
    return code == LIBDEFLATE_SUCCESS && st_utf8_valid(out) ? st_val_str(&r->mem, out)
                                                            : st_val_sid(ST_EMPTY);
}

static st_val f_gunzip(st_run *r, const st_expr *x, const st_val *a)
{
    (void)x;
    return decompress(r, st_val_text(r, a[0]), libdeflate_gzip_decompress);
}

static st_val f_inflate(st_run *r, const st_expr *x, const st_val *a)
{
    (void)x;
    return decompress(r, st_val_text(r, a[0]), libdeflate_zlib_decompress);
}

/* URLs */

static int hex_digit(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* Bad escapes stay as they are. */
static st_val f_url_decode(st_run *r, const st_expr *x, const st_val *a)
{
    st_str s = st_val_text(r, a[0]);
    (void)x;
    st_buf_clear(&r->mem.buf);
    for (size_t i = 0; i < s.n; i++) {
        int high = s.p[i] == '%' && s.n - i > 2 ? hex_digit(s.p[i + 1]) : -1,
            low = high >= 0 ? hex_digit(s.p[i + 2]) : -1;
        if (low >= 0) {
            st_buf_char(&r->mem.buf, (char)(unsigned char)(high << 4 | low));
            i += 2;
        } else {
            st_buf_char(&r->mem.buf, (char)(s.p[i] == '+' ? ' ' : s.p[i]));
        }
    }
    return st_utf8_valid(st_buf_slice(&r->mem.buf)) ? st_run_text(r) : a[0];
}

static st_val url_encode(st_run *r, st_val v, bool plus)
{
    st_str s = st_val_text(r, v);
    st_buf_clear(&r->mem.buf);
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool plain = (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') ||
                     (c && strchr("-_.!*()", c));
        if (plain || (plus && c == ' ')) {
            st_buf_char(&r->mem.buf, (char)(plain ? c : '+'));
        } else {
            st_buf_char(&r->mem.buf, '%');
            st_buf_hex(&r->mem.buf, &c, 1, false);
        }
    }
    return st_run_text(r);
}
static st_val f_url_encode(st_run *r, const st_expr *x, const st_val *a)
{
    (void)x;
    return url_encode(r, a[0], true);
}
static st_val f_url_encode_part(st_run *r, const st_expr *x, const st_val *a)
{
    (void)x;
    return url_encode(r, a[0], false);
}

/* digests */

/* Of an empty text, and so of null, Kusto gives an empty text. */
static st_val digest(st_run *r, const st_expr *x, st_val v,
                     void (*fn)(const void *, size_t, unsigned char *), size_t n)
{
    unsigned char d[32];
    st_str s = st_val_text(r, st_val_tostring(&r->mem, x->args[0]->type, v));
    if (!s.n)
        return st_val_sid(ST_EMPTY);
    fn(s.p, s.n, d);
    st_buf_clear(&r->mem.buf);
    st_buf_hex(&r->mem.buf, d, n, false);
    return st_val_str(&r->mem, st_buf_slice(&r->mem.buf));
}

static st_val f_sha256(st_run *r, const st_expr *x, const st_val *a)
{
    return digest(r, x, a[0], st_sha256, 32);
}

static st_val f_sha1(st_run *r, const st_expr *x, const st_val *a)
{
    return digest(r, x, a[0], st_sha1, 20);
}

static st_val f_md5(st_run *r, const st_expr *x, const st_val *a)
{
    return digest(r, x, a[0], st_md5, 16);
}

/* XXH64 of the value's text; with a second argument, the remainder by it. */
/* A time or a number is hashed as its bytes, the lowest first; the documentation's hash of
 * datetime(2015-01-01) is that of its ticks. Everything else is hashed as its text. */
static uint64_t hash_of(st_run *r, st_type type, st_val v)
{
    unsigned char b[8];
    uint64_t bits = 0;
    if (v.tag == ST_VAL_LONG || v.tag == ST_VAL_DATETIME || v.tag == ST_VAL_TIMESPAN)
        bits = (uint64_t)v.u.i;
    else if (v.tag == ST_VAL_REAL)
        memcpy(&bits, &v.u.d, sizeof bits);
    if (bits || v.tag == ST_VAL_LONG || v.tag == ST_VAL_REAL || v.tag == ST_VAL_DATETIME ||
        v.tag == ST_VAL_TIMESPAN) {
        for (size_t i = 0; i < sizeof b; i++)
            b[i] = (unsigned char)(bits >> (8 * i) & 0xFF);
        return st_xxh64(b, type == ST_TYPE_INT ? 4 : sizeof b);
    }
    st_str s = st_val_text(r, st_val_tostring(&r->mem, type, v));
    return st_xxh64(s.p, s.n);
}

static st_val f_hash(st_run *r, const st_expr *x, const st_val *a)
{
    uint64_t h = hash_of(r, x->args[0]->type, a[0]);
    if (x->nargs < 2)
        return st_val_long((int64_t)h);
    return a[1].tag == ST_VAL_LONG && a[1].u.i > 0 ? st_val_long((int64_t)(h % (uint64_t)a[1].u.i))
                                                   : st_val_null();
}

/* XXH64 of the numbers' eight bytes each, lowest first. */
static st_val combine(st_run *r, const st_val *v, size_t n)
{
    st_buf_clear(&r->mem.buf);
    for (size_t i = 0; i < n; i++)
        for (unsigned k = 0; k < 64; k += 8)
            st_buf_char(&r->mem.buf, (char)((uint64_t)v[i].u.i >> k & 0xff));
    return st_val_long((int64_t)st_xxh64(r->mem.buf.p, r->mem.buf.n));
}

static st_val f_hash_combine(st_run *r, const st_expr *x, const st_val *a)
{
    for (size_t i = 0; i < x->nargs; i++)
        if (a[i].tag != ST_VAL_LONG)
            return st_val_null();
    return combine(r, a, x->nargs);
}

static st_val f_hash_many(st_run *r, const st_expr *x, const st_val *a)
{
    st_val *h = ST_NEWN(&r->arena, st_val, x->nargs);
    for (size_t i = 0; h && i < x->nargs; i++) {
        st_str s = st_val_text(r, st_val_tostring(&r->mem, x->args[i]->type, a[i]));
        h[i] = st_val_long((int64_t)st_xxh64(s.p, s.n));
    }
    return h ? combine(r, h, x->nargs) : st_val_null();
}

/* the table */

const st_fn st_functions_code[] = {
    { "base64_decode_toarray", "s", 1, "dynamic", NONE, f_base64_bytes, "decoded bytes" },
    { "base64_decode_toguid", "s", 1, "guid", NONE, f_base64_guid, "a GUID of decoded bytes" },
    { "base64_decode_tostring", "s", 1, "string", NONE, f_base64_decode,
      "decoded UTF-8 text, else empty" },
    { "base64_decodestring", "s", 1, "string", NONE, f_base64_decode,
      "decoded UTF-8 text, else empty" },
    { "base64_encode_fromarray", "y", 1, "string", NONE, f_base64_from_array, "bytes as base64" },
    { "base64_encode_fromguid", "*", 1, "string", NONE, f_base64_from_guid,
      "a GUID's bytes as base64" },
    { "base64_encode_tostring", "s", 1, "string", NONE, f_base64_encode, "text as base64" },
    { "base64_encodestring", "s", 1, "string", NONE, f_base64_encode, "text as base64" },
    { "decoded_command", "s", 1, "string", NONE, f_decoded_command,
      "what a command line says in base64, as powershell -EncodedCommand does, else empty|not one "
      "of Kusto's" },
    { "gzip_decompress_from_base64_string", "s", 1, "string", NONE, f_gunzip,
      "the text in base64 of a gzip member" },
    { "hash", "*i", 1, "long", NONE, f_hash,
      "xxHash64 of a value|a bool and a GUID are hashed as text" },
    { "hash_combine", "ii+", 2, "long", NONE, f_hash_combine,
      "one hash of several|not the number that Kusto gives" },
    { "hash_many", "*+", 1, "long", NONE, f_hash_many,
      "one hash of several values|not the number that Kusto gives" },
    { "hash_md5", "*", 1, "string", NONE, f_md5, "MD5 in hex" },
    { "hash_sha1", "*", 1, "string", NONE, f_sha1, "SHA-1 in hex" },
    { "hash_sha256", "*", 1, "string", NONE, f_sha256, "SHA-256 in hex" },
    { "hash_xxhash64", "*i", 1, "long", NONE, f_hash,
      "xxHash64 of a value|a bool and a GUID are hashed as text" },
    { "url_decode", "s", 1, "string", NONE, f_url_decode, "%-escapes decoded" },
    { "url_encode", "s", 1, "string", NONE, f_url_encode, "special characters escaped" },
    { "url_encode_component", "s", 1, "string", NONE, f_url_encode_part,
      "special characters escaped, blanks too" },
    { "zlib_decompress_from_base64_string", "s", 1, "string", NONE, f_inflate,
      "the text in base64 of a zlib stream" },
    { 0 },
};
