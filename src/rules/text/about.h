/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* about.h - what is said of a rule beside its query, one thing at a time. */
#ifndef ST_RULES_TEXT_ABOUT_H
#define ST_RULES_TEXT_ABOUT_H

#include "rules/text/diag.h"

/* Sets title, id, level, techniques (which add up), reason, authors, description, process,
 * marks_servers, library or uses (which add up), as key says in any case; other keys and empty
 * values set nothing. The value outlives the rule. where: of the value, for doubts, which go to d.
 */
void st_rule_say(st_arena *a, st_str key, st_str value, st_span where, st_diag_sink *d,
                 st_rule *rule);

#endif
