/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ip_lookup.c - ipv4_lookup, ipv6_lookup: rows joined with the networks that their address is in.
 *
 * The table of networks is read once and sorted by prefix and address; an address is looked for
 * under each prefix that there is. Of two prefixes the shorter one counts: an address with a prefix
 * of its own is in every network inside it, and those are walked. A row comes once for each
 * network.
 *
 * Source: the published pages of the two plugins. The columns are the input's, then the table's, as
 * join names them.
 */
#include "rules/kql/bind/outputs.h"
#include "rules/kql/operators/operators.h"

#include <stdlib.h>
#include <string.h>

enum { KEYS = 16, PREFIXES = 129 };

typedef struct network {
    st_ip ip;
    st_at at; /* its row */
} network;

typedef struct lookup {
    st_op *table;
    bool v4, unmatched;                    /* unmatched: rows without a network come, too */
    size_t ip, net;                        /* columns of the input and of the table */
    size_t nkeys, left[KEYS], right[KEYS]; /* further columns that must be equal */
    size_t nright;                         /* columns of the table */
    bool read;
    st_rows rows;
    network *networks;
    size_t n;
    size_t from[PREFIXES + 1]; /* by prefix: where its networks begin */
} lookup;

typedef struct pair {
    size_t row;
    st_at at;
} pair;

typedef struct pairs {
    pair *v;
    size_t n, cap;
} pairs;

static int by_network(const void *a, const void *b)
{
    const network *x = a, *y = b;
    if (x->ip.bits != y->ip.bits)
        return x->ip.bits < y->ip.bits ? -1 : 1;
    int c = memcmp(x->ip.b, y->ip.b, sizeof x->ip.b);
    if (c)
        return c;
    return x->at.batch != y->at.batch ? (x->at.batch < y->at.batch ? -1 : 1)
                                      : (x->at.row > y->at.row) - (x->at.row < y->at.row);
}

static bool parse_at(st_run *r, const lookup *l, st_val v, st_ip *out)
{
    return v.tag == ST_VAL_STRING && st_ip_parse(st_pool_get(r->mem.pool, v.u.s), l->v4, out);
}

/* Reads the table; a row whose text is no network is left out. */
static bool read_table(st_run *r, lookup *l)
{
    l->read = true;
    if (!st_rows_read(r, l->table, &l->rows))
        return false;
    l->networks = st_mem_zeroed(&r->mem, l->rows.rows + 1, sizeof *l->networks);
    if (!l->networks)
        return st_run_nomem(r);
    for (size_t i = 0; i < l->rows.n; i++) {
        const st_val *v = st_batch_col(r, l->rows.batch[i], l->net);
        for (size_t k = 0; v && k < l->rows.batch[i]->n; k++) {
            network *w = &l->networks[l->n];
            if (!parse_at(r, l, v[k], &w->ip))
                continue;
            st_ip_cut(&w->ip, w->ip.bits);
            w->at = (st_at){ (uint32_t)i, (uint32_t)k };
            l->n++;
        }
        if (!v)
            return false;
    }
    qsort(l->networks, l->n, sizeof *l->networks, by_network);
    for (size_t b = 0, i = 0; b <= PREFIXES; b++) {
        while (i < l->n && l->networks[i].ip.bits < b)
            i++;
        l->from[b] = i;
    }
    return true;
}

static bool same_keys(st_run *r, const lookup *l, st_batch *b, size_t row, st_at at)
{
    for (size_t k = 0; k < l->nkeys; k++) {
        const st_val *x = st_batch_col(r, b, l->left[k]);
        const st_val *y = st_batch_col(r, l->rows.batch[at.batch], l->right[k]);
        if (!x || !y || !st_val_same(&r->mem, x[row], y[at.row]))
            return false;
    }
    return true;
}

static bool add(st_run *r, pairs *p, size_t row, st_at at)
{
    if (!st_mem_grow(&r->mem, &p->v, &p->cap, p->n + 1, sizeof *p->v))
        return st_run_nomem(r);
    p->v[p->n++] = (pair){ row, at };
    return true;
}

/* The networks of one prefix that the address is in. cut: the address under that prefix. */
static bool add_equal(st_run *r, const lookup *l, st_batch *b, size_t row, const st_ip *cut,
                      size_t from, size_t to, pairs *p)
{
    size_t low = from, high = to;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (memcmp(l->networks[mid].ip.b, cut->b, sizeof cut->b) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    for (; low < to && !memcmp(l->networks[low].ip.b, cut->b, sizeof cut->b); low++)
        if (same_keys(r, l, b, row, l->networks[low].at) && !add(r, p, row, l->networks[low].at))
            return false;
    return true;
}

/* Longer prefixes than the address's own: the networks inside it. */
static bool add_inside(st_run *r, const lookup *l, st_batch *b, size_t row, const st_ip *ip,
                       pairs *p)
{
    for (size_t i = l->from[ip->bits + 1]; i < l->n; i++) {
        st_ip cut = l->networks[i].ip;
        st_ip_cut(&cut, ip->bits);
        if (!memcmp(cut.b, ip->b, sizeof cut.b) && same_keys(r, l, b, row, l->networks[i].at) &&
            !add(r, p, row, l->networks[i].at))
            return false;
    }
    return true;
}

static bool match_row(st_run *r, const lookup *l, st_batch *b, size_t row, st_val v, pairs *p)
{
    st_ip ip;
    size_t before = p->n;
    bool ok = true;
    if (parse_at(r, l, v, &ip)) {
        st_ip_cut(&ip, ip.bits);
        for (unsigned bits = 0; ok && bits <= ip.bits; bits++) {
            if (l->from[bits] == l->from[bits + 1])
                continue;
            st_ip cut = ip;
            st_ip_cut(&cut, bits);
            ok = add_equal(r, l, b, row, &cut, l->from[bits], l->from[bits + 1], p);
        }
        ok = ok && (ip.bits == 128 || add_inside(r, l, b, row, &ip, p));
    }
    if (ok && p->n == before && l->unmatched)
        ok = add(r, p, row, (st_at){ UINT32_MAX, 0 });
    return ok;
}

/* Column c of the table, by pair; what matches nothing is missing. */
static bool right_column(st_run *r, const lookup *l, const pairs *p, st_type type, size_t c,
                         st_val *out)
{
    for (size_t i = 0; i < p->n; i++) {
        const st_val *v = p->v[i].at.batch == UINT32_MAX
                              ? NULL
                              : st_batch_col(r, l->rows.batch[p->v[i].at.batch], c);
        if (!v && p->v[i].at.batch != UINT32_MAX)
            return false;
        out[i] = v ? v[p->v[i].at.row] : st_val_missing(type);
    }
    return true;
}

static st_batch *joined_batch(st_run *r, const st_op *op, const lookup *l, st_batch *b,
                              const pairs *p)
{
    size_t left = op->schema.n - l->nright;
    st_batch *out = st_batch_new(r, p->n, op->schema.n);
    for (size_t c = 0; out && c < op->schema.n; c++) {
        const st_val *v = c < left ? st_batch_col(r, b, c) : NULL;
        st_val *to = out->cols[c].v = ST_NEWN(&out->arena, st_val, p->n);
        bool ok = to && (c >= left || v);
        for (size_t i = 0; ok && c < left && i < p->n; i++)
            to[i] = v[p->v[i].row];
        if (ok && c >= left)
            ok = right_column(r, l, p, op->schema.v[c].type, c - left, to);
        if (!ok) {
            st_batch_free(out);
            st_run_nomem(r);
            return NULL;
        }
    }
    for (size_t i = 0; out && out->node && b->node && i < p->n; i++)
        out->node[i] = b->node[p->v[i].row];
    return out;
}

static st_batch *lookup_next(st_run *r, st_op *op)
{
    lookup *l = op->spec;
    st_batch *b, *out = NULL;
    if (!l->read && !read_table(r, l))
        return NULL;
    while (!out && st_run_ok(r) && (b = st_op_next(r, op->in)) != NULL) {
        size_t held = r->mem.held;
        pairs p = { 0 };
        const st_val *v = st_batch_col(r, b, l->ip);
        bool ok = v != NULL;
        for (size_t k = 0; ok && k < b->n; k++)
            ok = match_row(r, l, b, k, v[k], &p);
        if (ok && p.n)
            out = joined_batch(r, op, l, b, &p);
        free(p.v);
        st_mem_release(&r->mem, held);
        st_batch_free(b);
    }
    return out;
}

static void lookup_free(void *p)
{
    lookup *l = p;
    st_rows_free(&l->rows);
    free(l->networks);
}

/* binding */

static bool column(const st_scope *sc, const st_kql_expr *e, const st_schema *s, bool text,
                   size_t *out)
{
    st_scope there = st_bind_over(sc, s);
    *out = e->kind == ST_KQL_NAME ? st_bind_column(s, e->u.name) : SIZE_MAX;
    if (e->kind != ST_KQL_NAME)
        st_bind_error(sc, e->span, NULL, "a column's name is needed here");
    else if (*out == SIZE_MAX)
        st_bind_no_column(&there, e->span, e->u.name);
    else if (text && s->v[*out].type != ST_TYPE_STRING)
        st_bind_error(sc, e->span, "KS107", "a column of text is needed here, not of %s",
                      st_type_name(s->v[*out].type));
    else
        return true;
    return false;
}

/* Behind the two columns: names that both tables have, and at last whether rows without a network
 * are wanted. */
static bool more_arguments(const st_scope *sc, const st_kql_expr *call, const st_op *in, lookup *l)
{
    size_t n = call->u.call.args.n;
    for (size_t i = 3; i < n; i++) {
        const st_kql_expr *e = st_bind_argument(call, i);
        st_val v;
        st_type t;
        if (e->kind != ST_KQL_NAME || st_bind_let(sc, e->u.name)) {
            if (i + 1 < n || !st_bind_constant(sc, e, &v, &t) || t != ST_TYPE_BOOL) {
                if (!sc->out->failed)
                    st_bind_error(sc, e->span, "KS107",
                                  "columns' names are needed here, and at last true or false");
                return false;
            }
            l->unmatched = v.tag == ST_VAL_BOOL && v.u.b;
            continue;
        }
        if (l->nkeys == KEYS) {
            st_bind_error(sc, e->span, NULL, "more than %d further columns", KEYS);
            return false;
        }
        if (!column(sc, e, &in->schema, false, &l->left[l->nkeys]) ||
            !column(sc, e, &l->table->schema, false, &l->right[l->nkeys]))
            return false;
        l->nkeys++;
    }
    return true;
}

static bool put_columns(const st_scope *sc, const st_op *in, const lookup *l, st_op *op)
{
    st_bind_outputs o = { 0 };
    bool ok = st_bind_output_all(sc, &o, &in->schema);
    for (size_t c = 0; ok && c < l->table->schema.n; c++) {
        const st_col *col = &l->table->schema.v[c];
        ok = st_bind_output_put(sc, &o, st_bind_free_name(sc, &o, col->name), false,
                                (st_proj_item){ NULL, 0 }, col->type);
    }
    op->schema = (st_schema){ .v = ST_NEWN(&sc->r->arena, st_col, o.n), .n = o.n };
    if (ok && op->schema.v && o.n)
        memcpy(op->schema.v, o.cols, o.n * sizeof *o.cols);
    ok = ok && op->schema.v;
    st_bind_outputs_free(&o);
    return ok;
}

static st_op *bind_lookup(const st_scope *sc, st_op *in, const st_kql_op *q, bool v4)
{
    const st_kql_expr *call = q->u.evaluate.call;
    st_op *op = st_op_new(sc->r, lookup_next, in, sizeof(lookup));
    lookup *l = op ? op->spec : NULL;
    if (!l || !st_run_own(sc->r, l, lookup_free))
        return NULL;
    if (call->u.call.args.n < 3) {
        st_bind_error(sc, call->span, "KS119",
                      "%.*s() takes a table of networks, a column here, a column there, and maybe "
                      "true",
                      ST_FMT(call->u.call.name.text));
        return NULL;
    }
    l->v4 = v4;
    l->table = st_bind_table(sc, st_bind_argument(call, 0));
    if (!l->table || !column(sc, st_bind_argument(call, 1), &in->schema, true, &l->ip) ||
        !column(sc, st_bind_argument(call, 2), &l->table->schema, true, &l->net) ||
        !more_arguments(sc, call, in, l))
        return NULL;
    l->nright = l->table->schema.n;
    op->lineage = in->lineage;
    return put_columns(sc, in, l, op) ? op : NULL;
}

st_op *st_bind_ipv4_lookup(const st_scope *sc, st_op *in, const st_kql_op *q)
{
    return bind_lookup(sc, in, q, true);
}

st_op *st_bind_ipv6_lookup(const st_scope *sc, st_op *in, const st_kql_op *q)
{
    return bind_lookup(sc, in, q, false);
}
