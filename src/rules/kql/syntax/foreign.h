/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * foreign.h - words of other query languages, and old names, with what Kusto calls them.
 */
#ifndef ST_RULES_KQL_SYNTAX_FOREIGN_H
#define ST_RULES_KQL_SYNTAX_FOREIGN_H

#include "shelltree/base.h"

typedef enum st_foreign_kind {
    ST_FOREIGN_OPERATOR,
    ST_FOREIGN_FUNCTION,
    ST_FOREIGN_TABLE,
    ST_FOREIGN_COLUMN
} st_foreign_kind;
/* What to write instead of a word, whatever its case; NULL: it isn't known. */
const char *st_kql_foreign(st_foreign_kind kind, st_str word);

#endif
