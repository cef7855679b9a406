/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * arguments.c - arguments of functions against the table of functions, and the type of the result.
 */
#include "rules/kql/bind/bind.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const st_kql_expr *st_bind_argument(const st_kql_expr *call, size_t i)
{
    const st_kql_expr *a = call->u.call.args.items[i];
    return a->kind == ST_KQL_NAMED && a->u.named.nnames == 1 ? a->u.named.value : a;
}

static bool type_fits(char want, st_type t)
{
    switch (want) {
    case 's':
    case 'r': return st_bind_textual(t);
    case 'n': return st_type_numeric(t) || t == ST_TYPE_DYNAMIC || t == ST_TYPE_TIMESPAN;
    case 'i': return t == ST_TYPE_LONG || t == ST_TYPE_INT || t == ST_TYPE_DYNAMIC;
    case 'u':
        return st_type_numeric(t) || t == ST_TYPE_DYNAMIC || t == ST_TYPE_TIMESPAN ||
               t == ST_TYPE_DATETIME;
    case 'd': return t == ST_TYPE_DATETIME || t == ST_TYPE_DYNAMIC;
    case 't': return t == ST_TYPE_TIMESPAN;
    case 'b': return t == ST_TYPE_BOOL;
    case 'y': return t == ST_TYPE_DYNAMIC;
    default: return true;
    }
}

static const char *type_words(char want)
{
    static const char letters[] = "srnidtbyu";
    static const char *const words[] = { "string",   "string", "number",  "long",  "datetime",
                                         "timespan", "bool",   "dynamic", "number" };
    const char *at = strchr(letters, want);
    return at ? words[at - letters] : "value";
}

/* The letter for argument i. */
static char letter(const char *args, size_t i)
{
    size_t n = strlen(args);
    if (n && args[n - 1] == '+')
        return args[i < n - 1 ? i : n - 2];
    return (char)(i < n ? args[i] : 0);
}

bool st_bind_check_args(const st_scope *sc, const st_kql_expr *e, const char *name,
                        const char *args, size_t min, st_expr **x, size_t n)
{
    if (n < min || (n && !letter(args, n - 1))) {
        size_t bound = n < min ? min : strlen(args);
        if (!args[0])
            st_bind_error(
                sc, e->span, "KS119", "%s() takes no argument%s", name,
                strcmp(name, "count") ? "" : "; countif() takes a condition, dcount() a value");
        else
            st_bind_error(sc, e->span, "KS119", "%s() takes at %s %zu argument%s, not %zu", name,
                          n < min ? "least" : "most", bound, bound == 1 ? "" : "s", n);
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        char want = letter(args, i);
        if (!x[i])
            return false;
        if (x[i]->type == ST_TYPE_UNKNOWN)
            continue;
        if (!type_fits(want, x[i]->type)) {
            bool quoted = x[i]->kind == ST_EXPR_CONST && x[i]->type == ST_TYPE_STRING;
            st_bind_error(sc, e->u.call.args.items[i]->span, "KS107",
                          "%s() needs a %s here, not %s%s", name, type_words(want),
                          st_type_name(x[i]->type),
                          quoted && want == 't' ? "; a time span has no quotes: 7d"
                          : quoted && (want == 'n' || want == 'i') ? "; a number has no quotes"
                                                                   : "");
            return false;
        }
        bool text = ((want == 's' || want == 'r') && x[i]->type == ST_TYPE_DYNAMIC) ||
                    (want == 'x' && x[i]->type != ST_TYPE_STRING);
        if (text) {
            x[i] = st_bind_call(sc, st_call_convert, ST_TYPE_STRING, &x[i], 1);
            if (!x[i])
                return false;
        }
    }
    return true;
}

/* The common type of x[from], x[from + step] ...; UNKNOWN if there is none. */
static st_type widest(st_expr *const *x, size_t from, size_t n, size_t step)
{
    st_type t = x[from]->type;
    for (size_t i = from; i < n; i += step) {
        st_type u = x[i]->type;
        if (u == t)
            continue;
        if (st_type_numeric(t) && st_type_numeric(u))
            t = t == ST_TYPE_REAL || u == ST_TYPE_REAL ? ST_TYPE_REAL : ST_TYPE_LONG;
        else
            return ST_TYPE_UNKNOWN;
    }
    return t;
}

/* A type and another: of two numbers the wider, of a dynamic and another the other. */
static st_type wider(st_type t, st_type u)
{
    if (t == u || u == ST_TYPE_DYNAMIC)
        return t;
    if (t == ST_TYPE_DYNAMIC)
        return u;
    if (!st_type_numeric(t) || !st_type_numeric(u))
        return ST_TYPE_UNKNOWN;
    return t == ST_TYPE_REAL || u == ST_TYPE_REAL ? ST_TYPE_REAL : ST_TYPE_LONG;
}

/* The values of iff and case: behind each condition, and the last. All get their common type;
 * dynamics are read as what the others are, and with no common type the value is dynamic. */
static st_type unify_branches(const st_scope *sc, st_expr **x, size_t n)
{
    st_type t = x[n - 1]->type;
    for (size_t i = 1; i < n && t != ST_TYPE_UNKNOWN; i += 2)
        t = wider(t, x[i]->type);
    if (t == ST_TYPE_UNKNOWN)
        return ST_TYPE_DYNAMIC;
    for (size_t i = 1; i < n; i += i + 2 < n ? 2 : 1)
        if (x[i]->type != t && !(x[i] = st_bind_call(sc, st_call_convert, t, &x[i], 1)))
            return ST_TYPE_UNKNOWN;
    return t;
}

/* bin and bin_at: a number, or a time by a span. */
static st_type bin_type(st_expr *const *x, size_t n)
{
    st_type t = x[0]->type, step = x[1]->type;
    bool times = (t == ST_TYPE_DATETIME || t == ST_TYPE_TIMESPAN) && step == ST_TYPE_TIMESPAN &&
                 (n < 3 || x[2]->type == t);
    if (times)
        return t;
    t = st_type_numeric(t) ? widest(x, 0, n, 1) : ST_TYPE_UNKNOWN;
    return t == ST_TYPE_INT ? ST_TYPE_LONG : t;
}

st_type st_bind_result_type(const st_scope *sc, const st_kql_expr *e, const st_fn *f, st_expr **x,
                            size_t n)
{
    st_type t = st_type_of(st_str_of(f->result + (f->result[0] == '*')));
    if (t != ST_TYPE_UNKNOWN)
        return t;
    switch (f->result[0]) {
    case '(': return ST_TYPE_DYNAMIC;
    case '0': return x[0]->type == ST_TYPE_INT ? ST_TYPE_LONG : x[0]->type;
    case 'B': t = bin_type(x, n); break;
    case 'J': return n > 2 ? x[2]->type : ST_TYPE_STRING;
    case 'T':
        if (n > 3)
            return x[3]->type;
        return ST_TYPE_STRING;
    case 'c':
        t = ST_TYPE_UNKNOWN;
        for (size_t i = 0; i + 1 < n; i += 2)
            if (x[i]->type != ST_TYPE_BOOL) {
                st_bind_error(sc, e->u.call.args.items[i]->span, "KS107",
                              "case() needs a bool here, not %s", st_type_name(x[i]->type));
                return ST_TYPE_UNKNOWN;
            }
        if (n % 2 == 1)
            return unify_branches(sc, x, n);
        st_bind_error(
            sc, e->span, "KS119",
            "case() needs an odd number of arguments; the last is for when no condition holds");
        return t;
    default:
        if (f->code == st_call_iff)
            return unify_branches(sc, x, n);
        t = widest(x, 0, n, 1);
        break;
    }
    if (t == ST_TYPE_UNKNOWN && n == 2)
        st_bind_error(sc, e->span, "KS106", "%s() isn't defined for %s and %s%s", f->name,
                      st_type_name(x[0]->type), st_type_name(x[1]->type),
                      x[1]->type == ST_TYPE_STRING && x[1]->kind == ST_EXPR_CONST
                          ? "; a number or a time span has no quotes: 1h"
                          : "");
    else if (t == ST_TYPE_UNKNOWN)
        st_bind_error(sc, e->span, "KS106", "the arguments' types don't go together in %s()",
                      f->name);
    return t;
}
