/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* about.c - what is said of a rule beside its query: title, level, techniques and the like. */
#include "rules/text/about.h"

#include "base/limits.h"

#include <string.h>

typedef struct said {
    st_arena *arena;
    st_diag_sink *diags;
    st_rule *rule;
    st_span span; /* of the value */
} said;

static void set_title(said *h, st_str v)
{
    h->rule->title = v;
}

static void set_id(said *h, st_str v)
{
    h->rule->id = v;
}

static void set_reason(said *h, st_str v)
{
    h->rule->reason = v;
}

static void set_process(said *h, st_str v)
{
    h->rule->process = v;
}

static void set_authors(said *h, st_str v)
{
    h->rule->authors = v;
}

static void set_description(said *h, st_str v)
{
    h->rule->description = v;
}

static void set_level(said *h, st_str v)
{
    if (!st_level_parse(v, &h->rule->level))
        st_diag_at(h->diags, ST_SEV_WARNING, h->span, NULL,
                   "no level %.*s; expected informational, low, medium, high or critical",
                   (int)(v.n < 40 ? v.n : 40), v.p);
}

static void set_marks(said *h, st_str v)
{
    h->rule->marks_servers = st_str_ieq(v, ST_STR("yes")) || st_str_ieq(v, ST_STR("true"));
}

static void set_library(said *h, st_str v)
{
    h->rule->library = st_str_ieq(v, ST_STR("yes")) || st_str_ieq(v, ST_STR("true"));
}

/* They add up. */
static void set_uses(said *h, st_str v)
{
    st_str *list = ST_NEWN(h->arena, st_str, h->rule->nuses + v.n / 2 + 1), one;
    size_t n = 0;
    if (!list)
        return;
    for (; n < h->rule->nuses; n++)
        list[n] = h->rule->uses[n];
    while (st_str_cut(&v, ',', &one))
        if (st_str_trim(one).n)
            list[n++] = st_str_trim(one);
    h->rule->uses = list;
    h->rule->nuses = n;
}

/* T1505 or T1505.003 */
static bool is_technique(st_str s)
{
    if (s.n != 5 && s.n != 9)
        return false;
    for (size_t i = 1; i < s.n; i++)
        if (i == 5 ? s.p[i] != '.' : s.p[i] < '0' || s.p[i] > '9')
            return false;
    return s.p[0] == 'T';
}

static bool is_separator(char c)
{
    return c == ',' || c == ' ' || c == ';' || c == '\n' || c == '\r' || c == '\t';
}

/* One more of them, in its place. */
static void add_technique(said *h, st_str *list, size_t *n, st_str t)
{
    size_t at = 0;
    if (!is_technique(t)) {
        st_diag_at(h->diags, ST_SEV_WARNING, h->span, NULL,
                   "%.*s isn't a technique's number (T1505.003)", (int)(t.n < 40 ? t.n : 40), t.p);
        return;
    }
    while (at < *n && st_str_cmp(list[at], t) < 0)
        at++;
    if (at < *n && st_str_eq(list[at], t))
        return;
    if (*n == ST_MAX_TECHNIQUES) {
        st_diag_at(h->diags, ST_SEV_WARNING, h->span, NULL,
                   "more than %u techniques; the rest isn't kept", ST_MAX_TECHNIQUES);
        return;
    }
    memmove(list + at + 1, list + at, (*n - at) * sizeof *list);
    list[at] = t;
    ++*n;
}

/* They add up: a list in YAML has one a line. */
static void set_techniques(said *h, st_str v)
{
    st_str list[ST_MAX_TECHNIQUES];
    size_t n = h->rule->ntechniques;
    if (n)
        memcpy(list, h->rule->techniques, n * sizeof *list);
    for (size_t i = 0, start = 0; i <= v.n; i++) {
        if (i < v.n && !is_separator(v.p[i]))
            continue;
        if (i > start)
            add_technique(h, list, &n, (st_str){ v.p + start, i - start });
        start = i + 1;
    }
    st_str *kept = ST_NEWN(h->arena, st_str, n);
    if (!kept)
        return;
    if (n)
        memcpy(kept, list, n * sizeof *kept);
    h->rule->techniques = kept;
    h->rule->ntechniques = n;
}

void st_rule_say(st_arena *a, st_str key, st_str value, st_span where, st_diag_sink *d,
                 st_rule *rule)
{
    said h = { .arena = a, .diags = d, .rule = rule, .span = where };
    static const struct {
        const char *key;
        void (*set)(said *, st_str);
    } table[] = { { "title", set_title },
                  { "id", set_id },
                  { "level", set_level },
                  { "techniques", set_techniques },
                  { "technique", set_techniques },
                  { "reason", set_reason },
                  { "author", set_authors },
                  { "authors", set_authors },
                  { "description", set_description },
                  { "marks-servers", set_marks },
                  { "library", set_library },
                  { "uses", set_uses },
                  { "process", set_process } };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (value.n && st_str_ieq(key, st_str_of(table[i].key)))
            table[i].set(&h, value);
}
