/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* write_check.c - what each query needs, and how many of them are sound. */
#include "internal.h"

#include <stdlib.h>

/* what a query needs */

static void put_names(st_buf *b, const st_str *names, size_t n, const char *between)
{
    for (size_t i = 0; i < n; i++) {
        st_buf_str(b, st_str_of(i ? between : ""));
        st_buf_str(b, names[i]);
    }
}

/* An id; of another provider than Sysmon, its name before it. */
static void put_event(st_buf *b, const char *between, st_event_key key, bool quoted)
{
    const char *shown = st_provider_at(key.provider)->shown, *mark = quoted && *shown ? "\"" : "";
    st_buf_fmt(b, "%s%s%s%u%s", between, mark, shown, key.id, mark);
}

/* "1, 3, 22": their ids; whatever reads a table reads creations. */
static void put_events(st_buf *b, const st_rule *r, const char *between, bool quoted)
{
    if (r->status != ST_RULE_READY || !r->needs.ntables)
        return;
    st_buf_char(b, '1');
    for (size_t k = 0; k < st_event_kinds(); k++)
        if (st_event_set_has(&r->needs.events, k))
            put_event(b, between, st_event_kind_at(k)->key, quoted);
}

static void as_json(st_buf *b, const st_rule *r)
{
    bool more = false;
    st_buf_char(b, '{');
    st_json_text(b, &more, "id", r->id);
    st_json_text(b, &more, "path", r->path);
    st_json_num(b, &more, "line", r->line);
    st_json_text(b, &more, "status", st_str_of(st_rule_status_word(r)));
    if (r->source.n)
        st_json_text(b, &more, "source", r->source);
    if (r->why.n)
        st_json_text(b, &more, "why", r->why);
    st_json_num(b, &more, "errors", r->errors);
    st_json_strs(b, &more, "tables", r->needs.tables, r->needs.ntables);
    st_json_key(b, &more, "events");
    st_buf_char(b, '[');
    put_events(b, r, ",", true);
    st_buf_char(b, ']');
    st_json_strs(b, &more, "never_filled", r->needs.never, r->needs.nnever);
    st_json_strs(b, &more, "missing", r->needs.missing, r->needs.nmissing);
    st_json_strs(b, &more, "stubbed", r->needs.missing, r->stubs.n ? r->needs.nmissing : 0);
    st_json_strs(b, &more, "mistakes", r->mistakes, r->nmistakes);
    st_buf_char(b, '}');
}

static void as_csv(st_buf *b, const st_rule *r)
{
    st_buf t[7] = { 0 };
    st_buf_fmt(&t[0], "%u", r->errors);
    put_names(&t[1], r->needs.tables, r->needs.ntables, "; ");
    put_events(&t[2], r, "; ", false);
    put_names(&t[3], r->needs.never, r->needs.nnever, "; ");
    put_names(&t[4], r->needs.missing, r->needs.nmissing, "; ");
    put_names(&t[5], r->needs.missing, r->stubs.n ? r->needs.nmissing : 0, "; ");
    put_names(&t[6], r->mistakes, r->nmistakes, "; ");
    st_csv_field(b, r->id, false, false, NULL);
    st_buf_char(b, ',');
    st_csv_field(b, r->path, false, false, NULL);
    st_buf_char(b, ',');
    st_csv_field(b, st_str_of(st_rule_status_word(r)), false, false, NULL);
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
        st_buf_char(b, ',');
        st_csv_field(b, st_buf_slice(&t[i]), false, i == 0, NULL);
        b->failed |= t[i].failed;
        st_buf_free(&t[i]);
    }
    st_buf_str(b, ST_STR("\r\n"));
}

/* "DeviceProcessEvents (1); never filled: AccountUpn". */
static void put_needs(st_buf *b, const st_rule *r)
{
    put_names(b, r->needs.tables, r->needs.ntables, ", ");
    if (r->status == ST_RULE_READY && r->needs.ntables) {
        st_buf_str(b,
                   st_event_set_empty(&r->needs.events) ? ST_STR(" (event ") : ST_STR(" (events "));
        put_events(b, r, ", ", false);
        st_buf_char(b, ')');
    }
    if (r->needs.nmissing) {
        st_buf_str(b, st_str_of(r->needs.ntables ? "; " : ""));
        st_buf_str(b, st_str_of(r->stubs.n ? "stubbed: " : "not here: "));
        put_names(b, r->needs.missing, r->needs.nmissing, ", ");
    }
    if (r->needs.nnever) {
        st_buf_str(b, ST_STR("; never filled: "));
        put_names(b, r->needs.never, r->needs.nnever, ", ");
    }
    if (r->errors)
        st_buf_fmt(b, "%s%u error%s", b->n ? "; " : "", r->errors, r->errors == 1 ? "" : "s");
}

static void as_text(st_buf *b, const st_rule *r, size_t id_width, const st_look *look)
{
    st_buf needs = { 0 };
    size_t start = b->n, id;
    st_buf_fmt(b, "%-14s ", st_rule_status_word(r));
    id = b->n;
    st_scrub(b, r->id, look->ascii);
    for (size_t w = st_text_width((st_str){ b->p + id, b->n - id }); w < id_width + 2; w++)
        st_buf_char(b, ' ');
    put_needs(&needs, r);
    st_scrub(b, st_buf_slice(&needs), look->ascii);
    while (b->n > start && b->p[b->n - 1] == ' ')
        b->n--;
    st_buf_char(b, '\n');
    b->failed |= needs.failed;
    st_buf_free(&needs);
}

/* the tally */

typedef enum reason_kind { NEEDS, STUBBED, MISTAKE } reason_kind;

typedef struct reason {
    st_str text;
    reason_kind kind;
    size_t rules;
    size_t last; /* the rule that counted last, from 1: a rule counts once */
} reason;

typedef struct tally {
    size_t all, ready, broken, elsewhere, servers, libraries, filters, errors;
    reason *reasons; /* by rules, then by kind and text */
    size_t n, cap;
    bool failed;
} tally;

static int most_first(const void *a, const void *b)
{
    const reason *x = a, *y = b;
    if (x->rules != y->rules)
        return (x->rules < y->rules) - (x->rules > y->rules);
    return x->kind != y->kind ? (x->kind > y->kind) - (x->kind < y->kind)
                              : st_str_cmp(x->text, y->text);
}

/* seen: numbers for texts, a kind's each by itself. */
static void count_texts(tally *t, st_pool *seen, reason_kind kind, const st_str *texts, size_t n,
                        size_t rule)
{
    st_buf key = { 0 };
    for (size_t i = 0; i < n && !t->failed; i++) {
        st_buf_clear(&key);
        st_buf_fmt(&key, "%d%.*s", (int)kind, ST_FMT(texts[i]));
        size_t at = st_pool_put(seen, st_buf_slice(&key));
        if (key.failed || !st_grow(&t->reasons, &t->cap, at + 1, sizeof *t->reasons)) {
            t->failed = true;
            break;
        }
        for (; t->n <= at; t->n++)
            t->reasons[t->n] = (reason){ 0 };
        reason *one = &t->reasons[at];
        one->text = texts[i];
        one->kind = kind;
        one->rules += one->last != rule;
        one->last = rule;
    }
    st_buf_free(&key);
}

static void count_reasons(tally *t, st_pool *seen, const st_rule *r, size_t rule)
{
    if (r->status == ST_RULE_BROKEN)
        count_texts(t, seen, MISTAKE, r->mistakes, r->nmistakes, rule);
    else if (r->status == ST_RULE_NOT_APPLICABLE && r->needs.nmissing)
        count_texts(t, seen, NEEDS, r->needs.missing, r->needs.nmissing, rule);
    else if (r->status == ST_RULE_NOT_APPLICABLE && st_str_starts(r->why, ST_STR("needs ")))
        count_texts(t, seen, NEEDS, &(st_str){ r->why.p + 6, r->why.n - 6 }, 1, rule);
    else if (r->stubs.n)
        count_texts(t, seen, STUBBED, r->needs.missing, r->needs.nmissing, rule);
}

/* What marks web servers is a part of the program that can be read, and counts by itself. */
static void count(tally *t, const st_rules *rules)
{
    st_pool *seen = st_pool_new();
    *t = (tally){ .failed = !seen };
    for (size_t i = 0; seen && i < st_rules_count(rules); i++) {
        const st_rule *r = st_rules_at(rules, i);
        t->errors += r->errors;
        t->all += !r->marks_servers;
        t->servers += r->marks_servers;
        t->ready += !r->marks_servers && r->status == ST_RULE_READY;
        t->broken += r->status == ST_RULE_BROKEN;
        t->elsewhere += r->status == ST_RULE_NOT_APPLICABLE;
        count_reasons(t, seen, r, i + 1);
    }
    t->libraries = st_rules_libraries(rules);
    for (size_t i = 0; i < t->libraries; i++)
        t->errors += st_rules_library(rules, i)->errors;
    size_t in_filters;
    t->filters = st_rules_filters(rules, &in_filters);
    t->errors += in_filters;
    t->failed |= seen && st_pool_failed(seen);
    st_pool_free(seen);
    if (t->n)
        qsort(t->reasons, t->n, sizeof *t->reasons, most_first);
    while (t->n && !t->reasons[t->n - 1].rules)
        t->n--;
}

static const char *const kind_words[] = {
    [NEEDS] = "needs", [STUBBED] = "without", [MISTAKE] = "error:"
};

static void tally_text(st_buf *b, const tally *t, const st_look *look)
{
    st_buf_fmt(b, "%zu quer%s: %zu sound, %zu with errors", t->all, t->all == 1 ? "y" : "ies",
               t->ready, t->broken);
    if (t->errors)
        st_buf_fmt(b, " (%zu in all)", t->errors);
    st_buf_fmt(b, ", %zu not applicable here\n", t->elsewhere);
    if (t->n)
        st_buf_str(b, ST_STR("\nQueries  Why\n"));
    for (size_t i = 0; i < t->n; i++) {
        st_buf_fmt(b, "%7zu  %s ", t->reasons[i].rules, kind_words[t->reasons[i].kind]);
        st_scrub(b, t->reasons[i].text, look->ascii);
        st_buf_char(b, '\n');
    }
    if (t->servers)
        st_buf_fmt(b, "%7zu say%s which processes are web servers\n", t->servers,
                   t->servers == 1 ? "s" : "");
    if (t->libraries)
        st_buf_fmt(b, "%7zu librar%s that others use\n", t->libraries,
                   t->libraries == 1 ? "y" : "ies");
    if (t->filters)
        st_buf_fmt(b, "%7zu filter%s for other rules\n", t->filters, t->filters == 1 ? "" : "s");
}

/* {"EmailEvents":3,...}: the reasons of a kind, most frequent first. */
static void put_reasons(st_buf *b, bool *more, const char *key, const tally *t, reason_kind kind)
{
    bool inner = false;
    st_json_key(b, more, key);
    st_buf_char(b, '{');
    for (size_t i = 0; i < t->n; i++)
        if (t->reasons[i].kind == kind) {
            st_json_key_str(b, &inner, t->reasons[i].text);
            st_buf_fmt(b, "%zu", t->reasons[i].rules);
        }
    st_buf_char(b, '}');
}

static void tally_json(st_buf *b, const tally *t)
{
    const struct {
        const char *key;
        size_t n;
    } counts[] = { { "queries", t->all },
                   { "sound", t->ready },
                   { "with_errors", t->broken },
                   { "errors", t->errors },
                   { "not_applicable", t->elsewhere },
                   { "mark_servers", t->servers },
                   { "libraries", t->libraries },
                   { "filters", t->filters } };
    bool more = false;
    st_buf_char(b, '{');
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++)
        st_json_num(b, &more, counts[i].key, counts[i].n);
    put_reasons(b, &more, "missing", t, NEEDS);
    put_reasons(b, &more, "stubbed", t, STUBBED);
    put_reasons(b, &more, "mistakes", t, MISTAKE);
    st_buf_char(b, '}');
}

void st_write_rules_check(st_out *o, const st_rules *r, st_format_id format, const st_look *look)
{
    static const char *const names[] = {
        "Id",     "Path",        "Status",  "Errors",  "Tables",
        "Events", "NeverFilled", "Missing", "Stubbed", "Mistakes"
    };
    static const st_rule_lister lister = { names, sizeof names / sizeof names[0], as_json, as_csv,
                                           as_text };
    tally t;
    count(&t, r);
    if (format == ST_F_JSON)
        st_buf_str(&o->buf, ST_STR("{\"rules\":["));
    st_rules_write_each(o, r, format, look, &lister);
    if (format == ST_F_JSON) {
        st_buf_str(&o->buf, ST_STR("],\n\"tally\":"));
        tally_json(&o->buf, &t);
        st_buf_str(&o->buf, ST_STR("}\n"));
    } else if (format == ST_F_TEXT) {
        tally_text(&o->buf, &t, look);
    }
    o->buf.failed |= t.failed;
    free(t.reasons);
    st_out_tick(o);
}
