/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * query_cases.h - queries over constants, each with its cells or with what is wrong in it.
 */
#ifndef SHELLTREE_TEST_QUERY_CASES_H
#define SHELLTREE_TEST_QUERY_CASES_H

#include "shelltree/rules.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

typedef struct query_case {
    const char *kql, *expect;
} query_case;

/* The result as one line: columns with types, then rows: "a:long b:string / 1,x / 2,y". A null is
 * ~; several results have // between them. */
static inline void show(const st_table *t, st_buf *b)
{
    for (size_t i = 0; i < t->ncolumns; i++)
        st_buf_fmt(b, "%s%.*s:%.*s", i ? " " : "", ST_FMT(t->columns[i].name),
                   ST_FMT(t->columns[i].type));
    for (size_t i = 0; i < t->ncolumns * t->nrows; i++) {
        st_buf_str(b, i % t->ncolumns ? ST_STR(",") : ST_STR(" / "));
        st_buf_str(b, t->cells[i].kind == ST_CELL_NULL ? ST_STR("~") : t->cells[i].text);
    }
}

static inline void check_with(const query_case *cases, size_t n, const st_rule_settings *settings)
{
    for (size_t i = 0; i < n; i++) {
        st_rules *r = st_rules_new();
        if (settings)
            st_rules_set(r, settings);
        st_run_options o = { .now = ST_TICKS_UNIX + UINT64_C(1704164645) * ST_TICKS_SECOND };
        st_table *t = NULL;
        st_err err = { 0 };
        st_buf b = { 0 };
        if (st_query_run(r, ST_STR("q.kql"), st_str_of(cases[i].kql), NULL, &o, &t, &err) == ST_OK)
            for (const st_table *each = t; each; each = each->next) {
                show(each, &b);
                st_buf_str(&b, each->next ? ST_STR(" // ") : ST_STR(""));
            }
        else if (st_rules_diags(r))
            st_buf_fmt(&b, "%u:%u: %.*s", st_rules_diag(r, 0)->line, st_rules_diag(r, 0)->column,
                       ST_FMT(st_rules_diag(r, 0)->text));
        else
            st_buf_str(&b, st_str_of(err.text));
        if (!st_str_eq(st_buf_slice(&b), st_str_of(cases[i].expect)))
            fail_msg("%.300s\n  gives %.*s\n  not   %s", cases[i].kql, ST_FMT(st_buf_slice(&b)),
                     cases[i].expect);
        st_buf_free(&b);
        st_table_free(t);
        st_rules_free(r);
    }
}
#define CHECK(cases) check_with(cases, sizeof(cases) / sizeof(cases)[0], NULL)

#endif
