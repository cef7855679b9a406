/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scan.c - scan: sequences of rows, step by step.
 *
 * A row is tried with every step, from the last to the first. A sequence that stands at the step
 * before moves on, or one that stands at this step stays, if the step's condition is true of the
 * row and of what the sequence has seen. A step holds at most one sequence; the first begins one.
 * Parts of a condition that speak of the row alone are answered for a whole batch at once.
 *
 * The row that conditions see has, behind the input's columns, one for each STEP.COLUMN that the
 * text names. Semantics: Kusto's page on the scan operator.
 */
#include "rules/kql/operators/operators.h"

#include "base/limits.h"

#include <stdlib.h>
#include <string.h>

/* STEP.COLUMN: of the input, or (declared) the column of that number among the declared. */
typedef struct remembered {
    size_t step, col;
    bool declared;
} remembered;

typedef struct assignment {
    size_t declared;
    st_expr *x;
} assignment;

typedef struct stage {
    st_str name;
    st_kql_output output;
    st_expr *own;  /* the part of the condition that is about the row alone; NULL: none */
    st_expr *rest; /* what remains; NULL: nothing */
    assignment *assigned;
    size_t nassigned;
} stage;

/* What a row that was taken is in the output. */
typedef struct taken {
    st_at at;
    int64_t match;
    size_t values; /* where its declared values begin */
} taken;

typedef struct sequence {
    bool active, waiting; /* waiting: its last row is still to be given (output=last) */
    int64_t match;
    st_val *seen; /* by remembered column */
    taken last;
} sequence;

typedef struct scan {
    stage *stages;
    size_t n, ncols; /* the input's columns */
    st_col *declared;
    st_val *defaults;
    size_t ndeclared;
    bool match_ids;
    remembered *columns;
    size_t ncolumns;
    /* the run */
    sequence *sequences;
    st_rows rows;
    taken *out;
    size_t nout, out_cap, next;
    st_val *values; /* of declared columns, ndeclared for each row that was taken */
    size_t nvalues, values_cap;
    int64_t matches;
    bool read;
} scan;

static void scan_free(void *p)
{
    scan *s = p;
    st_rows_free(&s->rows);
    free(s->out);
    free(s->values);
}

/* one expression of a row and a sequence */

/* What a sequence knows of a remembered column. NULL: nothing. */
static st_val seen(const st_op *op, const sequence *q, size_t i)
{
    const scan *s = op->spec;
    const remembered *c = &s->columns[i];
    if (q && q->active)
        return q->seen[i];
    return c->declared ? s->defaults[c->col] : st_val_missing(op->in->schema.v[c->col].type);
}

static bool value_of(st_run *r, const st_op *op, const st_expr *x, st_at at, const sequence *q,
                     st_val *out)
{
    const scan *s = op->spec;
    st_batch *b = st_batch_new(r, 1, s->ncols + s->ncolumns);
    bool *used = b ? ST_NEWN(&b->arena, bool, b->ncols) : NULL;
    bool ok = used && st_expr_columns(r, x, used);
    for (size_t c = 0; ok && c < b->ncols; c++) {
        if (!used[c])
            continue;
        st_val *v = b->cols[c].v = ST_NEWN(&b->arena, st_val, 1);
        const st_val *from = c < s->ncols ? st_batch_col(r, s->rows.batch[at.batch], c) : NULL;
        ok = v && (from || c >= s->ncols);
        if (ok)
            *v = from ? from[at.row] : seen(op, q, c - s->ncols);
    }
    size_t step;
    const st_val *v = ok ? st_expr_run(r, x, b, &step) : NULL;
    if (v)
        *out = v[0];
    st_batch_free(b);
    return v != NULL || st_run_nomem(r);
}

static bool holds(st_run *r, const st_op *op, const stage *g, st_at at, const sequence *q,
                  bool *yes)
{
    st_val v = st_val_bool(true);
    if (g->rest && !value_of(r, op, g->rest, at, q, &v))
        return false;
    *yes = v.tag == ST_VAL_BOOL && v.u.b;
    return true;
}

/* taking rows */

static bool give(st_run *r, scan *s, const taken *t)
{
    if (!st_mem_grow(&r->mem, &s->out, &s->out_cap, s->nout + 1, sizeof *s->out))
        return st_run_nomem(r);
    s->out[s->nout++] = *t;
    return true;
}

/* A last row that waited is the last one now. */
static bool settle(st_run *r, scan *s, sequence *q)
{
    bool waited = q->waiting;
    q->waiting = false;
    return !waited || give(r, s, &q->last);
}

/* The declared values of the row, and what the sequence remembers of it. */
static bool take(st_run *r, st_op *op, size_t k, st_at at)
{
    scan *s = op->spec;
    const stage *g = &s->stages[k];
    sequence *q = &s->sequences[k];
    size_t first = s->nvalues;
    if (!st_mem_grow(&r->mem, &s->values, &s->values_cap, first + s->ndeclared + 1,
                     sizeof *s->values))
        return st_run_nomem(r);
    for (size_t i = 0; i < s->ndeclared; i++)
        s->values[first + i] = s->defaults[i];
    for (size_t i = 0; i < g->nassigned; i++)
        if (!value_of(r, op, g->assigned[i].x, at, q, &s->values[first + g->assigned[i].declared]))
            return false;
    s->nvalues += s->ndeclared;
    if (!q->active) /* only the first step's: a new sequence */
        q->match = s->matches++;
    for (size_t i = 0; i < s->ncolumns; i++) {
        const remembered *c = &s->columns[i];
        if (!q->active)
            q->seen[i] = seen(op, NULL, i);
        if (c->step != k)
            continue;
        const st_val *v = c->declared ? NULL : st_batch_col(r, s->rows.batch[at.batch], c->col);
        if (!v && !c->declared)
            return false;
        q->seen[i] = v ? v[at.row] : s->values[first + c->col];
    }
    q->active = true;
    q->last = (taken){ at, q->match, first };
    q->waiting = g->output == ST_KQL_OUT_LAST;
    return g->output != ST_KQL_OUT_ALL || give(r, s, &q->last);
}

/* The sequence at step k - 1 moves on to step k, in the place of what stood there. */
static bool promote(st_run *r, const st_op *op, size_t k)
{
    scan *s = op->spec;
    sequence *from = &s->sequences[k - 1], *to = &s->sequences[k];
    if (!settle(r, s, to) || !settle(r, s, from))
        return false;
    st_val *spare = to->seen;
    *to = *from;
    *from = (sequence){ .seen = spare };
    for (size_t i = 0; i < s->ncolumns; i++) /* what step k saw is of another sequence */
        if (s->columns[i].step == k)
            to->seen[i] = seen(op, NULL, i);
    return true;
}

static bool try_step(st_run *r, st_op *op, size_t k, st_at at)
{
    scan *s = op->spec;
    const stage *g = &s->stages[k];
    bool yes = false;
    if (k && s->sequences[k - 1].active && !holds(r, op, g, at, &s->sequences[k - 1], &yes))
        return false;
    if (yes)
        return promote(r, op, k) && take(r, op, k, at);
    if ((!k || s->sequences[k].active) && !holds(r, op, g, at, &s->sequences[k], &yes))
        return false;
    return !yes || take(r, op, k, at);
}

static bool scan_batch(st_run *r, st_op *op, size_t i)
{
    scan *s = op->spec;
    st_batch *b = s->rows.batch[i];
    bool *fits = st_mem_zeroed(&r->mem, s->n * b->n + 1, sizeof *fits), ok = fits != NULL;
    for (size_t k = 0; ok && k < s->n; k++) {
        memset(fits + k * b->n, true, b->n);
        ok = !s->stages[k].own || st_expr_test(r, s->stages[k].own, b, fits + k * b->n);
    }
    for (size_t row = 0; ok && row < b->n; row++)
        for (size_t k = s->n; ok && k-- > 0;)
            ok = !fits[k * b->n + row] || try_step(r, op, k, (st_at){ (uint32_t)i, (uint32_t)row });
    free(fits);
    return ok || st_run_nomem(r);
}

static bool scan_all(st_run *r, st_op *op)
{
    scan *s = op->spec;
    s->read = true;
    s->sequences = ST_NEWN(&r->arena, sequence, s->n);
    if (!s->sequences || !st_rows_read(r, op->in, &s->rows))
        return st_run_nomem(r);
    for (size_t k = 0; k < s->n; k++)
        if (!(s->sequences[k].seen = ST_NEWN(&r->arena, st_val, s->ncolumns)))
            return st_run_nomem(r);
    for (size_t i = 0; i < s->rows.n; i++) {
        size_t held = r->mem.held, cap = s->out_cap, values = s->values_cap;
        if (!st_run_going(r) || !scan_batch(r, op, i))
            return false;
        if (cap == s->out_cap && values == s->values_cap)
            st_mem_release(&r->mem, held);
    }
    for (size_t k = 0; k < s->n; k++)
        if (!settle(r, s, &s->sequences[k]))
            return false;
    return true;
}

static st_batch *scan_next(st_run *r, st_op *op)
{
    scan *s = op->spec;
    st_at at[ST_BATCH_ROWS];
    if (!s->read && !scan_all(r, op))
        return NULL;
    size_t n = s->nout - s->next;
    n = n < ST_BATCH_ROWS ? n : ST_BATCH_ROWS;
    for (size_t k = 0; k < n; k++)
        at[k] = s->out[s->next + k].at;
    st_batch *b = n ? st_rows_gather(r, &s->rows, &op->in->schema, NULL, at, n) : NULL;
    st_slot *slots = b ? ST_NEWN(&b->arena, st_slot, op->schema.n) : NULL;
    for (size_t c = 0; slots && c < op->schema.n; c++) {
        if (c < s->ncols) {
            slots[c] = b->cols[c];
            continue;
        }
        st_val *v = slots[c].v = ST_NEWN(&b->arena, st_val, n);
        for (size_t k = 0; v && k < n; k++) {
            const taken *t = &s->out[s->next + k];
            v[k] = c < s->ncols + s->ndeclared ? s->values[t->values + c - s->ncols]
                                               : st_val_long(t->match);
        }
    }
    if (!slots) {
        st_batch_free(b);
        return NULL;
    }
    b->cols = slots;
    b->ncols = op->schema.n;
    s->next += n;
    return b;
}

/* binding */

typedef struct binding {
    st_schema row; /* the input's columns, and STEP.COLUMN */
    size_t cap, columns_cap;
    scan *s;
    const st_schema *in;
    size_t known; /* steps that the one being bound may name */
} binding;

static size_t find_stage(const binding *g, st_str name)
{
    for (size_t i = 0; i < g->s->n; i++)
        if (st_str_eq(g->s->stages[i].name, name))
            return i;
    return SIZE_MAX;
}

static size_t find_declared(const scan *s, st_str name)
{
    for (size_t i = 0; i < s->ndeclared; i++)
        if (st_str_eq(s->declared[i].name, name))
            return i;
    return SIZE_MAX;
}

/* The place of STEP.COLUMN in the row. */
static size_t remember(const st_scope *sc, binding *g, remembered c, st_type type)
{
    scan *s = g->s;
    for (size_t i = 0; i < s->ncolumns; i++)
        if (s->columns[i].step == c.step && s->columns[i].col == c.col &&
            s->columns[i].declared == c.declared)
            return s->ncols + i;
    st_col *v = ST_NEWN(&sc->r->arena, st_col, g->row.n + 1);
    remembered *columns = ST_NEWN(&sc->r->arena, remembered, s->ncolumns + 1);
    if (!v || !columns) {
        st_run_nomem(sc->r);
        return SIZE_MAX;
    }
    if (g->row.n)
        memcpy(v, g->row.v, g->row.n * sizeof *v);
    if (s->ncolumns)
        memcpy(columns, s->columns, s->ncolumns * sizeof *columns);
    v[g->row.n] = (st_col){ ST_STR(""), type };
    columns[s->ncolumns] = c;
    g->row.v = v;
    s->columns = columns;
    s->ncolumns++;
    return g->row.n++;
}

static st_expr *step_member(const st_scope *sc, const st_kql_expr *e)
{
    binding *g = sc->names->of;
    const st_kql_expr *base = e->u.member.base;
    st_str name = e->u.member.name.text;
    size_t step = base->kind == ST_KQL_NAME ? find_stage(g, base->u.name) : SIZE_MAX;
    if (step == SIZE_MAX)
        return NULL;
    size_t col = find_declared(g->s, name);
    bool declared = col != SIZE_MAX;
    if (!declared)
        col = st_bind_column(g->in, name);
    if (step >= g->known)
        st_bind_error(sc, e->span, NULL, "the step %.*s comes later", ST_FMT(base->u.name));
    else if (col == SIZE_MAX)
        st_bind_no_column(sc, e->u.member.name.span, name);
    if (step >= g->known || col == SIZE_MAX)
        return st_bind_const(sc, ST_TYPE_UNKNOWN, st_val_null());
    st_type type = declared ? g->s->declared[col].type : g->in->v[col].type;
    st_expr *x = ST_NEW(&sc->r->arena, st_expr);
    size_t at = x ? remember(sc, g, (remembered){ step, col, declared }, type) : SIZE_MAX;
    if (at == SIZE_MAX)
        return NULL;
    *x = (st_expr){ .kind = ST_EXPR_COLUMN, .type = type, .col = at };
    return x;
}

static bool declare(const st_scope *sc, const st_kql_op *q, scan *s, const st_schema *in)
{
    size_t n = q->u.scan.ndeclared;
    s->declared = ST_NEWN(&sc->r->arena, st_col, n);
    s->defaults = ST_NEWN(&sc->r->arena, st_val, n);
    for (size_t i = 0; s->declared && s->defaults && i < n; i++) {
        const st_kql_param *p = &q->u.scan.declared[i];
        st_type type = st_bind_type(p->type), t = type;
        st_val v = st_val_missing(type);
        if (p->tabular || st_bind_column(in, p->name.text) != SIZE_MAX ||
            find_declared(s, p->name.text) != SIZE_MAX) {
            st_bind_error(sc, p->name.span, "KS171",
                          p->tabular ? "%.*s can't be a table" : "there is a column %.*s already",
                          ST_FMT(p->name.text));
            return false;
        }
        if (p->value && !st_bind_constant(sc, p->value, &v, &t))
            return false;
        s->declared[i] = (st_col){ p->name.text, type };
        s->defaults[i] = t == type ? v : st_val_convert(&sc->r->mem, type, t, v);
        s->ndeclared++;
    }
    return s->declared && s->defaults;
}

static bool join_and(const st_scope *sc, st_expr **to, st_expr *x)
{
    st_expr *pair[] = { *to, x };
    *to = *to ? st_bind_call(sc, st_call_and, ST_TYPE_BOOL, pair, 2) : x;
    return *to != NULL;
}

/* What reads no step's column is about the row alone. */
static bool bind_part(const st_scope *sc, binding *g, stage *to, const st_kql_expr *e)
{
    st_expr *x = st_bind_condition(sc, e);
    bool *used = x ? ST_NEWN(&sc->r->arena, bool, g->row.n + 1) : NULL, own = true;
    if (!used || x->type == ST_TYPE_UNKNOWN || !st_expr_columns(sc->r, x, used))
        return false;
    for (size_t c = g->s->ncols; c < g->row.n; c++)
        own = own && !used[c];
    return join_and(sc, own ? &to->own : &to->rest, x);
}

static bool bind_condition(const st_scope *sc, binding *g, stage *to, const st_kql_expr *e)
{
    const st_kql_expr **todo = ST_NEWN(&sc->r->arena, const st_kql_expr *, ST_MAX_KQL_HEIGHT + 2);
    size_t n = 0;
    bool ok = todo != NULL;
    if (ok)
        todo[n++] = e;
    while (ok && n) {
        const st_kql_expr *part = todo[--n];
        if (part->kind == ST_KQL_BINARY && part->u.binary.op == ST_KQL_OP_AND &&
            n + 2 <= ST_MAX_KQL_HEIGHT) {
            todo[n++] = part->u.binary.right;
            todo[n++] = part->u.binary.left;
        } else {
            ok = bind_part(sc, g, to, part);
        }
    }
    return ok;
}

static bool bind_assigned(const st_scope *sc, binding *g, stage *to, const st_kql_list *list)
{
    to->assigned = ST_NEWN(&sc->r->arena, assignment, list->n);
    for (size_t i = 0; to->assigned && i < list->n; i++) {
        const st_kql_expr *e = list->items[i];
        size_t at = e->kind == ST_KQL_NAMED && e->u.named.nnames == 1
                        ? find_declared(g->s, e->u.named.names[0].text)
                        : SIZE_MAX;
        if (at == SIZE_MAX) {
            st_bind_error(sc, e->span, NULL, "NAME = VALUE is needed here, and the name declared");
            return false;
        }
        st_expr *x = st_bind_expr(sc, e->u.named.value);
        st_type want = g->s->declared[at].type;
        if (!x || x->type == ST_TYPE_UNKNOWN)
            return false;
        if (x->type != want && st_type_numeric(want) && st_type_numeric(x->type))
            x = st_bind_call(sc, st_call_convert, want, &x, 1);
        if (x && x->type != want && want != ST_TYPE_DYNAMIC) {
            st_bind_error(sc, e->span, "KS107", "a %s is needed for %.*s, not %s",
                          st_type_name(want), ST_FMT(g->s->declared[at].name),
                          st_type_name(x->type));
            return false;
        }
        to->assigned[to->nassigned++] = (assignment){ at, x };
    }
    return to->assigned != NULL;
}

static bool bind_steps(const st_scope *sc, binding *g, const st_kql_op *q)
{
    scan *s = g->s;
    for (size_t k = 0; k < q->u.scan.n; k++) {
        const st_kql_scan_step *step = &q->u.scan.steps[k];
        if (find_stage(g, step->name.text) != SIZE_MAX) {
            st_bind_error(sc, step->name.span, NULL, "there is a step %.*s already",
                          ST_FMT(step->name.text));
            return false;
        }
        s->stages[k] = (stage){ .name = step->name.text, .output = step->output };
        s->n = k + 1;
    }
    for (size_t k = 0; k < s->n; k++) {
        const st_kql_scan_step *step = &q->u.scan.steps[k];
        g->known = k + 1;
        if (!step->condition || !bind_condition(sc, g, &s->stages[k], step->condition) ||
            !bind_assigned(sc, g, &s->stages[k], &step->assigned))
            return false;
    }
    return !sc->out->failed;
}

static bool scan_schema(const st_scope *sc, st_op *op, const st_kql_op *q)
{
    scan *s = op->spec;
    for (size_t i = 0; i < s->ndeclared; i++)
        st_schema_put(sc->r, &op->schema, s->declared[i].name, s->declared[i].type);
    const st_kql_name *id = &q->u.scan.match_id;
    if (!id->text.n)
        return true;
    if (st_bind_column(&op->schema, id->text) != SIZE_MAX) {
        st_bind_error(sc, id->span, "KS171", "there is a column %.*s already", ST_FMT(id->text));
        return false;
    }
    return st_schema_put(sc->r, &op->schema, id->text, ST_TYPE_LONG) != SIZE_MAX;
}

st_op *st_bind_op_scan(const st_scope *sc, st_op *in, const st_kql_op *q)
{
    st_op *op = st_op_new(sc->r, scan_next, in, sizeof(scan));
    scan *s = op ? op->spec : NULL;
    if (!s || !st_run_own(sc->r, s, scan_free) ||
        !(s->stages = ST_NEWN(&sc->r->arena, stage, q->u.scan.n)))
        return NULL;
    if (!sc->ordered)
        st_bind_error(
            sc, q->word, NULL,
            "scan needs rows in an order that is meant; put order by or serialize before");
    if (q->u.scan.n > ST_MAX_KQL_STEPS)
        st_bind_error(sc, q->word, NULL, "a scan of more than %u steps", ST_MAX_KQL_STEPS);
    if (sc->out->failed)
        return NULL;
    s->ncols = in->schema.n;
    binding g = { .s = s, .in = &in->schema, .row = in->schema };
    if (!declare(sc, q, s, &in->schema) || !scan_schema(sc, op, q))
        return NULL;
    st_bind_names names = { .row = &g.row, .member = step_member, .of = &g };
    st_scope inner = st_bind_over(sc, &g.row);
    inner.names = &names;
    inner.ordered = false; /* its steps look at one row at a time */
    return bind_steps(&inner, &g, q) ? op : NULL;
}
