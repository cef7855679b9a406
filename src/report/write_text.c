/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * write_text.c - the timeline a person reads: the gravest incident first, each
 * with what it is, what it hangs under, its tree and its rows.
 */
#include "internal.h"

#include "base/limits.h"

#include <stdlib.h>
#include <string.h>

typedef struct text_work {
    const st_case *c;
    const st_look *look;
    st_out *o;
    st_groups g;
    st_answer a;
    st_folding fold;
    bool full;
    st_buf text;
} text_work;

/* lines */

static void put_blanks(st_buf *b, size_t n)
{
    while (n--)
        st_buf_char(b, ' ');
}

/* Scrubbed text in lines of the given width, each behind `indent` blanks. */
static void put_wrapped(text_work *w, st_str s, size_t indent)
{
    st_buf *b = &w->o->buf;
    st_buf_clear(&w->text);
    st_scrub(&w->text, s, w->look->ascii);
    b->failed |= w->text.failed;
    st_str left = st_buf_slice(&w->text);
    size_t width = !w->look->width                ? SIZE_MAX
                   : w->look->width > indent + 20 ? w->look->width - indent
                                                  : 20;
    for (unsigned line = 1; left.n; line++) {
        put_blanks(b, indent);
        if (line == ST_MAX_WRAPPED_LINES) {
            st_fit(b, left, width == SIZE_MAX ? 0 : width, w->look->ascii);
            left.n = 0;
        }
        size_t used = 0, end = 0, blank = 0;
        for (size_t i = 0; i < left.n;) {
            used += st_cp_width(st_utf8_next(left, &i));
            if (used > width)
                break;
            end = i;
            if (left.p[i - 1] == ' ' && used > width / 3 * 2)
                blank = i;
        }
        if (used > width && blank) /* between words, if that costs little */
            end = blank;
        st_buf_put(b, left.p, end);
        left.p += end;
        left.n -= end;
        st_buf_char(b, '\n');
    }
    st_out_tick(w->o);
}

static void put_count(st_buf *b, uint64_t n, const char *one, const char *many)
{
    st_buf_fmt(b, "%llu %s", (unsigned long long)n, n == 1 ? one : many);
}

/* incidents */

/* What may be missing from it. */
static void put_gaps(text_work *w, const st_incident *i)
{
    st_buf gaps = { 0 };
    st_buf_str(&gaps, ST_STR("gaps: "));
    if (st_incident_put_gaps(w->c, i, &gaps))
        put_wrapped(w, st_buf_slice(&gaps), 2);
    w->o->buf.failed |= gaps.failed;
    st_buf_free(&gaps);
}

/* What its rows come to. */
static void put_facts(text_work *w, const st_incident *i)
{
    st_buf line = { 0 };
    st_buf_str(&line, ST_STR("note: "));
    if (st_incident_put_notes(w->c, i, &line))
        put_wrapped(w, st_buf_slice(&line), 2);
    for (unsigned k = 0; k < ST_FACT_KINDS; k++) {
        st_buf_clear(&line);
        st_buf_fmt(&line, "%s: ", st_fact_word(k));
        if (st_incident_put_facts(w->c, i, k, &line))
            put_wrapped(w, st_buf_slice(&line), 2);
    }
    w->o->buf.failed |= line.failed;
    st_buf_free(&line);
}

static void head_line(text_work *w, const st_incident *i)
{
    const st_forest *f = w->c->forest;
    st_buf *b = &w->o->buf, raised = { 0 };
    size_t from = b->n;
    st_color_level(b, w->look, i->level);
    st_buf_fmt(b, "[%s]", st_level_word(i->level));
    st_color_end(b, w->look);
    st_buf_str(b, ST_STR(" "));
    st_str host = i->host < f->nhosts ? st_pool_get(f->pool, f->hosts[i->host].shown) : ST_STR("");
    st_scrub(b, host, w->look->ascii);
    if (i->top == ST_NO_NODE) {
        st_buf_str(b, ST_STR("  events of no process"));
    } else {
        const st_proc *top = &f->procs[i->top];
        st_buf_fmt(b, "  %s ", i->server ? "web server" : "process");
        st_scrub(b, st_str_basename(st_pool_get(f->pool, top->image)), w->look->ascii);
        if (top->pid != ST_NO_U32)
            st_buf_fmt(b, "(%u)", top->pid);
    }
    st_buf_fmt(b, "\n  ");
    st_buf_time_sysmon(b, i->first);
    if (i->last != i->first) {
        st_buf_str(b, ST_STR(" to "));
        st_buf_time_sysmon(b, i->last);
    }
    st_buf_str(b, ST_STR("\n  "));
    put_count(b, i->findings, "finding", "findings");
    st_buf_str(b, ST_STR(", "));
    put_count(b, i->processes, "process", "processes");
    if (i->context_dropped) {
        st_buf_str(b, ST_STR(", "));
        put_count(b, i->context_dropped, "more left out", "more left out");
    }
    st_buf_fmt(b, "  incident %s\n", i->id);
    st_clip(b, from, w->look);
    if (st_incident_put_raised(i, &raised))
        put_wrapped(w, st_buf_slice(&raised), 2);
    b->failed |= raised.failed;
    st_buf_free(&raised);
    put_facts(w, i);
    put_gaps(w, i);
    st_out_tick(w->o);
}

static void put_rule(text_work *w, const st_rule *r)
{
    st_buf said = { 0 };
    st_buf_fmt(&said, "rule [%s] %.*s", st_level_word(r->level), ST_FMT(r->title));
    for (size_t t = 0; t < r->ntechniques; t++)
        st_buf_fmt(&said, "%s%.*s", t ? ", " : " (", ST_FMT(r->techniques[t]));
    st_buf_str(&said, r->ntechniques ? ST_STR(")") : ST_STR(""));
    put_wrapped(w, st_buf_slice(&said), 2);
    w->o->buf.failed |= said.failed;
    st_buf_free(&said);
}

/* The rules that hit in it, the gravest first. */
static void put_rules(text_work *w, uint32_t incident)
{
    st_buf *b = &w->o->buf;
    size_t nrules = st_rules_count(w->c->rules);
    bool *seen = calloc(nrules ? nrules : 1, sizeof *seen);
    if (!seen) {
        b->failed = true;
        return;
    }
    for (size_t k = w->g.start[incident]; k < w->g.start[incident + 1]; k++) {
        const st_row *row = &w->c->rows[w->g.rows[k]];
        for (size_t i = 0; i < row->nfindings; i++)
            seen[w->c->findings[row->first_finding + i].rule] = true;
    }
    for (int level = ST_LEVEL_CRITICAL; level >= ST_LEVEL_INFORMATIONAL; level--)
        for (size_t i = 0; i < nrules; i++)
            if (seen[i] && st_rules_at(w->c->rules, i)->level == (st_level)level)
                put_rule(w, st_rules_at(w->c->rules, i));
    free(seen);
    st_out_tick(w->o);
}

/* The chain's own mark for a gap, in ASCII; three bytes either way. */
static void dots_for_ellipses(st_buf *b)
{
    for (size_t i = 0; i + 2 < b->n; i++)
        if (!memcmp(b->p + i, "\xe2\x80\xa6", 3))
            memcpy(b->p + i, "...", 3);
}

/* What the tree below hangs under, in one line. */
static void put_above(text_work *w, st_node top)
{
    st_node up = top == ST_NO_NODE ? ST_NO_NODE : w->c->forest->procs[top].parent;
    if (up == ST_NO_NODE)
        return;
    st_buf chain = { 0 };
    st_buf_str(&chain, ST_STR("under "));
    st_chain_put(w->c->forest, up, &chain);
    if (w->look->ascii)
        dots_for_ellipses(&chain);
    put_wrapped(w, st_buf_slice(&chain), 2);
    w->o->buf.failed |= chain.failed;
    st_buf_free(&chain);
}

static void put_tree(text_work *w, uint32_t incident)
{
    const st_incident *i = &w->c->incidents[incident];
    st_groups_stamp(&w->g, w->c, incident);
    const st_drawn all = { .stamps = w->g.stamps, .stamp = incident + 1 };
    if (!w->full && !st_fold_tree(&w->fold, w->g.stamps, &all, w->g.first, i->top))
        w->o->buf.failed = true;
    st_drawing d = { .f = w->c->forest,
                     .drawn = { .stamps = w->g.stamps, .stamp = incident + 1 },
                     .c = w->c,
                     .first = w->g.first,
                     .look = w->look,
                     .indent = ST_STR("  "),
                     .day = i->first,
                     .fold = w->full ? NULL : &w->fold };
    st_draw(w->o, &d, i->top);
}

/* rows */

/* The command line; of another event, what it was done to. */
static void put_deed(text_work *w, const st_view *v)
{
    if (!v->e) {
        put_wrapped(w, st_dashless(st_pool_get(v->f->pool, v->p->command_line)), 6);
        return;
    }
    st_buf target = { 0 };
    st_target_put(v->f, v->e, &target);
    put_wrapped(w, st_buf_slice(&target), 6);
    w->o->buf.failed |= target.failed;
    st_buf_free(&target);
}

static void put_row(text_work *w, const st_row *row)
{
    st_view v;
    st_buf *b = &w->o->buf;
    if (!st_view_of(&v, w->c, row))
        return;
    st_level level = ST_LEVEL_INFORMATIONAL;
    size_t from = b->n;
    for (size_t i = 0; i < row->nfindings; i++)
        if (w->c->findings[row->first_finding + i].level > level)
            level = w->c->findings[row->first_finding + i].level;
    st_buf_str(b, ST_STR("  "));
    st_buf_time_sysmon(b, st_view_time(&v));
    st_buf_str(b, row->nfindings ? ST_STR(" * ") : ST_STR("   "));
    if (row->nfindings)
        st_color_level(b, w->look, level);
    if (v.e)
        st_buf_fmt(b, "%s  ", st_event_kind_at(v.e->kind)->word);
    st_scrub(b, st_str_basename(st_pool_get(v.f->pool, v.p->image)), w->look->ascii);
    if (v.p->pid != ST_NO_U32)
        st_buf_fmt(b, "(%u)", v.p->pid);
    if (row->nfindings)
        st_color_end(b, w->look);
    st_str user = st_dashless(st_pool_get(v.f->pool, v.p->user));
    if (user.n) {
        st_buf_str(b, ST_STR("  "));
        st_scrub(b, user, w->look->ascii);
    }
    st_buf_char(b, '\n');
    st_clip(b, from, w->look);
    put_deed(w, &v);
    for (size_t i = 0; i < row->nfindings; i++) {
        const st_finding *x = &w->c->findings[row->first_finding + i];
        st_buf said = { 0 };
        st_buf_fmt(&said, "[%s] ", st_level_word(x->level));
        st_finding_put_reason(w->c, x, &said);
        put_wrapped(w, st_buf_slice(&said), 6);
        st_buf_free(&said);
    }
}

static void put_incident(text_work *w, uint32_t incident)
{
    head_line(w, &w->c->incidents[incident]);
    put_rules(w, incident);
    put_above(w, w->c->incidents[incident].top);
    st_out_str(w->o, ST_STR("\n"));
    put_tree(w, incident);
    st_out_str(w->o, ST_STR("\n"));
    if (!w->full)
        return;
    for (size_t k = w->g.start[incident]; k < w->g.start[incident + 1]; k++)
        put_row(w, &w->c->rows[w->g.rows[k]]);
    st_out_str(w->o, ST_STR("\n"));
}

/* Rows of no incident (--scope all), in their own order. */
static void put_others(text_work *w)
{
    size_t from = w->g.start[w->c->nincidents], to = w->g.start[w->c->nincidents + 1];
    if (from == to)
        return;
    st_out_str(w->o, ST_STR("Other processes\n"));
    for (size_t k = from; k < to; k++)
        put_row(w, &w->c->rows[w->g.rows[k]]);
    st_out_str(w->o, ST_STR("\n"));
}

static void put_summary(text_work *w)
{
    st_buf all = { 0 }, *b = &all;
    const st_forest *f = w->c->forest;
    put_count(b, f->nhosts, "host", "hosts");
    st_buf_str(b, ST_STR(", "));
    put_count(b, f->stats.observed ? f->stats.observed : f->observed, "process", "processes");
    st_buf_str(b, ST_STR(", "));
    put_count(b, w->c->nfindings, "finding", "findings");
    st_buf_str(b, ST_STR(" in "));
    put_count(b, w->c->nincidents, "incident", "incidents");
    if (w->c->dropped_level) {
        st_buf_str(b, ST_STR("; "));
        put_count(b, w->c->dropped_level, "finding", "findings");
        st_buf_str(b, ST_STR(" below the level asked for"));
    }
    if (w->c->dropped_filter) {
        st_buf_str(b, ST_STR("; "));
        put_count(b, w->c->dropped_filter, "row", "rows");
        st_buf_str(b, ST_STR(" outside the time or hosts asked for"));
    }
    put_wrapped(w, st_buf_slice(b), 0); /* not cut: no total may lose its unit */
    w->o->buf.failed |= all.failed;
    st_buf_free(&all);
}

static void put_answer(text_work *w)
{
    st_answer_put(&w->o->buf, &w->a, w->c, &w->g, w->look);
    st_out_tick(w->o);
}

/* all of it */

/* The gravest incident stands beside the answer: first in files and pagers, last on a terminal,
 * where the last lines are what is seen. */
static void put_all(text_work *w, bool answer_last)
{
    size_t n = w->c->nincidents;
    if (!answer_last) {
        put_answer(w);
        st_out_str(w->o, ST_STR("\n"));
    } else {
        put_others(w);
    }
    for (size_t i = 0; i < n && !w->o->error; i++)
        put_incident(w, (uint32_t)(answer_last ? n - 1 - i : i));
    if (!answer_last)
        put_others(w);
    put_summary(w);
    if (answer_last)
        put_answer(w);
}

void st_write_text(st_out *o, const st_case *c, const st_report_options *ro)
{
    text_work w = { .c = c, .look = &ro->look, .o = o, .full = ro->full };
    bool ok = st_answer_make(&w.a, c);
    ok = st_groups_make(&w.g, c) && ok;
    if (!w.full)
        ok = st_fold_make(&w.fold, c) && ok;
    if (ok)
        put_all(&w, ro->answer_last);
    else
        o->buf.failed = true;
    st_out_tick(o);
    st_answer_free(&w.a);
    st_fold_free(&w.fold);
    st_groups_free(&w.g);
    st_buf_free(&w.text);
}
