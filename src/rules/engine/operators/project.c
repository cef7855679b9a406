/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * project.c - the columns of the output, each an expression of the input row or one of its
 * columns as it is. project, extend, project-away, -keep, -rename and -reorder are all this.
 */
#include "rules/engine/operators/ops.h"

#include <string.h>

typedef struct project {
    st_proj_item *items;
    bool *again; /* by item: one before it is the same */
    size_t n;
} project;

static bool project_item(st_run *r, const st_proj_item *it, st_batch *b, st_slot *out)
{
    if (!it->x) {
        *out = b->cols[it->from];
        return true;
    }
    size_t step;
    const st_val *v = st_expr_run(r, it->x, b, &step);
    if (v && !step && b->n)
        return st_slot_set(r, b, out, v[0]);
    bool made = step && it->x->kind >= ST_EXPR_CALL; /* it is the batch's */
    out->v = !v ? NULL : made ? (st_val *)v : ST_ROOMN(&b->arena, st_val, b->n);
    if (!out->v)
        return st_run_nomem(r);
    for (size_t k = 0; !made && k < b->n; k++)
        out->v[k] = v[k * step];
    out->same = ST_SAME_NO;
    return true;
}

/* One that nobody asks for is left empty, unless others notice that it is made. */
static bool is_idle(const st_op *op, const st_proj_item *it, size_t i)
{
    return st_op_unused(op, i) && !(it->x && it->x->anew);
}

/* A column that is passed on twice must not be filtered in place twice. */
static bool unshare(st_run *r, const project *s, st_batch *b, st_slot *slots)
{
    for (size_t i = 0; i < s->n; i++) {
        const st_val *shared = slots[i].v;
        if (!s->again[i] || !shared)
            continue;
        slots[i].v = ST_ROOMN(&b->arena, st_val, b->n);
        if (!slots[i].v)
            return st_run_nomem(r);
        memcpy(slots[i].v, shared, b->n * sizeof *shared);
    }
    return true;
}

static st_batch *project_next(st_run *r, st_op *op)
{
    const project *s = op->spec;
    st_batch *b = st_op_next(r, op->in);
    if (!b)
        return NULL;
    st_slot *slots = ST_NEWN(&b->arena, st_slot, s->n);
    bool ok = slots != NULL;
    for (size_t i = 0; ok && i < s->n; i++)
        ok = is_idle(op, &s->items[i], i) || project_item(r, &s->items[i], b, &slots[i]);
    if (!ok || !unshare(r, s, b, slots)) {
        st_batch_free(b);
        st_run_nomem(r);
        return NULL;
    }
    b->cols = slots;
    b->made = NULL;
    b->ncols = s->n;
    return b;
}

static void project_reads(st_run *r, st_op *op, st_wanted *w)
{
    const project *s = op->spec;
    bool *used = st_wanted_of(r, op->in, w);
    for (size_t i = 0; used && i < s->n; i++) {
        const st_proj_item *it = &s->items[i];
        if (!it->x)
            used[it->from] |= op->used[i];
        else if (!w->lean || op->used[i] || it->x->anew) /* else it is computed for nobody */
            st_wanted_expr(r, op->in, it->x, w);
    }
}

/* Which items one before them is the same as. passed: by column, room to mark those that are passed
 * on. */
static void find_again(project *s, bool *passed)
{
    for (size_t i = 0; i < s->n; i++) {
        const st_proj_item *it = &s->items[i];
        if (!it->x) {
            s->again[i] = passed[it->from];
            passed[it->from] = true;
        }
        for (size_t k = 0; it->x && k < i; k++)
            s->again[i] |= s->items[k].x == it->x;
    }
}

st_op *st_op_project(st_run *r, st_op *in, const st_col *cols, const st_proj_item *items, size_t n)
{
    st_op *op = st_op_new(r, project_next, in, sizeof(project));
    st_col *c = op ? ST_ROOMN(&r->arena, st_col, n) : NULL;
    st_proj_item *it = c ? ST_ROOMN(&r->arena, st_proj_item, n) : NULL;
    bool *again = it ? ST_NEWN(&r->arena, bool, n) : NULL;
    bool *passed = again ? ST_NEWN(&r->arena, bool, in->schema.n) : NULL;
    if (!passed) {
        st_run_nomem(r);
        return NULL;
    }
    if (n) {
        memcpy(c, cols, n * sizeof *c);
        memcpy(it, items, n * sizeof *it);
    }
    op->reads = project_reads;
    op->rowwise = true;
    op->plain = op->hollow = true;
    for (size_t i = 0; i < n; i++) {
        op->rowwise &= !items[i].x || !items[i].x->windowed;
        op->plain &= !items[i].x || !(items[i].x->windowed || items[i].x->anew);
    }
    *(project *)op->spec = (project){ it, again, n };
    find_again(op->spec, passed);
    op->schema = (st_schema){ .v = c, .n = n };
    return op;
}
