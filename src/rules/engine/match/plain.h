/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plain.h - regular expressions of which it is certain that they can be compiled.
 */
#ifndef ST_RULES_ENGINE_MATCH_PLAIN_H
#define ST_RULES_ENGINE_MATCH_PLAIN_H

#include "shelltree/base.h"

/* Is the pattern made of nothing but what st_regex_new surely takes? *groups: how many groups have
 * a number; none has a name. false: only compiling it will tell. */
bool st_regex_is_plain(st_str pattern, uint32_t *groups);

#endif
