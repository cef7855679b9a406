/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * run_rule.c - one rule over a forest, on one thread.
 *
 * A rule is bound and run by itself. A row that is an observed process's, or an event's of one, is
 * a match; a row that isn't itself such a process's goes into the rule's table.
 */
#include "rules/run_rule.h"

static void empty(st_hits *h, st_filling *rest)
{
    st_hits_empty(h);
    if (rest)
        rest->rows = rest->ndigests = 0;
}

st_code st_run_rule(const st_rules *rules, uint32_t rule, const st_rule_rows *rows,
                    const st_forest *f, st_shared *shared, const st_run_options *o, st_hits *h,
                    st_filling *rest, st_table **table, const st_apart *apart, st_outcome *out,
                    st_err *err)
{
    const st_loaded *l = rules->items[rule];
    st_run r;
    st_bound bound;
    empty(h, rest);
    st_run_init(&r, f, shared, o, &rules->settings);
    static const st_node none;
    if (rows && !rows->all) {
        r.only = rows->n ? rows->v : &none;
        r.nonly = rows->n;
    }
    l->parsed.language->bind(&r, &l->parsed, l->rule.marks_servers, NULL, &bound);
    if (rest) {
        rest->keep = table != NULL;
        rest->want_digests |= !table && r.lifted && o->ago_off;
    }
    bool ok = bound.status == ST_RULE_READY;
    if (ok && !(rest && (rest->keep || rest->want_digests)))
        ok = st_hits_lean(&r, &bound);
    for (st_op *op = ok ? bound.root : NULL; ok && op; op = op->also) {
        ok = st_hits_take(&r, l, rule, op, h, rest);
        if (ok && table && (ok = (*table = st_filling_end(&r, rest, &op->schema)) != NULL))
            table = &(*table)->next;
    }
    if (st_run_short(&r) || st_pool_failed(f->pool))
        st_run_nomem(&r);
    *out = (st_outcome){ r.lifted, r.limit, { 0 }, 0 };
    st_code code = r.err.code;
    if (code == ST_E_LIMIT) {
        out->stop = r.err;
        empty(h, rest);
        code = ST_OK;
    }
    if (code != ST_OK)
        st_fail(err, code, "%.*s: %s", ST_FMT(l->rule.id), r.err.text);
    if (table)
        st_filling_free(rest); /* it draws on the run's budget */
    h->seen = NULL;
    out->touched = st_apart_touched(apart, ST_OTHERS, &r);
    st_run_free(&r);
    return code;
}

bool st_run_note(st_matches *m, uint32_t rule, const st_hits *h, const st_filling *rest,
                 const st_outcome *out)
{
    st_rule_result *x = &m->results[rule];
    x->matches = h->n;
    x->rows = rest ? rest->rows : 0;
    x->stopped = out->stop.code != ST_OK;
    x->problem =
        x->stopped ? st_arena_copy(&m->arena, st_str_of(out->stop.text)) : st_str_of(out->limit);
    return !m->arena.failed;
}
