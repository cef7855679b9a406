/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trigger.h - what must stand in a row for a plan to look at it.
 *
 * A plan that reads one table, and whose first conditions ask columns for texts, can't let a row
 * through in which none of certain texts stands. Such texts are known from the conditions alone,
 * before there is evidence; many plans' texts are then looked for at once. Of a plan that asks for
 * numbers at random every row is looked at: rows that are left out would change them. What is known
 * of a web server isn't asked about: texts are looked for before it is known who is one.
 */
#ifndef ST_RULES_ENGINE_RUN_TRIGGER_H
#define ST_RULES_ENGINE_RUN_TRIGGER_H

#include "rules/engine/tables/table_def.h"

/* A text that stands in a column, as op says; folded, so that it may stand there in another case.
 */
typedef struct st_atom {
    st_getter column;
    st_mop op;
    st_str text;
} st_atom;

/* Of these one must hold. Without any, no row is let through. */
typedef struct st_atoms {
    st_atom *v;
    size_t n;
} st_atoms;

enum { ST_TRIGGER_CHOICES = 8 };
typedef struct st_trigger {
    bool known; /* false: every row may be let through */
    st_rows_of rows;
    st_event_set kinds; /* OF_EVENTS; a plan of other rows may have several readers */
    st_atoms choices[ST_TRIGGER_CHOICES]; /* each is needed: any one of them may be looked for */
    size_t n;
    bool narrows; /* see st_op_narrows */
} st_trigger;

/* Of the plan that was bound for r, whose first result is root; what is in out lives in a. */
void st_run_trigger(const st_run *r, const st_op *root, st_arena *a, st_trigger *out);

#endif
