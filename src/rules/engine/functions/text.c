/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* fn_text.c - functions over texts. */
#include "rules/engine/functions/fn.h"

#include <stdlib.h>
#include <string.h>

static st_val map_case(st_run *r, st_val v, uint32_t (*map)(uint32_t))
{
    st_str s = st_val_text(r, v);
    st_buf_clear(&r->mem.buf);
    for (size_t i = 0; i < s.n;) {
        size_t at = i;
        uint32_t cp = st_utf8_next(s, &i);
        if (cp == UINT32_MAX)
            st_buf_put(&r->mem.buf, s.p + at, 1);
        else
            st_buf_utf8(&r->mem.buf, map(cp));
    }
    return st_run_text(r);
}
static st_val f_tolower(st_run *r, const st_expr *x, const st_val *a)
{
    (void)x;
    return map_case(r, a[0], st_lower);
}
static st_val f_toupper(st_run *r, const st_expr *x, const st_val *a)
{
    (void)x;
    return map_case(r, a[0], st_upper);
}

static st_val f_strcat(st_run *r, const st_expr *x, const st_val *a)
{
    st_buf_clear(&r->mem.buf);
    for (size_t i = 0; i < x->nargs && !st_run_text_full(r); i++)
        st_val_put(&r->mem.buf, &r->mem, x->args[i]->type, a[i]);
    return st_run_text(r);
}

static st_val f_strcat_delim(st_run *r, const st_expr *x, const st_val *a)
{
    st_buf_clear(&r->mem.buf);
    for (size_t i = 1; i < x->nargs && !st_run_text_full(r); i++) {
        if (i > 1)
            st_buf_str(&r->mem.buf, st_val_text(r, a[0]));
        st_val_put(&r->mem.buf, &r->mem, x->args[i]->type, a[i]);
    }
    return st_run_text(r);
}

static st_val f_strcat_array(st_run *r, const st_expr *x, const st_val *a)
{
    if (a[0].tag != ST_VAL_ARRAY)
        return st_val_tostring(&r->mem, x->args[0]->type, a[0]);
    st_buf_clear(&r->mem.buf);
    for (size_t i = 0; i < a[0].u.a->n && !st_run_text_full(r); i++) {
        if (i)
            st_buf_str(&r->mem.buf, st_val_text(r, a[1]));
        st_val_put(&r->mem.buf, &r->mem, ST_TYPE_DYNAMIC, a[0].u.a->v[i]);
    }
    return st_run_text(r);
}

size_t st_text_points(st_str s)
{
    size_t n = 0;
    for (size_t i = 0; i < s.n; n++)
        st_utf8_next(s, &i);
    return n;
}

static size_t byte_of(st_str s, int64_t n)
{
    size_t i = 0;
    while (n-- > 0 && i < s.n)
        st_utf8_next(s, &i);
    return i;
}

static st_val f_strlen(st_run *r, const st_expr *x, const st_val *a)
{
    (void)x;
    return st_val_long((int64_t)st_text_points(st_val_text(r, a[0])));
}
static st_val f_string_size(st_run *r, const st_expr *x, const st_val *a)
{
    (void)x;
    return st_val_long((int64_t)st_val_text(r, a[0]).n);
}

static st_val f_substring(st_run *r, const st_expr *x, const st_val *a)
{
    st_str s = st_val_text(r, a[0]);
    if (st_val_any_null(a, x->nargs))
        return st_val_sid(ST_EMPTY);
    int64_t from = a[1].u.i, n = x->nargs > 2 ? a[2].u.i : INT64_MAX;
    if (from < 0)
        from += (int64_t)st_text_points(s);
    if (n <= 0 || from < 0) /* not even a part of it is there */
        return st_val_sid(ST_EMPTY);
    size_t at = byte_of(s, from);
    st_str rest = { s.p + at, s.n - at };
    rest.n = byte_of(rest, n);
    return st_val_str(&r->mem, rest);
}

bool st_text_part_of(const st_expr *x, const st_val *a, st_str s, st_text_part *w, st_val *value)
{
    int64_t start = x->nargs > 2 ? a[2].u.i : 0, len = x->nargs > 3 ? a[3].u.i : -1,
            nth = x->nargs > 4 ? a[4].u.i : 1, all = (int64_t)st_text_points(s);
    *value = st_val_null();
    if (st_val_any_null(a, x->nargs) || len < -1 || nth < 0)
        return false;
    start = start < 0 ? start + all : start;
    start = start < 0 ? 0 : start;
    *value = st_val_long(-1);
    if (start > all)
        return false;
    size_t at = byte_of(s, start);
    *w = (st_text_part){ .part = { s.p + at, s.n - at }, .start = start, .nth = nth };
    if (len >= 0)
        w->part.n = byte_of(w->part, len);
    return true;
}

/* The length counts anew behind each occurrence that isn't wanted, as the documentation's example
 * of the second one has it. */
/* Steps between two looks at the clock: each may take as long as a text is. */
enum { LOOK = 64 };

static st_val f_indexof(st_run *r, const st_expr *x, const st_val *a)
{
    st_str s = st_val_text(r, a[0]), what = st_val_text(r, a[1]);
    st_text_part w;
    st_val value;
    if (!st_text_part_of(x, a, s, &w, &value))
        return value;
    int64_t len = x->nargs > 3 ? a[3].u.i : -1;
    st_str rest = { w.part.p, s.n - (size_t)(w.part.p - s.p) };
    for (size_t i = 0, steps = 1; i <= rest.n; steps++) {
        if (steps % LOOK == 0 && !st_run_going(r))
            break;
        st_str part = { rest.p + i, rest.n - i };
        if (len >= 0)
            part.n = byte_of(part, len);
        const char *hit = what.n ? memmem(part.p, part.n, what.p, what.n) : part.p;
        if (!hit)
            break;
        i = (size_t)(hit - rest.p);
        if (--w.nth <= 0)
            return st_val_long(w.start + (int64_t)st_text_points((st_str){ rest.p, i }));
        i += i < rest.n ? byte_of((st_str){ rest.p + i, rest.n - i }, 1) : 1;
    }
    return st_val_long(-1);
}

static st_val f_split(st_run *r, const st_expr *x, const st_val *a)
{
    st_str s = st_val_text(r, a[0]), d = st_val_text(r, a[1]);
    size_t n = 1;
    for (size_t i = 0; d.n && s.n - i >= d.n;) {
        const char *hit = memmem(s.p + i, s.n - i, d.p, d.n);
        if (!hit)
            break;
        i = (size_t)(hit - s.p) + d.n;
        n++;
    }
    st_array *out = st_array_new(&r->mem, n);
    size_t at = 0;
    for (size_t k = 0; out && k < n; k++) {
        const char *hit = k + 1 < n ? memmem(s.p + at, s.n - at, d.p, d.n) : NULL;
        size_t end = hit ? (size_t)(hit - s.p) : s.n;
        out->v[k] = st_val_str(&r->mem, (st_str){ s.p + at, end - at });
        at = hit ? end + d.n : end;
    }
    if (x->nargs < 3 || !out)
        return st_val_array(out);
    if (a[2].tag != ST_VAL_LONG || a[2].u.i < 0 || a[2].u.i >= (int64_t)n)
        return st_val_null();
    st_array *one = st_array_new(&r->mem, 1);
    if (one)
        one->v[0] = out->v[a[2].u.i];
    return st_val_array(one);
}

static st_val replace_all(st_run *r, st_val v, st_str from, st_str to)
{
    st_str s = st_val_text(r, v);
    st_buf_clear(&r->mem.buf);
    size_t at = 0;
    while (from.n && s.n - at >= from.n && !st_run_text_full(r)) {
        const char *hit = memmem(s.p + at, s.n - at, from.p, from.n);
        if (!hit)
            break;
        size_t end = (size_t)(hit - s.p);
        st_buf_put(&r->mem.buf, s.p + at, end - at);
        st_buf_str(&r->mem.buf, to);
        at = end + from.n;
    }
    if (!at)
        return v;
    st_buf_put(&r->mem.buf, s.p + at, s.n - at);
    return st_run_text(r);
}

static st_val f_replace_string(st_run *r, const st_expr *x, const st_val *a)
{
    (void)x;
    return replace_all(r, a[0], st_val_text(r, a[1]), st_val_text(r, a[2]));
}

/* The first of the texts that s begins with at `at`; SIZE_MAX: none. */
static size_t text_at(st_run *r, const st_array *texts, st_str s, size_t at)
{
    for (size_t i = 0; i < texts->n; i++) {
        st_str t = texts->v[i].tag == ST_VAL_STRING ? st_val_text(r, texts->v[i]) : ST_STR("");
        if (t.n && at + t.n <= s.n && !memcmp(s.p + at, t.p, t.n))
            return i;
    }
    return SIZE_MAX;
}

/* Each text of the first list by that of the second, in one pass from left to right: what was put
 * in isn't looked at again, and an earlier text of the list goes before a later one. A replacement
 * that is no string leaves the match as it is. */
static st_val f_replace_strings(st_run *r, const st_expr *x, const st_val *a)
{
    st_str s = st_val_text(r, a[0]);
    (void)x;
    if (a[1].tag != ST_VAL_ARRAY || a[2].tag != ST_VAL_ARRAY || a[1].u.a->n != a[2].u.a->n)
        return st_val_sid(ST_EMPTY);
    st_buf_clear(&r->mem.buf);
    for (size_t at = 0, steps = 1; at < s.n && !st_run_text_full(r); steps++) {
        if (steps % LOOK == 0 && !st_run_going(r))
            break;
        size_t i = text_at(r, a[1].u.a, s, at), n = 1;
        st_val to = st_val_null();
        if (i != SIZE_MAX) {
            n = st_val_text(r, a[1].u.a->v[i]).n;
            to = a[2].u.a->v[i];
        }
        if (to.tag == ST_VAL_STRING)
            st_buf_str(&r->mem.buf, st_val_text(r, to));
        else
            st_buf_put(&r->mem.buf, s.p + at, n);
        at += n;
    }
    return st_run_text(r);
}

static st_val f_strrep(st_run *r, const st_expr *x, const st_val *a)
{
    int64_t n = a[1].tag == ST_VAL_LONG ? a[1].u.i : 0;
    st_buf_clear(&r->mem.buf);
    for (int64_t i = 0; i < n && i < 1024 && !st_run_text_full(r); i++) {
        if (i && x->nargs > 2)
            st_buf_str(&r->mem.buf, st_val_text(r, a[2]));
        st_val_put(&r->mem.buf, &r->mem, x->args[0]->type, a[0]);
    }
    return st_run_text(r);
}

static st_val f_strcmp(st_run *r, const st_expr *x, const st_val *a)
{
    (void)x;
    int c = st_str_cmp(st_val_text(r, a[0]), st_val_text(r, a[1]));
    return st_val_long((c > 0) - (c < 0));
}

static st_val f_reverse(st_run *r, const st_expr *x, const st_val *a)
{
    st_str s = st_val_text(r, st_val_tostring(&r->mem, x->args[0]->type, a[0]));
    st_buf_clear(&r->mem.buf);
    for (size_t end = s.n; end;) {
        size_t at = end - 1;
        while (at && ((unsigned char)s.p[at] & 0xC0u) == 0x80)
            at--;
        st_buf_put(&r->mem.buf, s.p + at, end - at);
        end = at;
    }
    return st_run_text(r);
}

/* code points */

static st_val f_codepoints(st_run *r, const st_expr *x, const st_val *a)
{
    st_str s = st_val_text(r, a[0]);
    st_value_list l = { 0 };
    (void)x;
    for (size_t i = 0; i < s.n;)
        if (!st_value_list_push(r, &l, st_val_long(st_utf8_next(s, &i))))
            break;
    return st_value_list_close(r, &l);
}

/* "" where a number isn't a code point. */
static st_val f_make_string(st_run *r, const st_expr *x, const st_val *a)
{
    st_buf_clear(&r->mem.buf);
    for (size_t i = 0; i < x->nargs; i++) {
        size_t n = a[i].tag == ST_VAL_ARRAY ? a[i].u.a->n : 1;
        for (size_t k = 0; k < n; k++) {
            st_val v = a[i].tag == ST_VAL_ARRAY ? a[i].u.a->v[k] : a[i];
            if (v.tag != ST_VAL_LONG || v.u.i < 0 || v.u.i > 0x10FFFF ||
                (v.u.i >= 0xD800 && v.u.i <= 0xDFFF))
                return st_val_sid(ST_EMPTY);
            st_buf_utf8(&r->mem.buf, (uint32_t)v.u.i);
        }
    }
    return st_run_text(r);
}

/* Two's complement of the argument's own size in lower case, with leading zeros to a length of 16
 * at most. */
static st_val f_tohex(st_run *r, const st_expr *x, const st_val *a)
{
    if (a[0].tag != ST_VAL_LONG)
        return st_val_sid(ST_EMPTY);
    int64_t asked = x->nargs > 1 && a[1].tag == ST_VAL_LONG ? a[1].u.i : 1;
    int width = asked < 1 ? 1 : asked > 16 ? 16 : (int)asked;
    uint64_t bits = (uint64_t)a[0].u.i;
    if (x->args[0]->type == ST_TYPE_INT)
        bits &= UINT32_MAX;
    st_buf_clear(&r->mem.buf);
    st_buf_fmt(&r->mem.buf, "%0*llx", width, (unsigned long long)bits);
    return st_run_text(r);
}

static st_val f_isascii(st_run *r, const st_expr *x, const st_val *a)
{
    st_str s = st_val_text(r, a[0]);
    (void)x;
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] > 127)
            return st_val_bool(false);
    return st_val_bool(true);
}

/* Each letter of the text that is in the first list becomes the one there in the second, whose
 * last letter stands for those beyond its end. */
static st_val f_translate(st_run *r, const st_expr *x, const st_val *a)
{
    st_str from = st_val_text(r, a[0]), to = st_val_text(r, a[1]), s = st_val_text(r, a[2]);
    (void)x;
    st_buf_clear(&r->mem.buf);
    for (size_t i = 0, steps = 1; i < s.n; steps++) {
        uint32_t c = st_utf8_next(s, &i), out = c;
        if (steps % LOOK == 0 && !st_run_going(r))
            break;
        for (size_t f = 0, t = 0; f < from.n;) {
            uint32_t one = st_utf8_next(from, &f), with = 0;
            size_t was = t;
            if (t < to.n)
                with = st_utf8_next(to, &t);
            if (t >= to.n)
                t = was; /* stays at the last letter */
            if (one == c) {
                out = with;
                break;
            }
        }
        if (out)
            st_buf_utf8(&r->mem.buf, out);
    }
    return st_run_text(r);
}

/* What isn't a letter, a digit or an underscore gets a backslash, so that it stands for itself. */
static st_val f_regex_quote(st_run *r, const st_expr *x, const st_val *a)
{
    st_str s = st_val_text(r, a[0]);
    (void)x;
    st_buf_clear(&r->mem.buf);
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        bool plain =
            c >= 0x80 || c == '_' || (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z');
        if (!plain)
            st_buf_char(&r->mem.buf, '\\');
        st_buf_char(&r->mem.buf, s.p[i]);
    }
    return st_run_text(r);
}

static st_val f_isutf8(st_run *r, const st_expr *x, const st_val *a)
{
    (void)x;
    return st_val_bool(st_utf8_valid(st_val_text(r, a[0])));
}

/* terms */

/* The index of the first needle that the text has, or -1. */
static st_val f_has_any_index(st_run *r, const st_expr *x, const st_val *a)
{
    (void)x;
    size_t n = a[1].tag == ST_VAL_ARRAY ? a[1].u.a->n : 0;
    st_str hay = st_folds_get(&r->shared->folds, a[0].tag == ST_VAL_STRING ? a[0].u.s : ST_EMPTY);
    for (size_t i = 0; i < n; i++) {
        st_sid needle = st_val_tostring(&r->mem, ST_TYPE_DYNAMIC, a[1].u.a->v[i]).u.s;
        if (st_match_text(ST_M_HAS, hay, st_folds_get(&r->shared->folds, needle)))
            return st_val_long((int64_t)i);
    }
    return st_val_long(-1);
}

/* the table */

const st_fn st_functions_text[] = {
    { "array_strcat", "yx", 2, "string", NONE, f_strcat_array, "an array's texts joined" },
    { "has_any_index", "xy", 2, "long", NONE, f_has_any_index, "which needle a text has, or -1" },
    { "indexof", "xxiii", 2, "long", NONE, f_indexof, "where a text occurs, or -1" },
    { "isascii", "x", 1, "bool", NONE, f_isascii, "whether a text is ASCII" },
    { "isutf8", "x", 1, "bool", NONE, f_isutf8, "whether a text is valid UTF-8" },
    { "make_string", "*+", 1, "string", NONE, f_make_string, "a text of code points" },
    { "regex_quote", "x", 1, "string", NONE, f_regex_quote,
      "a text as a pattern that matches just it" },
    { "replace_string", "sss", 3, "string", NONE, f_replace_string, "a text replaced" },
    { "replace_strings", "syy", 3, "string", NONE, f_replace_strings, "several texts replaced" },
    { "reverse", "*", 1, "string", NONE, f_reverse, "the text backwards" },
    { "split", "xsi", 2, "dynamic", FIRST, f_split,
      "the parts of a text|an empty delimiter gives one part" },
    { "strcat", "*+", 1, "string", NONE, f_strcat, "texts joined" },
    { "strcat_array", "yx", 2, "string", NONE, f_strcat_array, "an array's texts joined" },
    { "strcat_delim", "x*+", 2, "string", NONE, f_strcat_delim, "texts joined by another" },
    { "strcmp", "xx", 2, "long", NONE, f_strcmp, "-1, 0 or 1" },
    { "string_size", "s", 1, "long", PREFIX("string_size_"), f_string_size, "bytes of a text" },
    { "strlen", "s", 1, "long", PREFIX("strlen_"), f_strlen, "characters of a text" },
    { "strrep", "*ix", 2, "string", NONE, f_strrep, "a text repeated, at most 1,024 times" },
    { "substring", "xii", 2, "string", NONE, f_substring, "a part of a text" },
    { "to_utf8", "x", 1, "dynamic", NONE, f_codepoints, "the code points of a text" },
    { "tohex", "ii", 1, "string", FIRST, f_tohex, "a number in hex" },
    { "tolower", "x", 1, "string", NONE, f_tolower, "in lower case|one character for one" },
    { "toupper", "x", 1, "string", NONE, f_toupper, "in upper case|one character for one" },
    { "translate", "sss", 3, "string", NONE, f_translate, "letters replaced by others" },
    { "unicode_codepoints_from_string", "x", 1, "dynamic", NONE, f_codepoints,
      "the code points of a text" },
    { "unicode_codepoints_to_string", "*+", 1, "string", NONE, f_make_string,
      "a text of code points" },
    { 0 },
};
