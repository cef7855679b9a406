/* fn_regex.c - functions with regular expressions. */
#include "rules/kql/fn.h"

#include "base/limits.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_GROUPS = 32 };

static void regex_free(void *p)
{
    st_regex_free(p);
}

/* ---- patterns that come from columns: each distinct text is compiled once ------------------ */

struct st_kpatterns {
    st_sid text[ST_MAX_KQL_PATTERNS]; /* by place; ST_ABSENT: none here */
    st_regex *re[ST_MAX_KQL_PATTERNS]; /* NULL: it is no pattern */
};

static void patterns_free(void *p)
{
    struct st_kpatterns *c = p;
    for (size_t i = 0; i < ST_MAX_KQL_PATTERNS; i++)
        st_regex_free(c->re[i]);
    free(c);
}

static struct st_kpatterns *patterns_of(st_krun *r)
{
    if (r->patterns)
        return r->patterns;
    struct st_kpatterns *c = calloc(1, sizeof *c);
    if (!c) {
        st_krun_nomem(r);
        return NULL;
    }
    for (size_t i = 0; i < ST_MAX_KQL_PATTERNS; i++)
        c->text[i] = ST_ABSENT;
    r->patterns = st_krun_own(r, c, patterns_free) ? c : NULL;
    return r->patterns;
}

/* Two texts that want one place push each other out: right all the same, and bounded. */
static st_regex *pattern_of(st_krun *r, st_sid text)
{
    struct st_kpatterns *c = patterns_of(r);
    size_t i = text % ST_MAX_KQL_PATTERNS, at;
    if (c && c->text[i] != text) {
        st_regex_free(c->re[i]);
        c->text[i] = text;
        c->re[i] = st_regex_new(st_pool_get(r->mem.pool, text), &at, NULL);
    }
    if (c && !c->re[i])
        r->limit = "a value used as a pattern is no regular expression: it matched nothing";
    return c ? c->re[i] : NULL;
}

/* The binder makes x->state of a constant pattern. */
static st_regex *regex_of(st_krun *r, const st_kx *x, st_kv pattern)
{
    return x->state                     ? x->state
           : pattern.tag == ST_KV_STRING ? pattern_of(r, pattern.u.s)
                                         : NULL;
}

/* Runs of a pattern that gave up may have missed a match. */
static void look_at_limits(st_krun *r, const st_regex *re)
{
    if (re && st_regex_gave_up(re))
        r->limit = "a regular expression met its limit of work";
}

/* text, pattern: the operator, where the pattern isn't constant. */
st_kv st_kf_matches(st_krun *r, const st_kx *x, const st_kv *a)
{
    st_regex *re = regex_of(r, x, a[1]);
    st_kv text = st_kv_tostring(&r->mem, x->args[0]->type, a[0]);
    bool hit = re && st_regex_test(re, st_kf_text(r, text));
    look_at_limits(r, re);
    return st_kv_bool(hit);
}

bool st_kf_prepare_regex(st_krun *r, st_kx *x, st_str pattern, size_t *offset, st_err *err)
{
    st_regex *re = st_regex_new(pattern, offset, err);
    x->state = re;
    return re && st_krun_own(r, re, regex_free);
}

static st_kv f_extract(st_krun *r, const st_kx *x, const st_kv *a)
{
    size_t spans[MAX_GROUPS][2];
    st_regex *re = regex_of(r, x, a[0]);
    st_str s = st_kf_text(r, st_kv_tostring(&r->mem, x->args[2]->type, a[2]));
    size_t n = re ? st_regex_find(re, s, 0, spans, MAX_GROUPS) : 0;
    int64_t g = a[1].tag == ST_KV_LONG ? a[1].u.i : -1;
    st_kv out = st_kv_missing(x->type);
    if (g >= 0 && g < (int64_t)n && spans[g][0] != SIZE_MAX && spans[g][1] >= spans[g][0])
        out =
            st_kv_parse(&r->mem, x->type, (st_str){ s.p + spans[g][0], spans[g][1] - spans[g][0] });
    look_at_limits(r, re);
    return out;
}

static st_kv f_countof(st_krun *r, const st_kx *x, const st_kv *a)
{
    (void)x;
    st_str s = st_kf_text(r, a[0]), what = st_kf_text(r, a[1]);
    int64_t n = 0;
    for (size_t at = 0; what.n && s.n - at >= what.n;) {
        const char *hit = memmem(s.p + at, s.n - at, what.p, what.n);
        if (!hit)
            break;
        n++;
        at = (size_t)(hit - s.p) + 1;
    }
    return st_kv_long(n);
}

/* Matches of a pattern that don't overlap. */
static st_kv f_countof_regex(st_krun *r, const st_kx *x, const st_kv *a)
{
    size_t spans[MAX_GROUPS][2];
    int64_t n = 0;
    st_regex *re = regex_of(r, x, a[1]);
    st_str s = st_kf_text(r, a[0]);
    for (size_t at = 0; re && at <= s.n && st_regex_find(re, s, at, spans, MAX_GROUPS); n++)
        at = spans[0][1] > at ? spans[0][1] : at + 1;
    look_at_limits(r, re);
    return re ? st_kv_long(n) : st_kv_null();
}

static st_kv f_countof_any(st_krun *r, const st_kx *x, const st_kv *a)
{
    bool regex = x->nargs > 2 && st_str_ieq(st_kf_text(r, a[2]), ST_STR("regex"));
    return regex ? f_countof_regex(r, x, a) : f_countof(r, x, a);
}

/* Code points before the first match. */
static st_kv f_indexof_regex(st_krun *r, const st_kx *x, const st_kv *a)
{
    size_t spans[MAX_GROUPS][2];
    int64_t n = -1;
    st_regex *re = regex_of(r, x, a[1]);
    st_str s = st_kf_text(r, a[0]);
    if (re && st_regex_find(re, s, 0, spans, MAX_GROUPS))
        for (size_t i = (size_t)(n = 0); i < spans[0][0] && i < s.n; n++)
            st_utf8_next(s, &i);
    look_at_limits(r, re);
    return re ? st_kv_long(n) : st_kv_null();
}

static st_kv span_text(st_krun *r, st_str s, const size_t span[2])
{
    return span[0] == SIZE_MAX || span[1] < span[0]
               ? st_kv_sid(ST_EMPTY)
               : st_kv_str(&r->mem, (st_str){ s.p + span[0], span[1] - span[0] });
}

/* One match: its group's text, or an array of them. */
static st_kv match_groups(st_krun *r, st_str s, size_t (*spans)[2], size_t n)
{
    if (n == 2)
        return span_text(r, s, spans[1]);
    st_karray *a = st_karray_new(&r->mem, n - 1);
    for (size_t i = 0; a && i < n - 1; i++)
        a->v[i] = span_text(r, s, spans[i + 1]);
    return st_kv_array(a);
}

static st_kv f_extract_all(st_krun *r, const st_kx *x, const st_kv *a)
{
    size_t spans[MAX_GROUPS][2], n, found = 0, cap = 0;
    st_regex *re = regex_of(r, x, a[0]);
    st_str s = st_kf_text(r, a[1]);
    st_kv *all = NULL;
    for (size_t at = 0; re && (n = st_regex_find(re, s, at, spans, MAX_GROUPS)) > 1;) {
        if (!st_grow(&all, &cap, found + 1, sizeof *all)) {
            st_krun_nomem(r);
            break;
        }
        all[found++] = match_groups(r, s, spans, n);
        at = spans[0][1] > at ? spans[0][1] : at + 1;
    }
    st_karray *out = found ? st_karray_new(&r->mem, found) : NULL;
    if (out)
        memcpy(out->v, all, found * sizeof *all);
    free(all);
    look_at_limits(r, re);
    return st_kv_array(out);
}
static void expand(st_buf *b, st_str s, st_str with, size_t (*spans)[2], size_t n)
{
    for (size_t i = 0; i < with.n; i++) {
        if (with.p[i] == '\\' && i + 1 < with.n && with.p[i + 1] >= '0' && with.p[i + 1] <= '9') {
            size_t g = (size_t)(with.p[++i] - '0');
            if (g < n && spans[g][0] != SIZE_MAX)
                st_buf_put(b, s.p + spans[g][0], spans[g][1] - spans[g][0]);
        } else {
            st_buf_char(b, with.p[i]);
        }
    }
}

static st_kv regex_replace(st_krun *r, const st_kx *x, st_kv pattern, st_kv with, st_kv subject)
{
    size_t spans[MAX_GROUPS][2], at = 0, n;
    st_regex *re = regex_of(r, x, pattern);
    st_str s = st_kf_text(r, subject), w = st_kf_text(r, with);
    st_buf_clear(&r->mem.buf);
    for (size_t from = 0; re && (n = st_regex_find(re, s, from, spans, MAX_GROUPS)) > 0;) {
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
    look_at_limits(r, re);
    return st_kf_from_buf(r);
}
static st_kv f_replace_regex(st_krun *r, const st_kx *x, const st_kv *a)
{
    return regex_replace(r, x, a[1], a[2], a[0]);
}
static st_kv f_replace(st_krun *r, const st_kx *x, const st_kv *a)
{
    return regex_replace(r, x, a[0], a[1], a[2]);
}

/* ends: 1 start, 2 end, 3 both */
static st_kv trim_by(st_krun *r, const st_kx *x, const st_kv *a, int ends)
{
    size_t spans[1][2];
    st_regex *re = regex_of(r, x, a[0]);
    st_str s = st_kf_text(r, a[1]);
    if (re && (ends & 1) && st_regex_find(re, s, 0, spans, 1) && spans[0][0] == 0) {
        s.p += spans[0][1];
        s.n -= spans[0][1];
    }
    for (size_t at = 0; re && (ends & 2) && st_regex_find(re, s, at, spans, 1);) {
        if (spans[0][1] == s.n) {
            s.n = spans[0][0];
            break;
        }
        at = spans[0][1] > spans[0][0] ? spans[0][1] : spans[0][1] + 1;
    }
    look_at_limits(r, re);
    return st_kv_str(&r->mem, s);
}
static st_kv f_trim(st_krun *r, const st_kx *x, const st_kv *a)
{
    return trim_by(r, x, a, 3);
}
static st_kv f_trim_start(st_krun *r, const st_kx *x, const st_kv *a)
{
    return trim_by(r, x, a, 1);
}
static st_kv f_trim_end(st_krun *r, const st_kx *x, const st_kv *a)
{
    return trim_by(r, x, a, 2);
}

/* ---- the table --------------------------------------------------------------------------- */

const st_kfn st_kfns_regex[] = {
    { "countof", "sss", 2, "long", NONE, f_countof_any, "occurrences of a text or a pattern" },
    { "extract", "ris*", 3, "T", NONE, f_extract, "a group of the first match" },
    { "extract_all", "rs", 2, "dynamic", NONE, f_extract_all, "the groups of all matches" },
    { "indexof_regex", "sr", 2, "long", NONE, f_indexof_regex, "where a pattern matches, or -1" },
    { "replace", "rss", 3, "string", NONE, f_replace, "matches of a pattern replaced" },
    { "replace_regex", "srs", 3, "string", NONE, f_replace_regex, "matches of a pattern replaced" },
    { "trim", "rs", 2, "string", NONE, f_trim, "without a match at both ends" },
    { "trim_end", "rs", 2, "string", NONE, f_trim_end, "without a match at the end" },
    { "trim_start", "rs", 2, "string", NONE, f_trim_start, "without a match at the start" },
    { 0 },
};
