/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compare.h - a record as a list of named texts, so that two readers' ideas of it can be
 * compared. Private to src/evtx.
 */
#ifndef ST_EVTX_COMPARE_H
#define ST_EVTX_COMPARE_H

#include "shelltree/evtx.h"

/* One field; both texts lie in the list's buffer. */
typedef struct st_named_text {
    size_t name, name_n, text, text_n;
    st_value value; /* as the reader gave it; valid as long as the record is */
} st_named_text;

typedef struct st_items {
    st_buf bytes;
    st_named_text *at;
    size_t n, cap;
    size_t system; /* so many of them are of the System part */
    bool failed;   /* sticky: no memory */
} st_items;

/* Fills x anew with what is compared of r. */
void st_items_of(st_items *x, const st_record *r);
void st_items_free(st_items *x);
st_str st_item_name(const st_items *x, size_t i);
st_str st_item_text(const st_items *x, size_t i);
/* The text of an item as libevtx spells a value of its type: numbers of the hexadecimal types
 * padded to their width, times with nine digits. It may lie in room. */
enum { ST_SPELLED = 64 };
st_str st_item_spelled(const st_items *x, size_t i, char room[ST_SPELLED]);
/* spelled: over the texts as libevtx spells them, else as they are. */
uint64_t st_items_digest(const st_items *x, bool spelled);

#endif
