/*
 * stub_engine.c - stands in for the binder until there is one: every query is ready.
 */
#include "rules/kql/engine.h"

void st_kql_bind_rule(const st_kql_script *script, bool marks_servers, st_arena *arena,
                      st_kql_diags *diags, st_kql_bound *out)
{
    (void)script;
    (void)marks_servers;
    (void)arena;
    (void)diags;
    *out = (st_kql_bound){ .status = ST_RULE_READY };
}

void st_kql_plan_free(st_kql_plan *plan)
{
    (void)plan;
}
