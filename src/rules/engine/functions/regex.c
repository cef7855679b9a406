/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* fn_regex.c - functions with regular expressions. */
#include "rules/engine/functions/fn.h"

#include "base/limits.h"
#include "rules/engine/run/memo.h"

#include <stdlib.h>
#include <string.h>

static void regex_free(void *p)
{
    st_regex_free(p);
}

/* The binder makes x->state of a constant pattern; the run keeps the others. */
static st_regex *regex_of(st_run *r, const st_expr *x, st_val pattern)
{
    return x->state ? x->state
                    : st_run_regex(r, pattern.tag == ST_VAL_STRING ? pattern.u.s : ST_EMPTY);
}

/* As st_regex_find; that it gave up is the run's to tell. */
static size_t search(st_run *r, st_regex *re, st_str s, size_t at, size_t (*spans)[2], size_t max)
{
    size_t n = re ? st_regex_find(re, s, at, spans, max) : 0;
    if (re && st_regex_gave_up(re))
        r->limit = "a regular expression met its limit of work";
    if (n && st_regex_groups(re) >= ST_MAX_REGEX_GROUPS)
        r->limit = "a regular expression has more groups than the limit";
    return n;
}

/* text, pattern */
st_val st_call_matches(st_run *r, const st_expr *x, const st_val *a)
{
    size_t spans[1][2];
    st_sid text = st_val_tostring(&r->mem, x->args[0]->type, a[0]).u.s;
    st_regex *re = regex_of(r, x, st_val_tostring(&r->mem, x->args[1]->type, a[1]));
    return st_val_bool(search(r, re, st_pool_get(r->mem.pool, text), 0, spans, 1) > 0);
}

bool st_expr_regex(st_run *r, st_expr *x, st_str pattern, size_t *offset, st_err *err)
{
    st_regex *re = st_regexes_get(r->shared->regexes, pattern, offset, err);
    x->state = re;
    return re && st_run_own(r, re, regex_free);
}

static st_val f_extract(st_run *r, const st_expr *x, const st_val *a)
{
    size_t spans[ST_MAX_REGEX_GROUPS][2];
    st_regex *re = regex_of(r, x, a[0]);
    st_sid text = st_val_tostring(&r->mem, x->args[2]->type, a[2]).u.s;
    st_str s = st_pool_get(r->mem.pool, text);
    size_t n = search(r, re, s, 0, spans, ST_MAX_REGEX_GROUPS);
    int64_t g = a[1].tag == ST_VAL_LONG ? a[1].u.i : -1;
    st_val out = st_val_missing(x->type);
    if (g >= 0 && g < (int64_t)n && spans[g][0] != SIZE_MAX && spans[g][1] >= spans[g][0])
        out = st_val_parse(&r->mem, x->type,
                           (st_str){ s.p + spans[g][0], spans[g][1] - spans[g][0] });
    return out;
}

static st_val f_countof(st_run *r, const st_expr *x, const st_val *a)
{
    (void)x;
    st_str s = st_val_text(r, a[0]), what = st_val_text(r, a[1]);
    int64_t n = 0;
    for (size_t at = 0; what.n && s.n - at >= what.n;) {
        const char *hit = memmem(s.p + at, s.n - at, what.p, what.n);
        if (!hit)
            break;
        n++;
        at = (size_t)(hit - s.p) + 1;
    }
    return st_val_long(n);
}

/* Matches of a pattern that don't overlap. */
static st_val f_countof_regex(st_run *r, const st_expr *x, const st_val *a)
{
    size_t spans[ST_MAX_REGEX_GROUPS][2];
    int64_t n = 0;
    st_regex *re = regex_of(r, x, a[1]);
    st_str s = st_val_text(r, a[0]);
    for (size_t at = 0; at <= s.n && search(r, re, s, at, spans, ST_MAX_REGEX_GROUPS); n++)
        at = spans[0][1] > at ? spans[0][1] : at + 1;
    return re ? st_val_long(n) : st_val_null();
}

static st_val f_countof_any(st_run *r, const st_expr *x, const st_val *a)
{
    bool regex = x->nargs > 2 && st_str_ieq(st_val_text(r, a[2]), ST_STR("regex"));
    return regex ? f_countof_regex(r, x, a) : f_countof(r, x, a);
}

/* Code points before the n-th match in a part of the text; -1: none. */
static st_val f_indexof_regex(st_run *r, const st_expr *x, const st_val *a)
{
    size_t spans[1][2];
    st_regex *re = regex_of(r, x, a[1]);
    st_text_part w = { 0 };
    st_val value = st_val_null();
    if (!re || !st_text_part_of(x, a, st_val_text(r, a[0]), &w, &value))
        return value;
    for (size_t at = 0; search(r, re, w.part, at, spans, 1);) {
        if (--w.nth <= 0)
            return st_val_long(w.start +
                               (int64_t)st_text_points((st_str){ w.part.p, spans[0][0] }));
        at = spans[0][1] > spans[0][0] ? spans[0][1] : spans[0][1] + 1;
    }
    return st_val_long(-1);
}

static st_val span_text(st_run *r, st_str s, const size_t span[2])
{
    return span[0] == SIZE_MAX || span[1] < span[0]
               ? st_val_sid(ST_EMPTY)
               : st_val_str(&r->mem, (st_str){ s.p + span[0], span[1] - span[0] });
}

/* The groups that are asked for and there; all if there are none of those. */
static size_t chosen(st_run *r, const st_regex *re, const st_val *which, size_t n, size_t *group)
{
    size_t k = 0, asked = which && which->tag == ST_VAL_ARRAY ? which->u.a->n : 0;
    for (size_t i = 0; i < asked && k < ST_MAX_REGEX_GROUPS; i++) {
        st_val v = which->u.a->v[i];
        size_t named = v.tag == ST_VAL_STRING ? st_regex_group(re, st_val_text(r, v)) : SIZE_MAX;
        if (named != SIZE_MAX)
            v = st_val_long((int64_t)named);
        if (v.tag == ST_VAL_LONG && v.u.i >= 0 && v.u.i < (int64_t)n)
            group[k++] = (size_t)v.u.i;
    }
    for (size_t i = 1, all = !k; all && i < n; i++)
        group[k++] = i;
    return k;
}

/* One match: its group's text, or an array of them. */
static st_val match_groups(st_run *r, const st_regex *re, st_str s, size_t (*spans)[2], size_t n,
                           const st_val *which)
{
    size_t group[ST_MAX_REGEX_GROUPS], k = chosen(r, re, which, n, group);
    if (k == 1)
        return span_text(r, s, spans[group[0]]);
    st_array *a = st_array_new(&r->mem, k);
    for (size_t i = 0; a && i < k; i++)
        a->v[i] = span_text(r, s, spans[group[i]]);
    return st_val_array(a);
}

/* pattern, maybe the groups, text */
static st_val f_extract_all(st_run *r, const st_expr *x, const st_val *a)
{
    size_t spans[ST_MAX_REGEX_GROUPS][2], n, last = x->nargs - 1;
    st_regex *re = regex_of(r, x, a[0]);
    st_str s = st_val_text(r, st_val_tostring(&r->mem, x->args[last]->type, a[last]));
    st_value_list all = { 0 };
    for (size_t at = 0; (n = search(r, re, s, at, spans, ST_MAX_REGEX_GROUPS)) > 1;) {
        if (!st_value_list_push(r, &all, match_groups(r, re, s, spans, n, last > 1 ? &a[1] : NULL)))
            break;
        at = spans[0][1] > at ? spans[0][1] : at + 1;
    }
    return all.n ? st_value_list_close(r, &all) : st_val_null();
}

/* What a match becomes: \1 is its first group, \0 the whole, and \\ a backslash, as in RE2's
 * rewrites: a path in it is written @'C:\\Users\\\1'. Another backslash is itself. */
static void expand(st_buf *b, st_str s, st_str with, size_t (*spans)[2], size_t n)
{
    for (size_t i = 0; i < with.n; i++) {
        char c = with.p[i], after = '\0';
        if (i + 1 < with.n)
            after = with.p[i + 1];
        size_t g = (size_t)(unsigned char)after - '0';
        if (c != '\\' || (after != '\\' && g > 9)) {
            st_buf_char(b, c);
            continue;
        }
        i++;
        if (after == '\\')
            st_buf_char(b, after);
        else if (g < n && spans[g][0] != SIZE_MAX)
            st_buf_put(b, s.p + spans[g][0], spans[g][1] - spans[g][0]);
    }
}

static st_val regex_replace(st_run *r, const st_expr *x, st_val pattern, st_val with,
                            st_val subject)
{
    size_t spans[ST_MAX_REGEX_GROUPS][2], at = 0, n;
    st_regex *re = regex_of(r, x, pattern);
    st_str s = st_val_text(r, subject), w = st_val_text(r, with);
    st_buf_clear(&r->mem.buf);
    for (size_t from = 0;
         !st_run_text_full(r) && (n = search(r, re, s, from, spans, ST_MAX_REGEX_GROUPS)) > 0;) {
        size_t b = spans[0][0], e = spans[0][1];
        if (b < at || e < b)
            break;
        st_buf_put(&r->mem.buf, s.p + at, b - at);
        expand(&r->mem.buf, s, w, spans, n);
        at = e;
        from = e;
        if (b == e) {
            if (e >= s.n)
                break;
            st_utf8_next(s, &from);
            st_buf_put(&r->mem.buf, s.p + at, from - at);
            at = from;
        }
    }
    st_buf_put(&r->mem.buf, s.p + at, s.n - at);
    return st_run_text(r);
}
static st_val f_replace_regex(st_run *r, const st_expr *x, const st_val *a)
{
    return regex_replace(r, x, a[1], a[2], a[0]);
}
static st_val f_replace(st_run *r, const st_expr *x, const st_val *a)
{
    return regex_replace(r, x, a[0], a[1], a[2]);
}

/* Blanks of ASCII, which \s has among others. */
static bool is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Takes blanks from an end of s; false: another letter than ASCII's stands there, which might be
 * one. */
static bool trim_blanks(st_str *s, bool start)
{
    while (s->n && is_blank(s->p[start ? 0 : s->n - 1])) {
        s->p += start;
        s->n--;
    }
    return !s->n || !((unsigned char)s->p[start ? 0 : s->n - 1] & 0x80);
}

static bool means_blanks(st_str pattern)
{
    return st_str_eq(pattern, ST_STR("\\s+")) || st_str_eq(pattern, ST_STR("\\s*"));
}

/* One letter, class or escape, repeated: whatever ends with a match ends with the last that is
 * found from the front. */
static bool is_repeat(st_str p)
{
    if (p.n < 2 || (p.p[p.n - 1] != '+' && p.p[p.n - 1] != '*') || (unsigned char)p.p[0] & 0x80)
        return false;
    if (p.p[0] == '\\')
        return p.n == 3 && !strchr("pPxQuU", p.p[1]);
    if (p.p[0] != '[')
        return p.n == 2 && !strchr(".^$()|*+?", p.p[0]);
    size_t first = p.p[1] == '^' ? 3 : 2; /* where a ] ends the class */
    const char *end = memchr(p.p + 1, ']', p.n - 1);
    return end && (size_t)(end - p.p) == p.n - 2 && (size_t)(end - p.p) >= first &&
           !memchr(p.p + 1, '[', p.n - 1);
}

/* Where the match at the text's end begins; its length: there is none. */
static size_t end_match(st_run *r, st_regex *re, st_str pattern, st_str s)
{
    size_t spans[1][2], at = 0;
    if (!is_repeat(pattern)) {
        at = st_regex_ends(re, s);
        if (st_regex_gave_up(re))
            r->limit = "a regular expression met its limit of work";
        return at < s.n ? at : s.n;
    }
    while (search(r, re, s, at, spans, 1)) {
        if (spans[0][1] == s.n)
            return spans[0][0];
        at = spans[0][1] > spans[0][0] ? spans[0][1] : spans[0][1] + 1;
    }
    return s.n;
}

/* ends: 1 start, 2 end, 3 both */
static st_val trim_by(st_run *r, const st_expr *x, const st_val *a, int ends)
{
    st_val pattern = st_val_tostring(&r->mem, x->args[0]->type, a[0]);
    st_regex *re = regex_of(r, x, pattern);
    st_str s = st_val_text(r, a[1]), p = st_val_text(r, pattern);
    bool blanks = means_blanks(p);
    size_t end;
    if (re && (ends & 1) && !(blanks && trim_blanks(&s, true)) && st_regex_starts(re, s, &end)) {
        s.p += end;
        s.n -= end;
    }
    if (re && (ends & 2) && !(blanks && trim_blanks(&s, false)))
        s.n = end_match(r, re, p, s);
    bool whole = a[1].tag == ST_VAL_STRING && s.n == st_val_text(r, a[1]).n;
    return whole ? a[1] : st_val_str(&r->mem, s);
}
static st_val f_trim(st_run *r, const st_expr *x, const st_val *a)
{
    return trim_by(r, x, a, 3);
}
static st_val f_trim_start(st_run *r, const st_expr *x, const st_val *a)
{
    return trim_by(r, x, a, 1);
}
static st_val f_trim_end(st_run *r, const st_expr *x, const st_val *a)
{
    return trim_by(r, x, a, 2);
}

/* What searches a text once: which argument that is, and what comes of one in which nothing is. */
typedef struct searcher {
    st_fn_code *code;
    size_t text;
    enum { MISSING, FALSE, TEXT, UNKNOWN } without;
} searcher;

static const searcher *searcher_of(st_fn_code *code)
{
    static const searcher all[] = {
        { st_call_matches, 0, FALSE }, { f_extract, 2, MISSING }, { f_replace_regex, 0, TEXT },
        { f_replace, 2, TEXT },        { f_trim, 1, UNKNOWN },    { f_trim_start, 1, UNKNOWN },
        { f_trim_end, 1, UNKNOWN },
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (all[i].code == code)
            return &all[i];
    return NULL;
}

bool st_fn_searches(st_fn_code *code)
{
    return searcher_of(code) != NULL;
}

/* Of a call with a constant pattern: its value, where what the pattern needs isn't in the text.
 * false: it has to search. */
static bool is_ruled_out(st_run *r, const st_expr *x, const st_val *a, st_val *value)
{
    const searcher *s = x->state ? searcher_of(x->code) : NULL;
    if (!s || s->without == UNKNOWN || a[s->text].tag != ST_VAL_STRING ||
        st_folds_let(&r->shared->folds, x->state, a[s->text].u.s))
        return false;
    *value = s->without == TEXT    ? a[s->text]
             : s->without == FALSE ? st_val_bool(false)
                                   : st_val_missing(x->type);
    return true;
}

st_val st_call_search(st_run *r, const st_expr *x, const st_val *a)
{
    st_val v;
    return is_ruled_out(r, x, a, &v) ? v : st_memo_call(r, x, a);
}

/* the table */

#define COMPILED "|a pattern that comes with the rows may be wrong: then it matches nothing"
const st_fn st_functions_regex[] = {
    { "countof", "sss", 2, "long", NONE, f_countof_any, "occurrences of a text or a pattern" },
    { "extract", "ris*", 3, "T", NONE, f_extract, "a group of the first match" COMPILED },
    { "extract_all", "r**", 2, "dynamic", NONE, f_extract_all,
      "the groups of all matches" COMPILED },
    { "extractall", "r**", 2, "dynamic", NONE, f_extract_all,
      "the groups of all matches" COMPILED },
    { "indexof_regex", "xriii", 2, "long", NONE, f_indexof_regex,
      "where a pattern matches, or -1" COMPILED },
    { "replace", "rss", 3, "string", NONE, f_replace, "matches of a pattern replaced" COMPILED },
    { "replace_regex", "srs", 3, "string", NONE, f_replace_regex,
      "matches of a pattern replaced" COMPILED },
    { "trim", "rs", 2, "string", NONE, f_trim, "without a match at both ends" COMPILED },
    { "trim_end", "rs", 2, "string", NONE, f_trim_end, "without a match at the end" COMPILED },
    { "trim_start", "rs", 2, "string", NONE, f_trim_start,
      "without a match at the start" COMPILED },
    { 0 },
};
