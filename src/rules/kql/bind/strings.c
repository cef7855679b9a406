/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * strings.c - string operators with constants, as predicates of the matcher.
 *
 * A predicate remembers its answer for each text, so that a text is looked at once.
 */
#include "rules/kql/bind/bind.h"

#include <string.h>

/* The string operators, by the parser's numbers. */
bool st_bind_strop_of(st_kql_operator op, st_bind_strop *out)
{
    static const st_mop order[] = { ST_M_HAS,      ST_M_HASPREFIX, ST_M_HASSUFFIX,
                                    ST_M_CONTAINS, ST_M_STARTS,    ST_M_ENDS };
    if (op >= ST_KQL_OP_HAS && op <= ST_KQL_OP_NOT_ENDSWITH_CS) {
        unsigned i = (unsigned)op - ST_KQL_OP_HAS;
        *out = (st_bind_strop){ order[i / 4], i % 4 < 2, i % 2 == 1 };
        return true;
    }
    if (op == ST_KQL_OP_EQI || op == ST_KQL_OP_NEI) {
        *out = (st_bind_strop){ ST_M_EQ, true, op == ST_KQL_OP_NEI };
        return true;
    }
    *out = (st_bind_strop){ op == ST_KQL_OP_COLON ? ST_M_HAS : ST_M_REGEX, op == ST_KQL_OP_COLON,
                            false };
    return op == ST_KQL_OP_MATCHES_REGEX || op == ST_KQL_OP_COLON;
}

static void pred_free(void *p)
{
    st_pred_free(p);
}

/* Texts of constant needles, arrays flattened. */
static size_t needle_texts(const st_scope *sc, st_expr *const *x, size_t n, st_str *out)
{
    size_t count = 0;
    for (size_t i = 0; i < n; i++) {
        st_type type = x[i]->value.tag == ST_VAL_ARRAY ? ST_TYPE_DYNAMIC : x[i]->type;
        st_val_leaves l;
        st_val_leaves_of(&l, &x[i]->value);
        for (const st_val *v; (v = st_val_leaf(&l)); count++)
            if (out)
                out[count] =
                    st_pool_get(sc->r->mem.pool, st_val_tostring(&sc->r->mem, type, *v).u.s);
    }
    return count;
}

static st_pred *pattern(const st_scope *sc, st_str text, st_err *err)
{
    size_t offset;
    st_regex *re = st_regexes_get(sc->r->shared->regexes, text, &offset, err);
    return re ? st_pred_regex(re, true, err) : NULL;
}

/* text op constants, as a predicate that remembers its answers. args[0] is the text. */
st_expr *st_bind_predicate(const st_scope *sc, st_span at, st_bind_strop op, bool all,
                           st_expr **args, size_t n)
{
    size_t count = needle_texts(sc, args + 1, n - 1, NULL);
    st_str *texts = ST_NEWN(&sc->r->arena, st_str, count);
    st_expr *x = st_bind_node(sc, ST_EXPR_PRED, ST_TYPE_BOOL);
    if (!texts || !x || !(x->args = ST_NEWN(&sc->r->arena, st_expr *, n)))
        return NULL;
    needle_texts(sc, args + 1, n - 1, texts);
    if (op.op == ST_M_EQ && !op.negate)
        st_bind_warn_actions(sc, at, args, n, op.fold);
    st_err err = { 0 };
    x->pred = op.op == ST_M_REGEX ? pattern(sc, texts[0], &err)
                                  : st_pred_new(op.op, op.fold, all, texts, count, &err);
    if (!x->pred && err.code == ST_E_MEMORY) {
        st_run_nomem(sc->r);
        return NULL;
    }
    if (!x->pred) {
        st_bind_error(sc, at, NULL, "%s", err.text);
        return st_bind_unknown(sc);
    }
    if (!st_run_own(sc->r, x->pred, pred_free))
        return NULL;
    x->mop = op.op;
    x->fold = op.fold;
    x->all = all && count > 1;
    x->negate = op.negate;
    args[0]->uses++;
    x->windowed = args[0]->windowed;
    x->anew = args[0]->anew;
    /* NOLINTNEXTLINE(bugprone-sizeof-expression): an array of pointers is meant */
    memcpy(x->args, args, n * sizeof *args);
    x->nargs = 1;
    x->needles = n - 1;
    return st_bind_fold(sc, x);
}

bool st_bind_textual(st_type t)
{
    return t == ST_TYPE_STRING || t == ST_TYPE_DYNAMIC;
}

/* Some column of text fits. The predicate is made once: its answers are by text. */
st_expr *st_bind_any_column(const st_scope *sc, st_span at, st_bind_strop op, st_expr *needle)
{
    st_expr **x = sc->row ? ST_NEWN(&sc->r->arena, st_expr *, sc->row->n) : NULL, *first = NULL;
    size_t n = 0;
    bool negate = op.negate;
    op.negate = false;
    for (size_t i = sc->search ? 1 : 0; x && i < sc->row->n; i++) {
        if (!st_bind_textual(sc->row->v[i].type))
            continue;
        st_expr *args[] = { st_bind_node(sc, ST_EXPR_COLUMN, sc->row->v[i].type), needle };
        if (!args[0])
            return NULL;
        args[0]->col = i;
        if (!first) {
            x[n++] = first = st_bind_predicate(sc, at, op, false, args, 2);
            if (!first || first->kind != ST_EXPR_PRED)
                return first;
            continue;
        }
        st_expr *copy = st_bind_node(sc, ST_EXPR_PRED, ST_TYPE_BOOL);
        if (!copy || !(copy->args = ST_NEWN(&sc->r->arena, st_expr *, 1)))
            return NULL;
        copy->pred = first->pred;
        copy->args[0] = args[0];
        copy->nargs = 1;
        x[n++] = copy;
    }
    st_expr *any = st_bind_joined(sc, x, n, st_call_or);
    return any && negate ? st_bind_call(sc, st_call_not, ST_TYPE_BOOL, &any, 1) : any;
}

/* The regular expression for a text with `*` inside: terms begin and end where it does. */
static st_str wildcard_regex(const st_scope *sc, st_str t, bool head, bool tail)
{
    st_buf b = { 0 };
    st_buf_str(&b, sc->search == ST_BIND_SEARCH_CASED ? ST_STR("") : ST_STR("(?i)"));
    st_buf_str(&b, head ? ST_STR("") : ST_STR("\\b"));
    for (size_t i = 0; i < t.n; i++) {
        if (t.p[i] == '*')
            st_buf_char(&b, '.');
        else if (t.p[i] && strchr("\\.+?()|[]{}^$#&-~", t.p[i]))
            st_buf_char(&b, '\\');
        st_buf_char(&b, t.p[i]);
    }
    st_buf_str(&b, tail ? ST_STR("") : ST_STR("\\b"));
    st_str s = st_arena_copy(&sc->r->arena, st_buf_slice(&b));
    st_buf_free(&b);
    return s;
}

/* A text as search's condition; `*` at its ends widens it. */
st_expr *st_bind_search_term(const st_scope *sc, const st_kql_expr *e)
{
    st_str t = e->u.value.str;
    bool head = t.n && t.p[0] == '*', tail = t.n > head && t.p[t.n - 1] == '*';
    st_mop op = head && tail ? ST_M_CONTAINS
                : head       ? ST_M_HASSUFFIX
                : tail       ? ST_M_HASPREFIX
                             : ST_M_HAS;
    t = (st_str){ t.p + head, t.n - head - tail };
    if (!t.n)
        return st_bind_const(sc, ST_TYPE_BOOL, st_val_bool(true));
    bool inside = memchr(t.p, '*', t.n) != NULL;
    if (inside) {
        op = ST_M_REGEX;
        t = wildcard_regex(sc, t, head, tail);
    }
    st_expr *needle = st_bind_const(sc, ST_TYPE_STRING, st_val_str(&sc->r->mem, t));
    return needle ? st_bind_any_column(
                        sc, e->span,
                        (st_bind_strop){ op, !inside && sc->search != ST_BIND_SEARCH_CASED, false },
                        needle)
                  : NULL;
}
