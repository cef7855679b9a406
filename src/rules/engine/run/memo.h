/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * memo.h - what functions made of texts lately.
 *
 * Rules that share definitions ask the same of the same command lines, and most of what they ask
 * costs a search. An answer stands under all that it depends on: the function, its type, and its
 * arguments, which are texts (by their ids) and numbers; so it is the same in every run over one
 * pool. A newer answer takes the place of an older one.
 */
#ifndef ST_RULES_ENGINE_RUN_MEMO_H
#define ST_RULES_ENGINE_RUN_MEMO_H

#include "rules/engine/run/expr.h"

typedef struct st_memo st_memo;
void st_memo_free(st_memo *m);
/* x's value for the arguments a, remembered or by its code, which depends on nothing else. */
st_val st_memo_call(st_run *r, const st_expr *x, const st_val *a);

#endif
