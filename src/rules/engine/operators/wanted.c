/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wanted.c - which columns of the evidence a plan reads, found before it reads any.
 *
 * From the operators made last to those made first each marks what it reads of those before it: an
 * operator is made behind its inputs. One that nobody has marked by then is a result, or is read
 * by something that doesn't say what it reads: all of its columns count.
 */
#include "rules/engine/operators/ops.h"

#include <string.h>

bool *st_wanted_of(st_run *r, st_op *before, st_wanted *w)
{
    w->all |= before->passed; /* it was made later than who reads it */
    if (!before->used)
        before->used = ST_NEWN(&r->arena, bool, before->schema.n + 1);
    return before->used;
}

void st_wanted_rows(st_run *r, st_op *before, st_wanted *w)
{
    bool *used = st_wanted_of(r, before, w);
    if (used)
        memset(used, true, before->schema.n * sizeof *used);
}

void st_wanted_expr(st_run *r, st_op *before, const st_expr *x, st_wanted *w)
{
    bool *used = st_wanted_of(r, before, w);
    if (used)
        (void)st_expr_columns(r, x, used); /* the run knows of an error */
}

void st_wanted_column(st_run *r, const st_table_def *t, size_t column, st_wanted *w)
{
    st_wanted_table *k = w->tables;
    while (k && k->table != t)
        k = k->next;
    if (!k && (k = ST_NEW(&r->arena, st_wanted_table)) != NULL) {
        *k = (st_wanted_table){ w->tables, t, ST_NEWN(&r->arena, bool, t->n) };
        w->tables = k;
    }
    if (k && k->column)
        k->column[column] = true;
}

/* What is passed on, into the marks of the operator before, which has the same columns. */
void st_reads_same(st_run *r, st_op *op, st_wanted *w)
{
    bool *used = st_wanted_of(r, op->in, w);
    for (size_t c = 0; used && c < op->schema.n; c++)
        used[c] |= op->used[c];
}

static void read_of(st_run *r, st_op *op, st_wanted *w)
{
    if (op->reads)
        op->reads(r, op, w);
    else if (op->in)
        st_wanted_rows(r, op->in, w);
}

/* It isn't known: every operator reads all that it could. */
static void want_all(st_run *r, st_wanted *w)
{
    for (st_op *op = r->ops; op; op = op->older)
        st_wanted_rows(r, op, w);
    for (st_op *op = r->ops; op; op = op->older)
        read_of(r, op, w);
}

static void mark_all(st_run *r, st_wanted *out)
{
    for (st_op *op = r->ops; op; op = op->older) {
        if (!op->used)
            st_wanted_rows(r, op, out);
        op->passed = true;
        read_of(r, op, out);
    }
}

bool st_run_wanted(st_run *r, st_wanted *out)
{
    *out = (st_wanted){ 0 };
    mark_all(r, out);
    if (out->all)
        want_all(r, out);
    return st_run_ok(r) || st_run_nomem(r);
}

bool st_run_lean(st_run *r, st_op *root, const st_str *names, size_t n)
{
    st_wanted w = { .lean = true };
    for (; root; root = root->also) {
        bool *used = st_wanted_of(r, root, &w);
        for (size_t c = 0; used && c < root->schema.n; c++)
            for (size_t i = 0; i < n; i++)
                used[c] |= st_str_eq(root->schema.v[c].name, names[i]);
    }
    mark_all(r, &w);
    for (st_op *op = r->ops; op; op = op->older)
        op->lean = !w.all && op->used;
    return st_run_ok(r) || st_run_nomem(r);
}
