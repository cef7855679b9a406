/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lineage.c - ancestors(GUID [, HOST]) and descendants(...): tables of the tree.
 *
 * Every process of that GUID is looked at, on all hosts or on the one named. A row is a
 * process above (below) it: ProcessGuid and Distance (1: the parent, a child), then the other
 * columns of Processes. The way doesn't cross an inferred edge unless the run trusts those.
 */
#include "rules/kql/operators/operators.h"

typedef struct lineage {
    bool down;
    st_guid guid;
    st_sid host;        /* folded; ST_EMPTY: all */
    size_t guid_column; /* of Processes */
    st_node next;       /* where the search for processes of that GUID goes on */
    st_node start, at;  /* the one at hand, and the last one given of it; ST_NO_NODE: none */
} lineage;

/* ways */

static bool is_start(const st_run *r, const lineage *l, st_node n)
{
    const st_proc *p = &r->forest->procs[n];
    return st_guid_eq(&p->guid, &l->guid) &&
           (l->host == ST_EMPTY || r->forest->hosts[p->host].name == l->host);
}

/* Depth first below start: what comes behind n and all that is below it. */
static st_node behind(const st_proc *procs, st_node start, st_node n)
{
    while (n != start && procs[n].next_sibling == ST_NO_NODE)
        n = procs[n].parent;
    return n == start ? ST_NO_NODE : procs[n].next_sibling;
}

/* What hangs on an edge that isn't trusted is left out. */
static st_node next_below(const st_run *r, st_node start, st_node at)
{
    const st_proc *procs = r->forest->procs;
    st_node n = procs[at].first_child;
    if (n == ST_NO_NODE)
        n = behind(procs, start, at);
    while (n != ST_NO_NODE && st_tree_parent(r->forest, n, r->trust) == ST_NO_NODE)
        n = behind(procs, start, n);
    return n;
}

/* The next process of the way; ST_NO_NODE at its end. */
static st_node step(const st_run *r, const lineage *l)
{
    return l->down ? next_below(r, l->start, l->at) : st_tree_parent(r->forest, l->at, r->trust);
}

/* Goes on to the next row; false at the end. */
static bool advance(const st_run *r, lineage *l)
{
    for (;;) {
        if (l->start != ST_NO_NODE && (l->at = step(r, l)) != ST_NO_NODE)
            return true;
        l->start = ST_NO_NODE;
        while (l->next < r->forest->n && !is_start(r, l, l->next))
            l->next++;
        if (l->next >= r->forest->n)
            return false;
        l->start = l->at = l->next++;
    }
}

static int64_t distance(const st_run *r, const lineage *l)
{
    int64_t a = r->forest->procs[l->start].depth, b = r->forest->procs[l->at].depth;
    return a < b ? b - a : a - b;
}

/* rows */

static st_batch *lineage_next(st_run *r, st_op *op)
{
    lineage *l = op->spec;
    if (!r->forest || st_guid_zero(&l->guid))
        return NULL;
    const st_getter *columns = st_table_def_find(ST_STR("Processes"))->columns;
    st_batch *b = st_batch_new(r, ST_BATCH_ROWS, op->schema.n);
    st_val *distances = b ? ST_NEWN(&b->arena, st_val, ST_BATCH_ROWS) : NULL;
    size_t n = 0;
    while (distances && n < ST_BATCH_ROWS && advance(r, l)) {
        b->node[n] = l->at;
        distances[n++] = st_val_long(distance(r, l));
    }
    if (!n) {
        st_batch_free(b);
        return NULL;
    }
    b->n = n;
    b->cols[0].source = &columns[l->guid_column];
    b->cols[1].v = distances;
    for (size_t c = 2, from = 0; c < b->ncols; from++)
        if (from != l->guid_column)
            b->cols[c++].source = &columns[from];
    return b;
}

/* What its rows have: the process's columns. */
static void lineage_reads(st_run *r, st_op *op, st_wanted *w)
{
    const st_table_def *t = st_table_def_find(ST_STR("Processes"));
    (void)op;
    for (size_t c = 0; c < t->n; c++)
        st_wanted_column(r, t, c, w);
}

/* binding */

static bool text_argument(const st_scope *sc, const st_kql_expr *e, st_str *out)
{
    st_val v;
    st_type t;
    if (!st_bind_constant(sc, e, &v, &t))
        return false;
    if (t != ST_TYPE_STRING && t != ST_TYPE_GUID) {
        st_bind_error(sc, e->span, "KS107", "a string or guid is needed here, not %s",
                      st_type_name(t));
        return false;
    }
    *out = v.tag == ST_VAL_NULL ? ST_STR("") : st_pool_get(sc->r->mem.pool, v.u.s);
    return true;
}

/* Hosts have their names lower-cased. One that isn't there has a name of its own. */
static st_sid host_name(const st_scope *sc, st_str host)
{
    st_buf folded = { 0 };
    st_fold_put(&folded, host);
    st_sid s = st_val_str(&sc->r->mem, st_buf_slice(&folded)).u.s;
    st_buf_free(&folded);
    return s;
}

static bool lineage_schema(st_run *r, lineage *l, st_schema *s)
{
    const st_table_def *t = st_table_def_find(ST_STR("Processes"));
    s->v = ST_NEWN(&r->arena, st_col, t->n + 1);
    if (!s->v)
        return st_run_nomem(r);
    while (!st_str_eq(st_str_of(t->columns[l->guid_column].name), ST_STR("ProcessGuid")))
        l->guid_column++;
    s->v[s->n++] = (st_col){ ST_STR("ProcessGuid"), t->columns[l->guid_column].type };
    s->v[s->n++] = (st_col){ ST_STR("Distance"), ST_TYPE_LONG };
    for (size_t c = 0; c < t->n; c++)
        if (c != l->guid_column)
            s->v[s->n++] = (st_col){ st_str_of(t->columns[c].name), t->columns[c].type };
    return true;
}

static st_op *bind_lineage(const st_scope *sc, const st_kql_expr *e, bool down)
{
    const st_kql_list *args = &e->u.call.args;
    st_str guid, host = ST_STR("");
    if (!args->n || args->n > 2) {
        st_bind_error(sc, e->span, "KS119",
                      "%.*s() takes a process's GUID and, if it is to be on one host, a DeviceName",
                      ST_FMT(e->u.call.name.text));
        return NULL;
    }
    if (!text_argument(sc, args->items[0], &guid) ||
        (args->n == 2 && !text_argument(sc, args->items[1], &host)))
        return NULL;
    st_op *op = st_op_new(sc->r, lineage_next, NULL, sizeof(lineage));
    if (!op)
        return NULL;
    lineage *l = op->spec;
    sc->r->walks = true;
    l->down = down;
    l->start = ST_NO_NODE;
    l->host = args->n == 2 ? host_name(sc, host) : ST_EMPTY;
    if (guid.n && !st_guid_parse(guid, &l->guid))
        st_bind_warn(sc, args->items[0]->span, "this is no GUID: no process has it");
    op->reads = lineage_reads;
    op->lineage = true;
    return lineage_schema(sc->r, l, &op->schema) ? op : NULL;
}

st_op *st_bind_ancestors(const st_scope *sc, const st_kql_expr *call)
{
    return bind_lineage(sc, call, false);
}

st_op *st_bind_descendants(const st_scope *sc, const st_kql_expr *call)
{
    return bind_lineage(sc, call, true);
}
