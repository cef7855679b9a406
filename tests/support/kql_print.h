/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kql_print.h - the tree of a KQL text as an s-expression, to compare it in tests.
 */
#ifndef SHELLTREE_TESTS_KQL_PRINT_H
#define SHELLTREE_TESTS_KQL_PRINT_H

#include "rules/kql/syntax/ast.h"

/* Appends the tree of s to b. */
void st_kql_print(st_buf *b, const st_kql_script *s);

#endif
