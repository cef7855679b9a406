/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* hits.h - what comes of a rule's rows: matches of processes and of events. */
#ifndef ST_RULES_HITS_H
#define ST_RULES_HITS_H

#include "rules/rules_private.h"
#include "rules/table.h"

typedef struct st_hits {
    st_match *v;
    size_t n, cap;
    uint8_t *seen; /* a bit a node and event: it is among them; lives in the run that finds them */
} st_hits;

/* Processes first (ST_NO_EVENT and one is 0), then events. */
int st_by_subject(const void *a, const void *b);
/* The same without regard to the rule. */
int st_by_subject_alone(const st_match *a, const st_match *b);
/* How many of a's aren't among b's, without regard to the rule; both are in order. */
uint64_t st_hits_only_in(const st_hits *a, const st_hits *b);
/* As if none had been found; what it has room for stays. */
void st_hits_empty(st_hits *h);
/* Of a plan whose rows become no table nothing is looked at but what becomes a hit. */
bool st_hits_lean(st_run *r, const st_bound *bound);
/* All rows of a plan; f: NULL, or where those go that are no observed process's. */
bool st_hits_take(st_run *r, const st_loaded *l, uint32_t rule, st_op *root, st_hits *h,
                  st_filling *f);

#endif
