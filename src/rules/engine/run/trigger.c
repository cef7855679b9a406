/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trigger.c - from conditions to texts that must stand.
 *
 * What `and` joins: each side's texts are needed, and any side will do. What `or` joins: the texts
 * of both sides together. A negation needs nothing to stand. Expressions are as high as whoever
 * made them lets them be.
 */
#include "rules/engine/run/trigger.h"

#include "base/limits.h"
#include "rules/engine/functions/functions.h"
#include "rules/engine/match/glob.h"
#include "rules/engine/match/literals.h"
#include "rules/engine/operators/ops.h"

#include <string.h>

/* Another literal of a pattern has so many bytes at least, or tells too little. */
enum { LEAST_OTHER = 3 };

/* The atoms of all of a row's choices are as many as its rule has values. */
typedef struct choices {
    st_atoms v[ST_TRIGGER_CHOICES];
    size_t n;
} choices;

typedef struct maker {
    st_arena *arena;
    const st_table_def *table;
    st_regexes *regexes;
    size_t left;  /* atoms that may still be made */
    size_t parts; /* of conditions that may still be looked at */
    st_buf folded;
} maker;

/* How much a set of texts tells: the shorter the texts, and the more of them, the less. */
static double weight(const st_atoms *s)
{
    static const double of_length[] = { 1, 1, 0.2, 0.05, 0.01, 0.004, 0.002, 0.001 };
    double sum = 0;
    for (size_t i = 0; i < s->n; i++)
        sum += s->v[i].text.n < 8 ? of_length[s->v[i].text.n] : 0.0005;
    return sum;
}

/* The set that tells most; NULL: there is none. */
static st_atoms *best(choices *c)
{
    st_atoms *found = NULL;
    for (size_t i = 0; i < c->n; i++)
        if (!found || weight(&c->v[i]) < weight(found))
            found = &c->v[i];
    return found;
}

static bool same_column(const st_atoms *a, const st_atoms *b)
{
    return a->n && b->n && !strcmp(a->v[0].column.name, b->v[0].column.name);
}

/* The best, and the best of those about another column: what is rare, the evidence tells. How many
 * of the two there are. */
static size_t best_two(choices *c, const st_atoms *two[2])
{
    two[0] = best(c);
    two[1] = NULL;
    for (size_t i = 0; i < c->n; i++)
        if (!same_column(&c->v[i], two[0]) && &c->v[i] != two[0] &&
            (!two[1] || weight(&c->v[i]) < weight(two[1])))
            two[1] = &c->v[i];
    return (size_t)(two[0] != NULL) + (two[1] != NULL);
}

static void offer(choices *c, st_atoms set)
{
    if (c->n < ST_TRIGGER_CHOICES) {
        c->v[c->n++] = set;
        return;
    }
    st_atoms *worst = &c->v[0];
    for (size_t i = 1; i < c->n; i++)
        if (weight(&c->v[i]) > weight(worst))
            worst = &c->v[i];
    if (weight(&set) < weight(worst))
        *worst = set;
}

/* One needle of a predicate; false: it needs nothing to stand. other: of a pattern, not its longest
 * literal. */
static bool atom_of(maker *m, const st_expr *x, const st_getter *column, st_str needle, bool other,
                    st_atom *out)
{
    st_mop op = st_pred_op(x->pred);
    if (op == ST_M_GLOB) {
        st_str second = other ? st_glob_other_literal(needle) : (st_str){ NULL, 0 };
        needle = second.n >= LEAST_OTHER ? second : st_glob_literal(needle);
        op = ST_M_CONTAINS;
    }
    op = op == ST_M_REGEX ? ST_M_CONTAINS : op;
    st_buf_clear(&m->folded);
    st_fold_put(&m->folded, needle);
    m->arena->failed |= m->folded.failed;
    st_str text = st_arena_copy(m->arena, st_buf_slice(&m->folded));
    *out = (st_atom){ *column, op, text };
    return text.p && text.n;
}

/* A set of texts for the needles: any of them will do, or else each of them must stand. */
static void of_needles(maker *m, const st_expr *x, const st_literals *l, bool other, choices *out)
{
    bool all = st_pred_all(x->pred);
    st_atom *v = l->n <= m->left ? ST_NEWN(m->arena, st_atom, l->n) : NULL;
    size_t kept = 0;
    st_getter column = m->table->columns[x->args[0]->col];
    /* The name may be the plan's, which goes before the trigger does. */
    column.name = v ? st_arena_copy(m->arena, st_str_of(column.name)).p : NULL;
    if (!column.name)
        return;
    m->left -= l->n;
    for (size_t i = 0; i < l->n; i++)
        if (atom_of(m, x, &column, l->v[i], other, &v[kept]))
            kept++;
        else if (!all)
            return; /* one of them stands in any text */
    if (!all)
        offer(out, (st_atoms){ v, l->n });
    for (size_t i = 0; all && i < kept; i++)
        offer(out, (st_atoms){ v + i, 1 });
}

static void of_pred(maker *m, const st_expr *x, choices *out)
{
    st_literals l = { 0 };
    st_mop op = st_pred_op(x->pred);
    if (x->negate || x->args[0]->kind != ST_EXPR_COLUMN ||
        m->table->columns[x->args[0]->col].flags & ST_SRC_SERVER)
        return;
    if (op == ST_M_REGEX) {
        if (st_regexes_literals(m->regexes, st_pred_pattern(x->pred), m->arena, &l))
            of_needles(m, x, &l, false, out);
        return;
    }
    const st_str *needles = st_pred_needles(x->pred, &l.n);
    if (!needles) {
        m->arena->failed = true;
        return;
    }
    if (!l.n && op <= ST_M_ENDS && !st_pred_all(x->pred))
        offer(out, (st_atoms){ NULL, 0 }); /* none of no texts stands anywhere */
    l.v = l.n ? ST_NEWN(m->arena, st_str, l.n) : NULL;
    if (!l.v || op > ST_M_REGEX)
        return;
    memcpy(l.v, needles, l.n * sizeof *l.v);
    of_needles(m, x, &l, false, out);
    if (op == ST_M_GLOB) /* which of its literals is rarer, the evidence will tell */
        of_needles(m, x, &l, true, out);
}

static bool together(maker *m, const st_atoms *a, const st_atoms *b, st_atoms *out)
{
    if (a->n + b->n > m->left)
        return false;
    out->v = ST_NEWN(m->arena, st_atom, a->n + b->n);
    if (!out->v)
        return false;
    m->left -= a->n + b->n;
    if (a->n)
        memcpy(out->v, a->v, a->n * sizeof *a->v);
    if (b->n)
        memcpy(out->v + a->n, b->v, b->n * sizeof *b->v);
    out->n = a->n + b->n;
    return true;
}

/* What is needed where either side will do. */
static void either(maker *m, choices side[2], choices *out)
{
    const st_atoms *two[2][2];
    size_t n[2];
    for (size_t i = 0; i < 2; i++)
        n[i] = best_two(&side[i], two[i]);
    for (size_t i = 0; i < n[0] * n[1]; i++) {
        st_atoms both;
        if (together(m, two[0][i / n[1]], two[1][i % n[1]], &both))
            offer(out, both);
    }
}

/* NOLINTBEGIN(misc-no-recursion): expressions are as high as their binder lets them be */

static void of_expr(maker *m, const st_expr *x, choices *out);

static void of_or(maker *m, const st_expr *x, choices *out)
{
    choices side[2] = { { .n = 0 }, { .n = 0 } };
    of_expr(m, x->args[0], &side[0]);
    if (side[0].n)
        of_expr(m, x->args[1], &side[1]);
    either(m, side, out);
}

static void of_expr(maker *m, const st_expr *x, choices *out)
{
    if (!m->parts)
        return;
    m->parts--;
    if (x->kind == ST_EXPR_PRED) {
        of_pred(m, x, out);
    } else if (x->kind == ST_EXPR_CONST) {
        if (x->value.tag != ST_VAL_BOOL || !x->value.u.b)
            offer(out, (st_atoms){ NULL, 0 }); /* never true */
    } else if (x->kind == ST_EXPR_CALL && x->code == st_call_and) {
        of_expr(m, x->args[0], out);
        of_expr(m, x->args[1], out);
    } else if (x->kind == ST_EXPR_CALL && x->code == st_call_or) {
        of_or(m, x, out);
    }
}

/* NOLINTEND(misc-no-recursion) */

/* What one reader's conditions need. */
static choices of_conditions(maker *m, const st_condition *c)
{
    choices found = { .n = 0 };
    for (; c; c = c->next)
        of_expr(m, c->x, &found);
    return found;
}

/* Rows may be let through by any of the readers. */
static choices of_readers(maker *m, const st_run *r, st_event_set *kinds)
{
    const st_condition *c;
    st_run_reader(r, 0, kinds, &c);
    choices found = of_conditions(m, c);
    for (size_t i = 1; found.n && st_run_reader(r, i, kinds, &c); i++) {
        choices side[2] = { found, of_conditions(m, c) };
        found.n = 0;
        either(m, side, &found);
    }
    return found;
}

/* The table of which all readers are, of events the only one; NULL: they are of several, or of
 * hosts. */
static const st_table_def *table_of(const st_run *r)
{
    const st_condition *c;
    st_event_set kinds;
    const st_table_def *t = st_run_reader(r, 0, &kinds, &c), *other = t;
    size_t n = 0;
    while (other && other == t)
        other = st_run_reader(r, ++n, &kinds, &c);
    return t && !other && (t->rows < ST_OF_EVENTS || (t->rows == ST_OF_EVENTS && n == 1)) ? t
                                                                                          : NULL;
}

void st_run_trigger(const st_run *r, const st_op *root, st_arena *a, st_trigger *out)
{
    *out = (st_trigger){ 0 };
    const st_table_def *t = table_of(r);
    if (!t || r->scanned || r->told || r->draws) /* over evidence its values may be others */
        return;
    maker m = { .arena = a,
                .table = t,
                .regexes = r->shared->regexes,
                .left = ST_MAX_TRIGGER_ATOMS,
                .parts = ST_MAX_NARROWING };
    choices found = of_readers(&m, r, &out->kinds);
    st_buf_free(&m.folded);
    out->rows = t->rows;
    out->narrows = st_op_narrows(root);
    out->known = found.n > 0 && !a->failed;
    out->n = found.n;
    memcpy(out->choices, found.v, found.n * sizeof *found.v);
}
