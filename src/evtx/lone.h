/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lone.h - records without their chunk, and definitions of templates, found in raw bytes by
 * what they say of themselves. Private to src/evtx.
 */
#ifndef ST_EVTX_LONE_H
#define ST_EVTX_LONE_H

#include "shelltree/base.h"

#define ST_LONE_MAX 65024u /* what a chunk has room for */

typedef struct st_lone {
    size_t at;
    uint32_t size;
    bool cut; /* its head is a record's, but it doesn't end where it says */
} st_lone;

/* The first record that begins in [from, to) of n bytes, and may reach up to n. */
bool st_lone_next(const unsigned char *p, size_t from, size_t to, size_t n, st_lone *out);
/* How far the record stands behind its chunk's first byte, told by a definition in it, which
 * names its own place. 0: nothing tells. */
uint32_t st_lone_place(const unsigned char *record, uint32_t size);

/* definitions of templates */

/* An inline definition, from the token 0c on: which template, and its place in its chunk. */
typedef struct st_definition {
    size_t at; /* of the definition itself */
    uint32_t id, place;
} st_definition;

bool st_definition_next(const unsigned char *p, size_t from, size_t n, st_definition *out);

/* Where the definitions of a source are: the first few of each template. */
typedef struct st_definitions st_definitions;
st_definitions *st_definitions_new(void);
void st_definitions_free(st_definitions *d);
void st_definitions_put(st_definitions *d, uint32_t id, uint64_t offset, uint32_t place);
/* The nth of a template in the order of putting. */
bool st_definitions_get(const st_definitions *d, uint32_t id, unsigned nth, uint64_t *offset,
                        uint32_t *place);

#endif
