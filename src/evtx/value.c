/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * value.c - one value of a record: its text, its number, its GUID, its time.
 *
 * A table says how wide each type is; a value of another width falls back to an integer of
 * its size, or to hexadecimal digits. Nothing here trusts the length of a value beyond `n`.
 */
#include "evtx/format.h"
#include "value.h"

#include "shelltree/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef enum kind {
    K_NONE,
    K_STRING,
    K_ANSI,
    K_SIGNED,
    K_UNSIGNED,
    K_HEX,
    K_FLOAT,
    K_BOOL,
    K_BINARY,
    K_GUID,
    K_FILETIME,
    K_SYSTEMTIME,
    K_SID,
    K_TEXT
} kind;

typedef struct type_info {
    uint8_t kind, width; /* width 0: any */
} type_info;

static const type_info types[0x80] = {
    [ST_V_STRING] = { K_STRING, 0 },
    [ST_V_ANSI] = { K_ANSI, 0 },
    [ST_V_I8] = { K_SIGNED, 1 },
    [ST_V_U8] = { K_UNSIGNED, 1 },
    [ST_V_I16] = { K_SIGNED, 2 },
    [ST_V_U16] = { K_UNSIGNED, 2 },
    [ST_V_I32] = { K_SIGNED, 4 },
    [ST_V_U32] = { K_UNSIGNED, 4 },
    [ST_V_I64] = { K_SIGNED, 8 },
    [ST_V_U64] = { K_UNSIGNED, 8 },
    [ST_V_FLOAT] = { K_FLOAT, 4 },
    [ST_V_DOUBLE] = { K_FLOAT, 8 },
    [ST_V_BOOL] = { K_BOOL, 4 },
    [ST_V_BINARY] = { K_BINARY, 0 },
    [ST_V_GUID] = { K_GUID, 16 },
    [ST_V_SIZE] = { K_HEX, 0 },
    [ST_V_FILETIME] = { K_FILETIME, 8 },
    [ST_V_SYSTEMTIME] = { K_SYSTEMTIME, 16 },
    [ST_V_SID] = { K_SID, 0 },
    [ST_V_HEX32] = { K_HEX, 4 },
    [ST_V_HEX64] = { K_HEX, 8 },
    [ST_V_BINXML] = { K_BINARY, 0 },
    [0x23] = { K_STRING, 0 },
    [ST_V_TEXT] = { K_TEXT, 0 },
};

static bool int_width(size_t n)
{
    return n == 1 || n == 2 || n == 4 || n == 8;
}

static int64_t get_signed(const unsigned char *p, size_t n)
{
    uint64_t v = st_le(p, n);
    uint64_t top = UINT64_C(1) << (n * 8 - 1);
    return (int64_t)((v ^ top) - top);
}

/* strings */

static size_t strip16(const unsigned char *p, size_t n)
{
    n &= ~(size_t)1;
    while (n && !p[n - 1] && !p[n - 2])
        n -= 2;
    return n;
}

static size_t strip8(const unsigned char *p, size_t n)
{
    while (n && !p[n - 1])
        n--;
    return n;
}

/* Windows code page 1252, 0x80 to 0x9f; 0: no character. */
static const uint16_t high1252[32] = {
    0x20ac, 0,      0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160,
    0x2039, 0x0152, 0,      0x017d, 0,      0,      0x2018, 0x2019, 0x201c, 0x201d, 0x2022,
    0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0,      0x017e, 0x0178,
};

static unsigned put_ansi(st_buf *out, const unsigned char *p, size_t n)
{
    unsigned replaced = 0;
    char *to = st_buf_room(out, n * 3);
    if (!to)
        return 0;
    for (size_t i = 0; i < n; i++) {
        uint32_t cp = p[i];
        if (cp >= 0x80 && cp < 0xa0 && !(cp = high1252[cp - 0x80])) {
            cp = 0xfffd;
            replaced++;
        }
        size_t k = st_utf8_put(to, cp);
        to += k;
        out->n += k;
    }
    return replaced;
}

/* the other kinds */

double st_value_double(const unsigned char *p, size_t n)
{
    uint64_t bits = st_le(p, n == 4 ? 4 : 8);
    uint32_t narrow = (uint32_t)bits;
    double d;
    float f;
    if (n == 4) {
        memcpy(&f, &narrow, sizeof f);
        return (double)f;
    }
    memcpy(&d, &bits, sizeof d);
    return d;
}

/* The shortest form that reads back as the same number, with a point in any locale. */
static void put_float(st_buf *out, const unsigned char *p, size_t n)
{
    char text[40];
    double d;
    float f = 0;
    d = st_value_double(p, n);
    f = n == 4 ? (float)d : 0;
    for (int digits = 1; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, d);
        double back = strtod(text, NULL);
        if (n == 4 ? (float)back >= f && (float)back <= f : back >= d && back <= d)
            break;
    }
    for (char *c = text; *c; c++)
        if (*c == ',')
            *c = '.';
    st_buf_str(out, st_str_of(text));
}

static bool sid_sound(const unsigned char *p, size_t n)
{
    return n >= 8 && p[1] <= 15 && n >= 8 + 4 * (size_t)p[1];
}

static void put_sid(st_buf *out, const unsigned char *p)
{
    uint64_t authority = 0;
    for (size_t i = 2; i < 8; i++)
        authority = authority << 8 | p[i];
    st_buf_put(out, "S-", 2);
    st_buf_u64(out, p[0]);
    st_buf_char(out, '-');
    if (authority >> 32)
        st_buf_0x(out, authority);
    else
        st_buf_u64(out, authority);
    for (size_t i = 0; i < p[1]; i++) {
        st_buf_char(out, '-');
        st_buf_u64(out, st_le(p + 8 + 4 * i, 4));
    }
}

static st_ticks systemtime(const unsigned char *p)
{
    st_civil c = { .year = (int)st_le(p, 2),
                   .month = (int)st_le(p + 2, 2),
                   .day = (int)st_le(p + 6, 2),
                   .hour = (int)st_le(p + 8, 2),
                   .minute = (int)st_le(p + 10, 2),
                   .second = (int)st_le(p + 12, 2) };
    int ms = (int)st_le(p + 14, 2);
    if (ms > 999)
        return 0;
    c.tick = ms * (int)ST_TICKS_MS;
    return st_civil_ticks(&c);
}

static void put_ticks(st_buf *out, uint64_t t)
{
    if (!t) /* a time like any other here, though elsewhere 0 is none */
        st_buf_str(out, ST_STR("1601-01-01T00:00:00.0000000Z"));
    else if (t > ST_TICKS_MAX) /* no date: the number, so that nothing is lost */
        st_buf_u64(out, t);
    else
        st_buf_time_iso(out, t);
}

/* What a value of an unexpected width shows as. */
static void put_odd(st_buf *out, const unsigned char *p, size_t n)
{
    if (int_width(n))
        st_buf_u64(out, st_le(p, n));
    else
        st_buf_hex(out, p, n, true);
}

static unsigned put_one(st_buf *out, unsigned type, const unsigned char *p, size_t n)
{
    type_info t = types[type & 0x7f];
    st_guid g;
    if (t.width && t.width != n && !(t.kind == K_BOOL && int_width(n))) {
        put_odd(out, p, n);
        return 0;
    }
    switch ((kind)t.kind) {
    case K_STRING: n = strip16(p, n); return n ? st_utf16le_put(out, p, n) : 0;
    case K_ANSI: n = strip8(p, n); return n ? put_ansi(out, p, n) : 0;
    case K_SIGNED: st_buf_i64(out, get_signed(p, n)); break;
    case K_UNSIGNED: st_buf_u64(out, st_le(p, n)); break;
    case K_HEX:
        if (int_width(n))
            st_buf_0x(out, st_le(p, n));
        else
            st_buf_hex(out, p, n, true);
        break;
    case K_FLOAT: put_float(out, p, n); break;
    case K_BOOL: st_buf_str(out, st_le(p, n) ? ST_STR("true") : ST_STR("false")); break;
    case K_GUID:
        memcpy(g.b, p, sizeof g.b);
        st_buf_guid(out, &g);
        break;
    case K_FILETIME: put_ticks(out, st_le(p, 8)); break;
    case K_SYSTEMTIME: st_buf_time_iso(out, systemtime(p)); break;
    case K_SID:
        if (sid_sound(p, n))
            put_sid(out, p);
        else
            st_buf_hex(out, p, n, true);
        break;
    case K_TEXT: st_buf_put(out, p, n); break;
    case K_BINARY: st_buf_hex(out, p, n, true); break;
    case K_NONE:
        if (type) /* an unknown type keeps its bytes; null shows nothing */
            st_buf_hex(out, p, n, true);
        break;
    }
    return 0;
}

/* Length of the item at p, and in *step what to move on by. Both at most n. */
static size_t item(unsigned type, const unsigned char *p, size_t n, size_t *step)
{
    type_info t = types[type & 0x7f];
    size_t len = n;
    if (t.kind == K_STRING) {
        for (len = 0; len + 2 <= n && (p[len] || p[len + 1]); len += 2)
            ;
        *step = len + 2 <= n ? len + 2 : n;
        return len;
    }
    if (t.kind == K_ANSI) {
        const unsigned char *nul = memchr(p, 0, n);
        len = nul ? (size_t)(nul - p) : n;
        *step = nul ? len + 1 : n;
        return len;
    }
    if (t.kind == K_SID && sid_sound(p, n))
        len = 8 + 4 * (size_t)p[1];
    else if (t.width)
        len = t.width;
    else if (type == ST_V_SIZE)
        len = n % 8 ? 4 : 8;
    *step = len <= n ? len : n;
    return *step;
}

uint32_t st_value_width(unsigned type)
{
    return type & ST_V_ARRAY ? 0 : types[type & 0x7f].width;
}

bool st_value_item(const st_value *array, uint32_t *pos, st_value *out)
{
    unsigned type = array->type & 0x7fu, width = types[type].width;
    if (!array->p || *pos >= array->n)
        return false;
    size_t step, len = item(type, array->p + *pos, array->n - *pos, &step);
    if (width && len < width)
        return false; /* a remainder is damage */
    *out = (st_value){ .p = array->p + *pos, .n = (uint32_t)len, .type = (uint8_t)type };
    *pos += (uint32_t)(step ? step : 1);
    return true;
}

static unsigned put_array(st_buf *out, const st_value *array)
{
    unsigned replaced = 0;
    uint32_t pos = 0;
    st_value v;
    for (bool first = true; st_value_item(array, &pos, &v); first = false) {
        if (!first)
            st_buf_put(out, ", ", 2);
        replaced += v.n ? put_one(out, v.type, v.p, v.n) : 0;
    }
    return replaced;
}

unsigned st_value_text(const st_value *v, st_buf *out)
{
    if (!v->p || v->type == ST_V_NULL)
        return 0;
    if (v->type == ST_V_STRING) { /* as most are */
        size_t n = strip16(v->p, v->n);
        return n ? st_utf16le_put(out, v->p, n) : 0;
    }
    if (v->type & ST_V_ARRAY)
        return put_array(out, v);
    if (!v->n)
        return 0;
    return put_one(out, v->type, v->p, v->n);
}

/* Of a value that has bytes and is no array. */
static bool has_escapes(kind k)
{
    return k == K_STRING || k == K_ANSI || k == K_TEXT;
}

unsigned st_value_json(const st_value *v, st_buf *out, st_buf *spare)
{
    bool one = v->p && v->n && !(v->type & ST_V_ARRAY);
    kind k = (kind)types[v->type & 0x7f].kind;
    unsigned replaced;
    if (one && k == K_STRING)
        return st_json_exact_utf16le(out, v->p, strip16(v->p, v->n));
    if (one && !has_escapes(k)) {
        st_buf_char(out, '"');
        replaced = st_value_text(v, out);
        st_buf_char(out, '"');
        return replaced;
    }
    st_buf_clear(spare);
    replaced = st_value_text(v, spare);
    out->failed |= spare->failed;
    st_json_exact(out, st_buf_slice(spare));
    return replaced;
}

/* back from values */

#define SHORT_TEXT 64

/* A text value as ASCII in buf, if it is that short and plain. */
static bool short_text(const st_value *v, char *buf, st_str *out)
{
    kind k = (kind)types[v->type & 0x7f].kind;
    size_t n, step = k == K_STRING ? 2 : 1;
    if (!v->p || (v->type & ST_V_ARRAY) || (k != K_STRING && k != K_ANSI && k != K_TEXT))
        return false;
    n = k == K_STRING ? strip16(v->p, v->n) : strip8(v->p, v->n);
    if (n / step > SHORT_TEXT)
        return false;
    for (size_t i = 0; i < n; i += step) {
        if (v->p[i] >= 0x80 || (step == 2 && v->p[i + 1]))
            return false;
        buf[i / step] = (char)v->p[i];
    }
    *out = (st_str){ buf, n / step };
    return true;
}

bool st_value_u64(const st_value *v, uint64_t *out)
{
    char buf[SHORT_TEXT];
    st_str s;
    if (!v->p || (v->type & ST_V_ARRAY))
        return false;
    switch ((kind)types[v->type & 0x7f].kind) {
    case K_UNSIGNED:
    case K_HEX:
        if (!int_width(v->n))
            return false;
        *out = st_le(v->p, v->n);
        return true;
    case K_SIGNED:
        if (!int_width(v->n) || get_signed(v->p, v->n) < 0)
            return false;
        *out = st_le(v->p, v->n);
        return true;
    default: return short_text(v, buf, &s) && st_str_u64_any(st_str_trim(s), out);
    }
}

bool st_value_guid(const st_value *v, st_guid *out)
{
    char buf[SHORT_TEXT];
    st_str s;
    if (v->p && v->type == ST_V_GUID && v->n == 16) {
        memcpy(out->b, v->p, 16);
        return true;
    }
    return short_text(v, buf, &s) && st_guid_parse(st_str_trim(s), out);
}

bool st_value_ticks(const st_value *v, st_ticks *out)
{
    char buf[SHORT_TEXT];
    st_str s;
    if (!v->p)
        return false;
    if ((v->type == ST_V_FILETIME && v->n == 8) || (v->type == ST_V_SYSTEMTIME && v->n == 16)) {
        *out = v->n == 8 ? st_le(v->p, 8) : systemtime(v->p);
        return *out != 0 && *out <= ST_TICKS_MAX;
    }
    return short_text(v, buf, &s) && st_time_iso(st_str_trim(s), out);
}

/* Is text of the value's type `want`, but for the case of ASCII letters? */
static bool text_is(const st_value *v, st_str want)
{
    size_t step = types[v->type & 0x7f].kind == K_STRING ? 2 : 1;
    size_t n = step == 2 ? strip16(v->p, v->n) : strip8(v->p, v->n);
    if (n != want.n * step)
        return false;
    for (size_t i = 0; i < want.n; i++) {
        unsigned c = v->p[i * step], w = (unsigned char)want.p[i];
        if ((step == 2 && v->p[i * step + 1]) ||
            (c != w && ((c ^ w) != 32 || (c | 32) - 'a' > 'z' - 'a')))
            return false;
    }
    return true;
}

bool st_value_is(const st_value *v, const char *ascii)
{
    st_str want = st_str_of(ascii);
    uint64_t a, b;
    st_guid ga, gb;
    if (!v->p || (v->type & ST_V_ARRAY))
        return false;
    switch ((kind)types[v->type & 0x7f].kind) {
    case K_STRING:
    case K_ANSI:
    case K_TEXT: return text_is(v, want);
    case K_GUID: return st_value_guid(v, &ga) && st_guid_parse(want, &gb) && st_guid_eq(&ga, &gb);
    default: return st_value_u64(v, &a) && st_str_u64_any(want, &b) && a == b;
    }
}
