/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * language.h - what the loader asks of the binder: a parsed query in, a plan out.
 */
#ifndef ST_RULES_KQL_LANGUAGE_H
#define ST_RULES_KQL_LANGUAGE_H

#include "rules/kql/syntax/ast.h"

/* A bound query, ready to run over any forest. Opaque to the loader. */
typedef struct st_kql_plan st_kql_plan;

typedef struct st_kql_bound {
    st_rule_status
        status;        /* READY: plan is set. BROKEN: errors are in the sink. NOT_APPLICABLE: why */
    st_kql_plan *plan; /* lives in the arena, or is freed by st_kql_plan_free */
    st_str stubs;      /* services that are taken as empty; in the arena */
    st_str why;        /* "needs the table EmailEvents"; in the arena */
    st_rule_needs needs; /* in the arena */
} st_kql_bound;

/* Names, types, and everything that can be known without evidence. The script (and its text)
 * and the arena live as long as the plan. marks_servers: the rule says which processes are web
 * servers, so it may not read the WebServer* columns. */
void st_kql_bind_rule(const st_kql_script *script, bool marks_servers,
                      const st_rule_settings *settings, st_arena *arena, st_diag_sink *diags,
                      st_kql_bound *out);
/* What the plan holds outside the arena (compiled expressions ...); NULL is fine. */
void st_kql_plan_free(st_kql_plan *plan);

#endif
