/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* languages.c - the languages there are. */
#include "rules/language.h"

static const st_language *const languages[] = { &st_language_kql, &st_language_sigma };

const st_language *st_language_at(size_t i)
{
    return i < sizeof languages / sizeof(st_language *) ? languages[i] : NULL;
}

const st_language *st_language_of_queries(void)
{
    return languages[0];
}
