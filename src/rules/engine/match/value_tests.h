/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * value_tests.h - what a text is, where it is an address or a number.
 */
#ifndef ST_RULES_ENGINE_MATCH_VALUE_TESTS_H
#define ST_RULES_ENGINE_MATCH_VALUE_TESTS_H

#include "shelltree/base.h"

typedef struct st_network {
    int family; /* AF_INET, AF_INET6 */
    unsigned char bytes[16];
    unsigned bits;
} st_network;
/* "10.0.0.0/8", "fe80::/10"; without a length, one address. */
bool st_network_parse(st_str s, st_network *out);
/* Is the text an address of that network? An IPv4 address in IPv6's form is an IPv6 address. */
bool st_network_has(const st_network *n, st_str text);

/* Decimal (with a sign, a fraction, an exponent), or hexadecimal after 0x; all of the text. */
bool st_text_number(st_str s, double *out);
/* field COMPARE number; compare: '=' '<' 'l'(<=) '>' 'g'(>=). */
bool st_number_test(char compare, double field, double number);

#endif
