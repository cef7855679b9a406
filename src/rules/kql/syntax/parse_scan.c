/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* parse_scan.c - scan: what it declares, and its steps. */
#include "rules/kql/syntax/parse.h"

#include <stdlib.h>

static void step_output(st_parser *p, st_kql_scan_step *s)
{
    static const char *const words[] = { "all", "last", "none" };
    if (!st_p_take_word(p, "output") || !st_p_need(p, "=", "the step's output"))
        return;
    for (unsigned i = 0; i < 3; i++)
        if (st_p_take_word(p, words[i])) {
            s->output = (st_kql_output)i;
            return;
        }
    st_p_expected(p, "all, last or none");
}

static void step(st_parser *p, st_p_list *list)
{
    st_kql_scan_step *s = ST_NEW(p->arena, st_kql_scan_step);
    st_p_list assigned = { 0 };
    if (!s || !st_p_need_word(p, "step", "scan") || !st_p_name(p, &s->name, "the step's name"))
        return;
    step_output(p, s);
    if (!st_p_need(p, ":", "the step's condition"))
        return;
    s->condition = st_p_expr(p);
    if (!p->panic && st_p_take(p, "=>")) {
        do
            st_p_add(p, &assigned, st_p_named(p));
        while (!p->panic && st_p_take(p, ","));
        s->assigned = st_p_exprs(p, &assigned);
    }
    st_p_add(p, list, s);
}

void st_p_scan(st_parser *p, st_kql_op *op)
{
    st_p_list steps = { 0 };
    if (st_p_is_word(p, 0, "with_match_id") && st_p_is(p, 1, "=")) {
        st_p_next(p);
        st_p_next(p);
        st_p_name(p, &op->u.scan.match_id, "a column's name");
    }
    if (!p->panic && st_p_take_word(p, "declare"))
        st_p_params(p, &op->u.scan.declared, &op->u.scan.ndeclared);
    if (!st_p_need_word(p, "with", "scan") || !st_p_need(p, "(", "the steps"))
        return;
    do
        step(p, &steps);
    while (!p->panic && st_p_take(p, ";") && !st_p_is(p, 0, ")"));
    st_p_need(p, ")", "the steps");
    op->u.scan.n = steps.n;
    op->u.scan.steps = st_p_array(p, &steps, sizeof *op->u.scan.steps);
    if (!op->u.scan.steps)
        op->u.scan.n = 0;
}
