/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* matches.h - the order of matches. */
#ifndef ST_RULES_MATCHES_H
#define ST_RULES_MATCHES_H

#include "shelltree/rules.h"

/* Processes first, by node, then events by place and node; those of one by rule. false: no memory,
 * and nothing has moved. */
bool st_matches_sort(st_match *v, size_t n);

#endif
