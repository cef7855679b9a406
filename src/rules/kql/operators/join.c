/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* join.c - join and lookup: rows of two tables with equal keys. */
#include "rules/kql/bind/outputs.h"
#include "rules/kql/operators/operators.h"

static bool join_kind(const st_scope *sc, const st_kql_op *q, st_join *out)
{
    static const struct {
        const char *name;
        st_join kind;
    } kinds[] = { { "innerunique", ST_J_INNERUNIQUE }, { "inner", ST_J_INNER },
                  { "leftouter", ST_J_LEFTOUTER },     { "rightouter", ST_J_RIGHTOUTER },
                  { "fullouter", ST_J_FULLOUTER },     { "leftsemi", ST_J_LEFTSEMI },
                  { "leftanti", ST_J_LEFTANTI },       { "anti", ST_J_LEFTANTI },
                  { "leftantisemi", ST_J_LEFTANTI },   { "rightsemi", ST_J_RIGHTSEMI },
                  { "rightanti", ST_J_RIGHTANTI },     { "rightantisemi", ST_J_RIGHTANTI } };
    const st_kql_expr *e = st_bind_opt(q, "kind");
    bool lookup = q->kind == ST_KQL_PIPE_LOOKUP;
    *out = lookup ? ST_J_LEFTOUTER : ST_J_INNERUNIQUE;
    if (!e)
        return true;
    for (size_t i = 0; e->kind == ST_KQL_NAME && i < sizeof kinds / sizeof *kinds; i++)
        if (st_str_is(e->u.name, kinds[i].name) &&
            (!lookup || kinds[i].kind == ST_J_LEFTOUTER || kinds[i].kind == ST_J_INNER)) {
            *out = kinds[i].kind;
            return true;
        }
    st_bind_error(
        sc, e->span, "KS005", "unknown %s kind %.*s; expected %s", lookup ? "lookup" : "join",
        ST_FMT(e->kind == ST_KQL_NAME ? e->u.name : ST_STR("")),
        lookup ? "inner or leftouter"
               : "fullouter, inner, innerunique, leftanti, leftouter, leftsemi, rightanti, "
                 "rightouter or rightsemi");
    return false;
}

static bool side(const st_kql_expr *e, const char *which, st_str *name)
{
    if (e->kind != ST_KQL_MEMBER || e->u.member.base->kind != ST_KQL_NAME ||
        !st_str_is(e->u.member.base->u.name, which))
        return false;
    *name = e->u.member.name.text;
    return true;
}

/* A key that a service's rows may have, though no list knows it, or that the evidence would have
 * had to give (bag_unpack, pivot): *op with it, of the other side's type and never filled. */
static bool loose_key(const st_scope *sc, st_span at, st_op **op, st_str name, st_type type)
{
    st_bind_outputs o = { 0 };
    bool loose = (*op)->schema.loose;
    if (!(loose || sc->binder->unpacked) || (*op)->schema.open)
        return false;
    if (!loose)
        st_bind_warn(sc, at, "no column %.*s in this evidence: read as null", ST_FMT(name));
    st_bind_output_all(sc, &o, &(*op)->schema);
    st_expr *x = st_bind_const(sc, type, st_val_missing(type));
    st_op *with = x && st_bind_output_put(sc, &o, name, true, (st_proj_item){ x, 0 }, type)
                      ? st_bind_finish(sc, *op, &o)
                      : NULL;
    if (!with)
        return false;
    with->step = (*op)->step;
    with->schema.loose = loose;
    *op = with;
    return true;
}

/* What join's `on` takes, said by what stands there. */
static void bad_join_key(const st_scope *sc, const st_kql_expr *e)
{
    st_str ln = { 0 }, rn = { 0 };
    bool equal = e->kind == ST_KQL_BINARY && e->u.binary.op == ST_KQL_OP_EQ;
    if (equal && side(e->u.binary.left, "$right", &rn) && side(e->u.binary.right, "$left", &ln))
        st_bind_error(sc, e->span, "KS183",
                      "`$left.` stands on the left of `==`: $left.%.*s == $right.%.*s", ST_FMT(ln),
                      ST_FMT(rn));
    else if (equal && e->u.binary.left->kind == ST_KQL_NAME &&
             e->u.binary.right->kind == ST_KQL_NAME)
        st_bind_error(sc, e->span, "KS183",
                      "say whose columns these are: $left.%.*s == $right.%.*s",
                      ST_FMT(e->u.binary.left->u.name), ST_FMT(e->u.binary.right->u.name));
    else
        st_bind_error(sc, e->span, "KS183",
                      e->kind == ST_KQL_NAMED ||
                              (e->kind == ST_KQL_BINARY && e->u.binary.op == ST_KQL_OP_ASSIGN)
                          ? "`=` assigns; a join is on $left.a == $right.b"
                          : "a join is on columns' names and $left.a == $right.b, on nothing else");
}

static bool join_key(const st_scope *sc, const st_kql_expr *e, st_op **l, st_op **r, size_t *lk,
                     size_t *rk)
{
    st_str ln, rn;
    if (e->kind == ST_KQL_NAME) {
        ln = rn = e->u.name;
    } else if (!(e->kind == ST_KQL_BINARY && e->u.binary.op == ST_KQL_OP_EQ &&
                 side(e->u.binary.left, "$left", &ln) && side(e->u.binary.right, "$right", &rn))) {
        bad_join_key(sc, e);
        return false;
    }
    *lk = st_bind_column(&(*l)->schema, ln);
    *rk = st_bind_column(&(*r)->schema, rn);
    st_type other = *lk != SIZE_MAX   ? (*l)->schema.v[*lk].type
                    : *rk != SIZE_MAX ? (*r)->schema.v[*rk].type
                                      : ST_TYPE_STRING;
    if (*lk == SIZE_MAX && loose_key(sc, e->span, l, ln, other))
        *lk = st_bind_column(&(*l)->schema, ln);
    if (*rk == SIZE_MAX && loose_key(sc, e->span, r, rn, other))
        *rk = st_bind_column(&(*r)->schema, rn);
    if (*lk == SIZE_MAX || *rk == SIZE_MAX) {
        st_scope there = st_bind_over(sc, *lk == SIZE_MAX ? &(*l)->schema : &(*r)->schema);
        st_bind_no_column(&there, e->span, *lk == SIZE_MAX ? ln : rn);
        return false;
    }
    st_type a = (*l)->schema.v[*lk].type, c = (*r)->schema.v[*rk].type;
    bool whole = (a == ST_TYPE_LONG || a == ST_TYPE_INT) && (c == ST_TYPE_LONG || c == ST_TYPE_INT);
    bool known = a != ST_TYPE_UNKNOWN && c != ST_TYPE_UNKNOWN; /* else it was told */
    if (known && (a == ST_TYPE_DYNAMIC || (a != c && !whole))) {
        st_bind_error(sc, e->span, "KS242", "%s and %s can't be joined on", st_type_name(a),
                      st_type_name(c));
        return false;
    }
    return true;
}

/* The conditions, `and` taken apart. */
static size_t join_keys(const st_scope *sc, const st_kql_op *q, st_op **l, st_op **r, size_t *lk,
                        size_t *rk)
{
    const st_kql_expr *todo[64];
    size_t n = 0, depth = 0;
    for (size_t i = 0; i < q->u.join.on.n; i++) {
        depth = 0;
        todo[depth++] = q->u.join.on.items[i];
        while (depth) {
            const st_kql_expr *e = todo[--depth];
            if (e->kind == ST_KQL_BINARY && e->u.binary.op == ST_KQL_OP_AND && depth + 2 <= 64) {
                todo[depth++] = e->u.binary.right;
                todo[depth++] = e->u.binary.left;
            } else if (n == ST_MAX_JOIN_KEYS) {
                st_bind_error(sc, e->span, NULL, "more than %u columns to join on, the limit",
                              ST_MAX_JOIN_KEYS);
                return 0;
            } else if (!join_key(sc, e, l, r, &lk[n], &rk[n])) {
                return 0;
            } else {
                n++;
            }
        }
    }
    return n;
}

static void note_join(const st_scope *sc, st_join kind, const st_op *l, const st_op *r,
                      const size_t *lk, const size_t *rk, size_t n)
{
    static const char *const words[] = { "innerunique", "inner",     "leftouter",
                                         "rightouter",  "fullouter", "leftsemi",
                                         "leftanti",    "rightsemi", "rightanti" };
    st_buf t = { 0 };
    for (size_t i = 0; sc->step && i < n; i++)
        st_buf_fmt(&t, "%s%.*s = %.*s", i ? ", " : "", ST_FMT(l->schema.v[lk[i]].name),
                   ST_FMT(r->schema.v[rk[i]].name));
    st_bind_step_note(sc, "%s on %.*s", words[kind], ST_FMT(st_buf_slice(&t)));
    st_buf_free(&t);
}

st_op *st_bind_op_join(const st_scope *sc, st_op *in, const st_kql_op *q)
{
    st_join kind;
    size_t lk[ST_MAX_JOIN_KEYS], rk[ST_MAX_JOIN_KEYS];
    st_op *right = st_bind_table(sc, q->u.join.right);
    if (!join_kind(sc, q, &kind) || !right)
        return NULL;
    size_t nkeys = join_keys(sc, q, &in, &right, lk, rk);
    if (!nkeys) {
        if (!sc->out->failed)
            st_bind_error(sc, q->span, NULL, "join needs a condition: on KEY");
        return NULL;
    }
    note_join(sc, kind, in, right, lk, rk, nkeys);
    st_bind_outputs o = { 0 };
    bool only_right = kind == ST_J_RIGHTSEMI || kind == ST_J_RIGHTANTI,
         only_left = kind == ST_J_LEFTSEMI || kind == ST_J_LEFTANTI;
    size_t *rights = ST_NEWN(&sc->r->arena, size_t, right->schema.n), nright = 0;
    if (!only_right)
        st_bind_output_all(sc, &o, &in->schema);
    for (size_t c = 0; rights && !only_left && c < right->schema.n; c++) {
        bool key = false;
        for (size_t k = 0; k < nkeys; k++)
            key |= rk[k] == c;
        if (key && q->kind == ST_KQL_PIPE_LOOKUP)
            continue;
        st_str name = right->schema.v[c].name, t = name;
        for (unsigned i = 1;
             !only_right && (st_bind_output_find(&o, t) != SIZE_MAX ||
                             (i > 1 && st_bind_column(&right->schema, t) != SIZE_MAX));
             i++)
            t = st_bind_numbered(sc, name, i);
        st_bind_output_put(sc, &o, t, false, (st_proj_item){ NULL, c }, right->schema.v[c].type);
        rights[nright++] = c;
    }
    st_op *op = rights && !sc->out->failed
                    ? st_op_join(sc->r, in, right, kind, lk, rk, nkeys, rights, nright, o.cols, o.n)
                    : NULL;
    st_bind_outputs_free(&o);
    return op;
}
