/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * partition.c - partition: a subquery run over each key's rows by themselves.
 *
 * The subquery is bound once for its columns and mistakes, and again for every key: operators
 * keep what they have seen, so each key needs its own. Keys come in the order they are seen.
 */
#include "rules/kql/operators/operators.h"
#include "rules/engine/value/group.h"

#include "base/limits.h"

#include <stdlib.h>
#include <string.h>

typedef struct partition {
    st_binder binder; /* as it was, but tells nothing */
    st_scope scope;   /* names as they were */
    const st_kql_query *body;
    size_t key;
    st_rows rows;
    st_grouping groups;
    size_t *group; /* by row */
    size_t next;
    bool read;
    st_op *now; /* the subquery of the key at hand */
} partition;

typedef struct feed {
    partition *p;
    size_t key;
    size_t row, batch, in_batch; /* where it goes on */
} feed;

static st_batch *feed_next(st_run *r, st_op *op)
{
    feed *f = op->spec;
    st_at at[ST_BATCH_ROWS];
    size_t n = 0;
    while (f->p && f->batch < f->p->rows.n && n < ST_BATCH_ROWS) {
        if (f->p->group[f->row++] == f->key)
            at[n++] = (st_at){ (uint32_t)f->batch, (uint32_t)f->in_batch };
        if (++f->in_batch == f->p->rows.batch[f->batch]->n) {
            f->in_batch = 0;
            f->batch++;
        }
    }
    return n ? st_rows_gather(r, &f->p->rows, &op->schema, NULL, at, n) : NULL;
}

static st_op *feed_new(st_run *r, const st_op *in, partition *p, size_t key)
{
    st_op *op = st_op_new(r, feed_next, NULL, sizeof(feed));
    if (!op)
        return NULL;
    *(feed *)op->spec = (feed){ .p = p, .key = key };
    op->schema = in->schema;
    op->lineage = in->lineage;
    return op;
}

static bool read_rows(st_run *r, st_op *op, partition *p)
{
    p->read = true;
    if (!st_rows_read(r, op->in, &p->rows))
        return false;
    p->group = st_mem_zeroed(&r->mem, p->rows.rows + 1, sizeof *p->group);
    if (!p->group)
        return st_run_nomem(r);
    size_t at = 0;
    for (size_t i = 0; i < p->rows.n; i++) {
        const st_val *v = st_batch_col(r, p->rows.batch[i], p->key);
        for (size_t k = 0; v && k < p->rows.batch[i]->n; k++)
            if ((p->group[at++] = st_grouping_put(&r->mem, &p->groups, &v[k])) == SIZE_MAX)
                return st_run_nomem(r);
        if (!v)
            return false;
    }
    if (p->groups.n > ST_MAX_KQL_PARTITIONS) {
        p->groups.n = ST_MAX_KQL_PARTITIONS;
        r->limit = "partition met its limit of keys";
    }
    return true;
}

/* Binds the subquery for the next key. */
static bool open_key(st_run *r, const st_op *op, partition *p)
{
    st_bind_outcome out = { 0 };
    st_scope sc = p->scope;
    sc.out = &out;
    /* What one subquery asks for was looked at; each key may have as much. */
    p->binder.expansions = p->binder.operators_bound = 0;
    st_op *in = feed_new(r, op->in, p, p->next++);
    p->now = in ? st_bind_body(&sc, in, p->body, false) : NULL;
    return p->now != NULL;
}

static st_batch *partition_next(st_run *r, st_op *op)
{
    partition *p = op->spec;
    if (!p->read && !read_rows(r, op, p))
        return NULL;
    for (;;) {
        st_batch *b = p->now ? st_op_next(r, p->now) : NULL;
        if (b)
            return b;
        if (!st_run_ok(r) || p->next >= p->groups.n || !open_key(r, op, p))
            return NULL;
    }
}

static void partition_free(void *q)
{
    partition *p = q;
    st_rows_free(&p->rows);
    st_grouping_free(&p->groups);
    free(p->group);
}

st_op *st_bind_op_partition(const st_scope *sc, st_op *in, const st_kql_op *q)
{
    const st_kql_expr *by = q->u.partition.by;
    if (!by || by->kind != ST_KQL_NAME || !q->u.partition.body) {
        st_bind_error(sc, q->span, NULL, "partition needs by COLUMN (SUBQUERY)");
        return NULL;
    }
    size_t key = st_bind_column(&in->schema, by->u.name);
    if (key == SIZE_MAX) {
        st_bind_no_column(sc, by->span, by->u.name);
        return NULL;
    }
    if (in->schema.v[key].type == ST_TYPE_DYNAMIC) {
        st_bind_error(sc, by->span, "KS116", "a dynamic can't be grouped; wrap it in tostring()");
        return NULL;
    }
    st_op *op = st_op_new(sc->r, partition_next, in, sizeof(partition));
    st_op *first = op ? feed_new(sc->r, in, NULL, 0) : NULL;
    first = first ? st_bind_body(sc, first, q->u.partition.body, false) : NULL;
    if (!first || !st_run_own(sc->r, op->spec, partition_free))
        return NULL;
    partition *p = op->spec;
    p->binder = (st_binder){ .r = sc->r,
                             .operators = sc->binder->operators,
                             .table_fns = sc->binder->table_fns,
                             .marks = sc->binder->marks,
                             .bin_size = sc->binder->bin_size,
                             .bin_at = sc->binder->bin_at,
                             .forgiving = sc->binder->forgiving,
                             .unpacked = sc->binder->unpacked,
                             .most_nodes = SIZE_MAX };
    p->scope = (st_scope){ .binder = &p->binder, .r = sc->r, .env = sc->env, .depth = sc->depth };
    p->body = q->u.partition.body;
    p->key = key;
    st_grouping_init(&p->groups, 1);
    op->schema = first->schema;
    op->lineage = first->lineage;
    return op;
}
