/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_rules_test.c - runs cases that say what a rule must find, and prints what differs.
 */
#include "cli.h"

#include <stdlib.h>
#include <string.h>

typedef struct run {
    const st_session *s; /* its rule set says what a web server is, and owns the cases */
    st_case_list cases;
    st_config config;    /* of the session below: with the case's evidence */
    st_session evidence; /* of the case before, as long as the next one has the same */
    st_look look;
    size_t ok, differ;
    int status;
} run;

/* evidence */

static bool same_evidence(const run *x, const st_rule_case *c)
{
    bool same = x->evidence.forest && x->config.evidence.n == c->nevidence;
    for (size_t i = 0; same && i < c->nevidence; i++)
        same = st_str_eq(x->config.evidence.items[i], c->evidence[i]);
    return same;
}

static void close_evidence(run *x)
{
    st_session_free(&x->evidence);
    free(x->config.evidence.items);
    x->config.evidence = (st_list){ 0 };
    x->evidence = (st_session){ .config = &x->config };
}

/* Any case may read any table: whatever can be stored is. */
static int open_evidence(run *x, const st_rule_case *c)
{
    if (same_evidence(x, c))
        return ST_EXIT_OK;
    close_evidence(x);
    x->evidence.events = st_event_set_all();
    for (size_t i = 0; i < c->nevidence; i++)
        if (!st_list_add(&x->config.evidence, c->evidence[i]))
            return ST_EXIT_CANNOT;
    int status = st_session_evidence(&x->evidence);
    return status == ST_EXIT_OK ? st_session_forest(&x->evidence) : status;
}

/* what came of it */

static void put_rows(st_out *o, const st_look *look, char sign, const st_str *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        st_buf_fmt(&o->buf, "    %c ", sign);
        st_scrub(&o->buf, rows[i], look->ascii);
        st_buf_char(&o->buf, '\n');
    }
}

static void put_case(st_out *o, const st_look *look, const st_rule_case *c,
                     const st_case_outcome *out)
{
    st_buf *b = &o->buf;
    st_buf_str(b, out->as_expected ? ST_STR("ok      ") : ST_STR("differs "));
    st_scrub(b, c->path, look->ascii);
    st_buf_fmt(b, ":%u: ", c->line);
    st_scrub(b, c->name, look->ascii);
    st_buf_fmt(b, " (%llu row%s)\n", (unsigned long long)out->rows, out->rows == 1 ? "" : "s");
    if (out->as_expected)
        return;
    if (out->problem.n) {
        st_buf_str(b, ST_STR("    "));
        st_scrub(b, out->problem, look->ascii);
        st_buf_char(b, '\n');
    } else if (c->has_count && c->count != out->rows) {
        st_buf_fmt(b, "    %llu expected%s\n", (unsigned long long)c->count,
                   c->at_least ? ", or more" : "");
    }
    put_rows(o, look, '-', out->missing, out->nmissing);
    put_rows(o, look, '+', out->unexpected, out->nunexpected);
}

/* A rule that matches records runs as in a hunt: what it needs is read of the evidence. */
static st_code run_rule(const st_rule_case *c, st_session *s, size_t rule, st_case_outcome *out,
                        st_err *e)
{
    bool ok = true;
    for (size_t i = 0; ok && i < c->nevidence; i++)
        ok = st_list_add(&s->config->evidence, c->evidence[i]);
    ok = ok && st_session_evidence(s) == ST_EXIT_OK && st_session_forest(s) == ST_EXIT_OK &&
         st_session_match(s) == ST_EXIT_OK;
    if (ok)
        return st_rule_case_compare(c, rule, s->forest, s->matches, out, e);
    out->problem = ST_STR("its evidence can't be read");
    return ST_OK;
}

static st_code run_query(run *x, const st_rule_case *c, st_case_outcome *out, st_err *e)
{
    st_run_options options;
    x->status = c->nevidence ? open_evidence(x, c) : ST_EXIT_OK;
    if (x->status != ST_EXIT_OK)
        return st_fail(e, ST_E_IO, "%.*s:%u: its evidence can't be read", ST_FMT(c->path), c->line);
    st_session_run_options(x->s, &options);
    return st_rule_case_run(x->s->rules, c, c->nevidence ? x->evidence.forest : NULL, &options, out,
                            e);
}

static st_code one(run *x, const st_rule_case *c, st_out *o, st_err *e)
{
    st_case_outcome out = { 0 };
    st_config config = x->config;
    st_session s = { .config = &config, .rules = st_session_rule_set(x->s) };
    size_t rule = SIZE_MAX;
    config.evidence = (st_list){ 0 };
    config.quiet = true;
    st_code code = s.rules ? st_session_servers(s.rules, e)
                           : st_fail(e, ST_E_MEMORY, "no memory for %.*s", ST_FMT(c->rule));
    if (code == ST_OK)
        code = st_rule_case_rules(s.rules, c, &rule, &out, e);
    if (code == ST_OK && rule == SIZE_MAX)
        code = run_query(x, c, &out, e);
    else if (code == ST_OK && !out.problem.n)
        code = run_rule(c, &s, rule, &out, e);
    st_session_free(&s);
    free(config.evidence.items);
    if (code == ST_OK) {
        put_case(o, &x->look, c, &out);
        x->ok += out.as_expected;
        x->differ += !out.as_expected;
    }
    st_case_outcome_free(&out);
    return code;
}

static void all(st_out *o, void *ctx)
{
    run *x = ctx;
    st_err e = { 0 };
    for (size_t i = 0; i < x->cases.n && e.code == ST_OK; i++)
        one(x, &x->cases.items[i], o, &e);
    if (e.code != ST_OK)
        x->status = st_cannot(&e);
    else
        st_buf_fmt(&o->buf, "%zu case%s: %zu as expected, %zu differ%s\n", x->cases.n,
                   x->cases.n == 1 ? "" : "s", x->ok, x->differ, x->differ == 1 ? "s" : "");
    close_evidence(x);
}

/* the command */

static st_code load(st_session *s, st_case_list *cases, st_err *e)
{
    const st_list *named = &s->config->rules;
    s->rules = st_session_rule_set(s);
    if (!s->rules)
        return st_fail(e, ST_E_MEMORY, "out of memory");
    if (st_session_servers(s->rules, e) != ST_OK)
        return e->code;
    for (size_t i = 0; i < named->n; i++)
        if (st_rule_cases(s->rules, named->items[i], cases, e) != ST_OK)
            return e->code;
    return ST_OK;
}

int st_rules_test(st_session *s)
{
    run x = { .s = s, .config = *s->config };
    st_err e = { 0 };
    size_t errors = 0;
    const st_format *format = st_output_format(s->config);
    if (!format)
        return ST_EXIT_CANNOT;
    if (format->id != ST_F_TEXT) {
        st_complain("rules test writes text only");
        return ST_EXIT_CANNOT;
    }
    st_output_look(s->config, &x.look);
    x.config.evidence = x.config.files_from = (st_list){ 0 };
    x.evidence = (st_session){ .config = &x.config };
    int status = load(s, &x.cases, &e) == ST_OK ? ST_EXIT_OK : st_cannot(&e);
    for (size_t i = 0; s->rules && i < st_rules_diags(s->rules); i++) {
        st_print_diag(st_rules_diag(s->rules, i));
        errors += st_rules_diag(s->rules, i)->severity == ST_SEV_ERROR;
    }
    if (status == ST_EXIT_OK && (errors || !x.cases.n)) {
        st_complain(errors ? "the cases are wrong: none was run"
                           : "no case in what was named (a .yaml file)");
        status = ST_EXIT_CANNOT;
    }
    if (status == ST_EXIT_OK)
        status = st_output_write(s->config, all, &x);
    if (status == ST_EXIT_OK)
        status = x.status;
    free(x.cases.items);
    return status == ST_EXIT_OK && x.differ ? ST_EXIT_CANNOT : status;
}
