/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * where.c - rows for which a condition is true; false and null fall out.
 *
 * What `and` joins is asked one after the other, each of the rows that are left: most rules are
 * decided by their first words, and columns that later ones ask for needn't be made for the rest.
 */
#include "rules/engine/operators/ops.h"

#include <stdlib.h>

typedef struct condition {
    st_expr *x;
    struct condition *next;
} condition;

st_batch *st_op_narrowed(st_run *r, st_op *op, st_narrow_fn *narrow)
{
    st_batch *b;
    while ((b = st_op_next(r, op->in)) != NULL) {
        bool ok = narrow(r, op, b);
        if (ok && b->n)
            return b;
        st_batch_free(b);
        if (!ok) {
            st_run_nomem(r);
            return NULL;
        }
    }
    return NULL;
}

static bool keep_true(st_run *r, st_op *op, st_batch *b)
{
    for (const condition *c = *(condition **)op->spec; c && b->n; c = c->next) {
        bool *keep = ST_ROOMN(&b->arena, bool, b->n);
        if (!keep || !st_expr_test(r, c->x, b, keep))
            return false;
        st_batch_filter(b, keep);
    }
    return true;
}

static st_batch *where_next(st_run *r, st_op *op)
{
    return st_op_narrowed(r, op, keep_true);
}

static void where_reads(st_run *r, st_op *op, st_wanted *w)
{
    st_reads_same(r, op, w);
    for (const condition *c = *(condition **)op->spec; c; c = c->next)
        st_wanted_expr(r, op->in, c->x, w);
}

/* What `and` joins, in the order written, each once. A function that looks at other rows must see
 * all of them, so that such a condition stays whole. */
static bool take_apart(st_run *r, st_expr *x, condition **list)
{
    st_expr **todo = NULL;
    size_t n = 0, cap = 0, walk = ++r->expr_walks;
    bool ok = st_grow(&todo, &cap, 1, sizeof(st_expr *));
    if (ok)
        todo[n++] = x;
    while (ok && n) {
        st_expr *t = todo[--n];
        if (t->kind == ST_EXPR_CALL && t->code == st_call_and && !x->windowed) {
            ok = st_grow(&todo, &cap, n + 2, sizeof(st_expr *));
            for (size_t i = 0; ok && i < 2; i++) {
                if (t->args[i]->walk != walk)
                    todo[n++] = t->args[i];
                t->args[i]->walk = walk;
            }
            continue;
        }
        condition *c = ST_NEW(&r->arena, condition);
        ok = c != NULL;
        if (ok) {
            *c = (condition){ t, *list };
            *list = c;
        }
    }
    free((void *)todo);
    return ok || st_run_nomem(r);
}

bool st_op_narrows(const st_op *op)
{
    if (op->also)
        return false;
    while (op->hollow && op->in)
        op = op->in;
    return !op->in && op->evidence;
}

st_op *st_op_where(st_run *r, st_op *in, st_expr *x)
{
    st_op *op = st_op_new(r, where_next, in, sizeof(condition *));
    if (!op || !take_apart(r, x, op->spec))
        return NULL;
    op->reads = where_reads;
    op->hollow = true;
    op->rowwise = !x->windowed;
    op->plain = !x->windowed && !x->anew;
    op->condition = !x->windowed && !x->anew;
    while (in->next == where_next)
        in = in->in;
    st_op_scan_narrow(r, in, x);
    return op;
}
