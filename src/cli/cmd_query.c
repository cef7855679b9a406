/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_query.c - one KQL query, over evidence or over nothing. */
#include "cli.h"

#include "base/limits.h"
#include "base/suggest.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

typedef struct job {
    const st_table *table;
    st_buf plan; /* --explain */
    st_format_id format;
    st_report_options ro;
} job;

static void write_table(st_out *o, void *ctx)
{
    const job *j = ctx;
    st_write_table(o, j->table, j->format, &j->ro);
}

static void write_plan(st_out *o, void *ctx)
{
    const job *j = ctx;
    st_out_str(o, st_buf_slice(&j->plan));
}

/* Reads the whole of the file into b; "-" is standard input. */
static st_code read_query(const char *path, st_buf *b, st_err *e)
{
    FILE *f = strcmp(path, "-") == 0 ? stdin : fopen(path, "rb");
    if (!f)
        return st_fail(e, ST_E_IO, "%s: %s", path, strerror(errno));
    size_t got = 1;
    while (got && b->n <= ST_MAX_QUERY_BYTES) {
        char *to = st_buf_room(b, 65536);
        if (!to)
            break;
        got = fread(to, 1, 65536, f);
        b->n += got;
    }
    bool bad = ferror(f) != 0;
    if (f != stdin)
        fclose(f);
    if (bad || b->failed)
        return st_fail(e, ST_E_IO, "%s: can't be read", path);
    if (b->n > ST_MAX_QUERY_BYTES)
        return st_fail(e, ST_E_LIMIT, "%s: longer than %zu bytes, the limit: not a query", path,
                       ST_MAX_QUERY_BYTES);
    return ST_OK;
}

static bool show_errors(const st_rules *r, const st_config *c)
{
    bool bad = false;
    for (size_t i = 0; i < st_rules_diags(r); i++) {
        const st_diag *d = st_rules_diag(r, i);
        bad |= d->severity == ST_SEV_ERROR;
        if (d->severity == ST_SEV_ERROR || (!c->quiet && !c->tables))
            st_print_diag(d);
    }
    return bad;
}

/* Its plan alone, first: what is wrong in the text is told before evidence is read. */
static int check(st_session *s, st_str path, st_str text)
{
    st_err e = { 0 };
    st_buf plan = { 0 };
    st_run_options o;
    int status = ST_EXIT_OK;
    st_session_run_options(s, &o);
    st_rules *r = st_session_rule_set(s);
    if (!r || st_session_servers(r, &e) != ST_OK)
        status = st_cannot(&e);
    else if (st_query_explain(r, path, text, NULL, &o, false, &plan, &e) != ST_OK &&
             show_errors(r, s->config))
        status = ST_EXIT_CANNOT;
    if (r)
        s->events = st_rules_events(r);
    if (r && !st_rules_keep(r, &s->kept, &s->keep))
        status = st_cannot(&(st_err){ .code = ST_E_MEMORY, .text = "out of memory" });
    st_buf_free(&plan);
    st_rules_free(r);
    return status;
}

static int run(st_session *s, st_str path, st_str text)
{
    st_config *c = s->config;
    st_err e = { 0 };
    st_table *t = NULL;
    uint8_t *shown = NULL;
    st_run_options o;
    int status = ST_EXIT_OK;
    const st_format *format = st_output_format(c);
    if (!format)
        return ST_EXIT_CANNOT;
    job j = { .format = format->id };
    if (c->explain && format->id != ST_F_TEXT) {
        st_complain("--explain: a plan is text, not %s", format->name);
        return ST_EXIT_CANNOT;
    }
    if ((c->evidence.n || c->files_from.n) && (!c->explain || c->explain_run)) {
        if ((status = check(s, path, text)) || (c->incident && (status = st_session_rules(s))) ||
            (status = st_session_evidence(s)) || (status = st_output_check(s)) ||
            (status = st_session_forest(s)) || (status = st_session_shown(s, &shown)))
            return status;
        status = st_session_account(s);
    }
    s->now = c->now ? c->now : s->forest ? st_rules_now(s->forest) : 0;
    st_session_run_options(s, &o);
    o.shown = shown;
    st_rules *rules = st_session_rule_set(s); /* s->rules are those that made the incident */
    st_code code = rules ? st_session_servers(rules, &e) : ST_E_MEMORY;
    if (code == ST_OK && c->explain)
        code = st_query_explain(rules, path, text, s->forest, &o, c->explain_run, &j.plan, &e);
    else if (code == ST_OK)
        code = st_query_run(rules, path, text, s->forest, &o, &t, &e);
    bool bad = rules && show_errors(rules, c);
    if (!bad && code == ST_OK) {
        j.table = t;
        j.ro.csv_raw = c->csv_raw;
        st_output_look(c, &j.ro.look);
        int wrote = st_output_write(c, c->explain ? write_plan : write_table, &j);
        status = wrote != ST_EXIT_OK ? wrote : status;
    } else {
        status = bad ? ST_EXIT_CANNOT : st_cannot(&e);
    }
    st_table_free(t);
    st_buf_free(&j.plan);
    st_rules_free(rules);
    free(shown);
    return status;
}

/* questions that aren't KQL, answered by a query of their own */

static void put_tables(st_buf *b)
{
    st_str name;
    st_buf_str(b, ST_STR("union "));
    for (size_t i = 0; st_rules_table(i, &name); i++)
        st_buf_fmt(b, "%s(print Table=\"%.*s\", Rows=toscalar(%.*s | count))", i ? ", " : "",
                   ST_FMT(name), ST_FMT(name));
    st_buf_str(b, ST_STR(" | order by Rows desc, Table asc"));
}

static bool put_columns(st_str table, st_buf *b)
{
    st_rules_column c;
    size_t n = 0;
    st_buf_str(b, ST_STR("datatable(Column:string, Type:string, Filled:bool)["));
    for (; st_rules_table_column(table, n, &c); n++)
        st_buf_fmt(b, "%s\"%.*s\", \"%.*s\", %s", n ? ", " : "", ST_FMT(c.name), ST_FMT(c.type),
                   c.filled ? "true" : "false");
    st_buf_char(b, ']');
    return n > 0;
}

static int no_such_table(st_str name)
{
    st_suggest g = { .want = name };
    st_str offer;
    for (size_t i = 0; st_rules_table(i, &offer); i++)
        st_suggest_offer(&g, offer);
    st_complain("--columns %.*s: no such table%s%.*s%s", ST_FMT(name),
                g.best.p ? "; did you mean " : "", ST_FMT(g.best), g.best.p ? "?" : "");
    return ST_EXIT_CANNOT;
}

static int answer(st_session *s)
{
    const st_config *c = s->config;
    st_buf b = { 0 };
    int status;
    if (c->file || (c->tables && c->columns)) {
        st_complain("--tables, --columns and --file: one at a time");
        return ST_EXIT_CANNOT;
    }
    if (c->columns && (c->evidence.n || c->files_from.n)) {
        st_complain("--columns reads no evidence: leave it out");
        return ST_EXIT_CANNOT;
    }
    if (c->tables && !c->evidence.n && !c->files_from.n) {
        st_complain("--tables: no evidence is named");
        return ST_EXIT_CANNOT;
    }
    if (c->tables)
        put_tables(&b);
    else if (!put_columns(st_str_of(c->columns), &b)) {
        st_buf_free(&b);
        return no_such_table(st_str_of(c->columns));
    }
    status = run(s, c->tables ? ST_STR("--tables") : ST_STR("--columns"), st_buf_slice(&b));
    st_buf_free(&b);
    return status;
}

int st_cmd_query(st_config *c)
{
    st_session s = { .config = c };
    st_buf b = { 0 };
    st_err e = { 0 };
    int status;
    if (c->tables || c->columns) {
        status = answer(&s);
    } else if (c->file) {
        status = read_query(c->file, &b, &e) == ST_OK
                     ? run(&s, st_str_of(c->file), st_buf_slice(&b))
                     : st_cannot(&e);
    } else if (!c->evidence.n) {
        st_complain("no query: write it as the first argument, or name its file with --file");
        status = ST_EXIT_CANNOT;
    } else {
        st_str text = c->evidence.items[0];
        memmove(c->evidence.items, c->evidence.items + 1,
                --c->evidence.n * sizeof *c->evidence.items);
        status = run(&s, ST_STR("query"), text);
    }
    st_buf_free(&b);
    st_session_free(&s);
    return status;
}
