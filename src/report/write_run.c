/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* write_run.c - run.json: what was read, with what, and what came of it. */
#include "internal.h"

static void put_options(st_buf *b, const st_run_info *i)
{
    bool more = false;
    st_buf_char(b, '{');
    for (size_t k = 0; k < i->noptions; k++) {
        st_str value = i->options[k], name = { 0 };
        if (!st_str_cut(&value, '=', &name))
            continue;
        st_json_key_str(b, &more, name);
        st_json_str(b, value.p ? value : ST_STR(""));
    }
    st_buf_char(b, '}');
}

static void put_hex(st_buf *b, bool *more, const char *key, st_str bytes)
{
    st_json_key(b, more, key);
    st_buf_char(b, '"');
    st_buf_hex(b, bytes.p, bytes.n, false);
    st_buf_char(b, '"');
}

static void put_digest(st_buf *b, bool *more, const unsigned char sha256[32])
{
    st_json_key(b, more, "sha256");
    st_buf_char(b, '"');
    st_buf_hex(b, sha256, 32, false);
    st_buf_char(b, '"');
}

static void put_rule(st_buf *b, const st_case *c, size_t i)
{
    static const char *const words[] = { "ready", "broken", "not applicable" };
    const st_rule *r = st_rules_at(c->rules, i);
    const st_rule_result *x = c->matches && c->matches->results ? &c->matches->results[i] : NULL;
    bool more = false;
    st_buf_char(b, '{');
    st_json_text(b, &more, "id", r->id);
    st_json_text(b, &more, "title", r->title);
    st_json_text(b, &more, "level", st_str_of(st_level_word(r->level)));
    st_json_text(b, &more, "status", st_str_of(words[r->status]));
    unsigned char digest[32];
    st_sha256(r->text.p, r->text.n, digest);
    put_digest(b, &more, digest);
    if (r->stubs.n)
        st_json_text(b, &more, "without", r->stubs);
    if (x) {
        st_json_num(b, &more, "matches", x->matches);
        st_json_num(b, &more, "window_only", x->window_only);
        st_json_num(b, &more, "inferred_only", x->inferred_only);
        if (x->rows)
            st_json_num(b, &more, "table_rows", x->rows);
        if (x->window_rows)
            st_json_num(b, &more, "table_rows_window_only", x->window_rows);
        if (x->stopped)
            st_json_bool(b, &more, "stopped", true);
        if (x->problem.n)
            st_json_text(b, &more, "problem", x->problem);
    }
    st_buf_char(b, '}');
}

static void put_counters(st_buf *b, const st_case *c, const st_run_info *info)
{
    const st_forest *f = c->forest;
    const struct {
        const char *name;
        uint64_t v;
    } all[] = {
        { "records", f->store->records },
        { "sysmon", f->store->sysmon },
        { "without_host", f->store->without_host },
        { "hosts", f->nhosts },
        { "processes", f->observed },
        { "placeholders", f->stats.placeholders },
        { "copies", f->stats.copies },
        { "conflicts", f->stats.conflicts },
        { "cycles", f->stats.cycles },
        { "inferred_parents", f->stats.inferred },
        { "ambiguous_parents", f->stats.ambiguous },
        { "parents_later", f->stats.parent_later },
        { "findings", c->nfindings },
        { "incidents", c->nincidents },
        { "rows", c->nrows },
        { "findings_below_level", c->dropped_level },
        { "rows_filtered", c->dropped_filter },
        { "cells_truncated", info->cells_truncated },
        { "creations_without_fields", c->odd.bare },
        { "creations_with_absurd_times", c->odd.absurd },
        { "recovered_without_time", c->odd.untimed },
        { "audited_creations", c->odd.audited },
    };
    bool more = false;
    st_buf_char(b, '{');
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        st_json_num(b, &more, all[i].name, all[i].v);
    st_buf_char(b, '}');
}

/* What could be seen of each host, as in hosts.csv. */
static void put_hosts(st_out *o, const st_case *c)
{
    st_buf *b = &o->buf;
    st_buf_char(b, '[');
    for (size_t i = 0; i < c->forest->nhosts; i++) {
        const st_coverage *v = &c->coverage[i];
        bool more = false;
        st_buf_fmt(b, "%s\n{", i ? "," : "");
        st_json_text(b, &more, "computer", st_pool_get(c->forest->pool, c->forest->hosts[i].shown));
        st_json_text(b, &more, "coverage", st_str_of(st_covered_word(v->verdict)));
        st_json_text(b, &more, "reasons", v->reasons);
        if (v->hint.n)
            st_json_text(b, &more, "hint", v->hint);
        st_json_num(b, &more, "gaps", v->ngaps);
        st_buf_char(b, '}');
        st_out_tick(o);
    }
    st_buf_char(b, ']');
}

static const char *status_word(st_status s)
{
    static const char *const words[] = { "ok",      "empty", "other",    "damaged", "unreadable",
                                         "changed", "gone",  "unopened", "opened",  "duplicate" };
    return words[s <= ST_S_DUPLICATE ? s : ST_S_DUPLICATE];
}

static void put_ranges(st_buf *b, bool *more, const char *name, const char *others,
                       const st_ranges *r)
{
    if (!r->n)
        return;
    st_json_key(b, more, name);
    for (size_t i = 0; i < r->n; i++) {
        bool inner = false;
        st_buf_char(b, i ? ',' : '[');
        st_buf_char(b, '{');
        st_json_num(b, &inner, "offset", r->list[i].offset);
        st_json_num(b, &inner, "length", r->list[i].length);
        st_json_text(b, &inner, "reason", st_str_of(r->list[i].reason));
        st_buf_char(b, '}');
    }
    st_buf_char(b, ']');
    if (r->dropped)
        st_json_num(b, more, others, r->dropped);
}

static void put_source(st_buf *b, const st_source *s)
{
    const st_report *r = s->report;
    const struct {
        const char *name;
        uint64_t v;
    } all[] = {
        { "records", r->records },       { "slack", r->slack },
        { "carved", r->carved },         { "ghosts", r->ghosts },
        { "damaged", r->damaged },       { "borrowed_template", r->borrowed },
        { "timeless", r->timeless },     { "unparsable", r->unparsable },
        { "lossy", r->lossy },           { "chunks", r->chunks },
        { "chunks_bad", r->chunks_bad }, { "chunks_missing", r->chunks_missing },
        { "bytes_lost", r->lost.bytes }, { "bytes_left_over", r->left.bytes },
    };
    bool more = false;
    st_buf_char(b, '{');
    st_json_text(b, &more, "path", s->name);
    if (!st_utf8_valid(s->name))
        put_hex(b, &more, "path_hex", s->name);
    st_json_text(b, &more, "status", st_str_of(status_word(s->status)));
    if (s->kind.n)
        st_json_text(b, &more, "kind", s->kind);
    if (s->reason.n)
        st_json_text(b, &more, "reason", s->reason);
    if (s->shown.n)
        st_json_text(b, &more, "shown_as", s->shown);
    st_json_num(b, &more, "size", s->size);
    if (s->container)
        st_json_num(b, &more, "members", s->members);
    if (s->bad_line)
        st_json_num(b, &more, "first_bad_line", s->bad_line);
    if (s->digested)
        put_digest(b, &more, s->sha256);
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (all[i].v || !i)
            st_json_num(b, &more, all[i].name, all[i].v);
    if (r->header_bad)
        st_json_bool(b, &more, "header_bad", true);
    if (r->dirty)
        st_json_bool(b, &more, "dirty", true);
    if (r->truncated)
        st_json_bool(b, &more, "truncated", true);
    put_ranges(b, &more, "lost", "lost_ranges_not_listed", &r->lost);
    put_ranges(b, &more, "left_over", "left_over_ranges_not_listed", &r->left);
    st_buf_char(b, '}');
}

/* What a query or rule may take: a number, or none. */
static void put_limits(st_buf *b, const st_query_limits *l)
{
    const struct {
        const char *name;
        uint64_t v;
    } all[] = { { "max_rows", l->rows }, { "max_memory", l->memory }, { "max_time", l->seconds } };
    bool more = false;
    st_buf_char(b, '{');
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (all[i].v == UINT64_MAX)
            st_json_text(b, &more, all[i].name, ST_STR("none"));
        else
            st_json_num(b, &more, all[i].name, all[i].v);
    st_buf_char(b, '}');
}

static void put_problem(st_buf *b, bool *more, const char *what, st_str name, st_str text)
{
    bool inner = false;
    st_buf_str(b, *more ? ST_STR(",\n{") : ST_STR("\n{"));
    *more = true;
    st_json_text(b, &inner, what, name);
    st_json_text(b, &inner, "text", text);
    st_buf_char(b, '}');
}

/* All that makes the results less than whole: sources that weren't read in full, rules that can't
 * run, rules whose result lacks something. */
static void put_problems(st_buf *b, const st_case *c)
{
    bool more = false;
    size_t n = c->forest->evidence ? st_evidence_count(c->forest->evidence) : 0;
    st_buf_char(b, '[');
    for (size_t i = 0; i < n; i++) {
        const st_source *s = st_evidence_at(c->forest->evidence, i);
        if (st_source_short(s))
            put_problem(b, &more, "source", s->name,
                        s->reason.n ? s->reason : st_str_of(status_word(s->status)));
    }
    for (size_t i = 0; i < st_rules_count(c->rules); i++) {
        const st_rule *r = st_rules_at(c->rules, i);
        const st_rule_result *x =
            c->matches && c->matches->results ? &c->matches->results[i] : NULL;
        if (r->status == ST_RULE_BROKEN)
            put_problem(b, &more, "rule", r->id, ST_STR("broken"));
        else if (x && x->problem.n)
            put_problem(b, &more, "rule", r->id, x->problem);
    }
    st_buf_char(b, ']');
}

void st_write_run_json(st_out *o, const st_case *c, const st_run_info *i)
{
    st_buf *b = &o->buf;
    bool more = false;
    st_buf_char(b, '{');
    st_json_text(b, &more, "tool", ST_STR("shelltree"));
    st_json_text(b, &more, "version", st_str_of(i->version));
    st_json_num(b, &more, "format", 1);
    st_json_key(b, &more, "options");
    put_options(b, i);
    st_json_key(b, &more, "rules");
    st_buf_char(b, '[');
    for (size_t k = 0; k < st_rules_count(c->rules); k++) {
        if (k)
            st_buf_char(b, ',');
        st_buf_char(b, '\n');
        put_rule(b, c, k);
        st_out_tick(o);
    }
    st_buf_char(b, ']');
    st_json_key(b, &more, "reference_time");
    st_buf_char(b, '"');
    st_buf_time_iso(b, i->now);
    st_buf_char(b, '"');
    st_json_key(b, &more, "counters");
    put_counters(b, c, i);
    st_json_key(b, &more, "hosts");
    put_hosts(o, c);
    st_json_key(b, &more, "limits");
    put_limits(b, &i->limits);
    st_json_key(b, &more, "problems");
    put_problems(b, c);
    st_json_key(b, &more, "sources");
    st_buf_char(b, '[');
    size_t n = c->forest->evidence ? st_evidence_count(c->forest->evidence) : 0;
    for (size_t k = 0; k < n; k++) {
        if (k)
            st_buf_char(b, ',');
        st_buf_char(b, '\n');
        put_source(b, st_evidence_at(c->forest->evidence, k));
        st_out_tick(o);
    }
    st_buf_char(b, ']');
    st_json_key(b, &more, "exit");
    st_buf_i64(b, i->exit_status);
    st_buf_put(b, "}\n", 2);
    st_out_tick(o);
}
