/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * telling.h - which command lines have a word that no everyday one has (telling.c). Private to
 * src/hunt. Lines that are asked about live as long as it does. Threads one at a time.
 */
#ifndef ST_HUNT_TELLING_H
#define ST_HUNT_TELLING_H

#include "shelltree/base.h"

typedef struct st_telling st_telling;
st_telling *st_telling_new(void); /* NULL: no memory */
void st_telling_free(st_telling *t);
/* First all lines that will be asked about, then the everyday ones; then it can be asked. */
void st_telling_ask(st_telling *t, st_str line);
void st_telling_everyday(st_telling *t, st_str line);
/* Has it a word, in any case, that none of the everyday lines has? */
bool st_telling_is(const st_telling *t, st_str line);
bool st_telling_failed(const st_telling *t); /* no memory */

#endif
