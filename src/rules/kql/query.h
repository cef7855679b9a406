/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * query.h - a text of statements, bound.
 */
#ifndef ST_RULES_KQL_QUERY_H
#define ST_RULES_KQL_QUERY_H

#include "rules/kql/bind/bind.h"
#include "rules/language.h"

/* Binds into r's arena; errors go to d (which may be NULL). marks_servers: the rule says which
 * processes are web servers, so it may not read the WebServer* columns. */
void st_bind_rule(st_run *r, const st_parsed *p, bool marks_servers, st_diag_sink *d,
                  st_bound *out);
/* library.c: the names that p's libraries give (and p, if it is one), bound once for all runs that
 * share what sc's does and are run alike. false: one of them is broken, or no memory. */
bool st_bind_libraries(st_scope *sc, const st_parsed *p);

#endif
