/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bind.h - from a rule that was read to a plan.
 */
#ifndef ST_RULES_SIGMA_BIND_H
#define ST_RULES_SIGMA_BIND_H

#include "rules/language.h"
#include "rules/sigma/sigma.h"

/* Binds into r's arena; errors and doubts go to d, which may be NULL. */
void st_sigma_bind(st_run *r, const st_sigma_rule *rule, st_diag_sink *d, st_bound *out);

#endif
