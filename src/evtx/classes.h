/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * classes.h - what is known about the differences between the readers. Private to src/evtx.
 */
#ifndef ST_EVTX_CLASSES_H
#define ST_EVTX_CLASSES_H

#include "shelltree/verify.h"
#include "evtx/compare.h"

/* One difference, as a class sees it. */
typedef struct st_look_at {
    st_side side;
    const st_record *record;  /* the native reader's; libevtx's, if only that has it */
    bool limited;             /* its fields or its XML end at a limit */
    bool ended;               /* the process that libevtx runs in ended over its chunk */
    const unsigned char *raw; /* the record's own bytes, as far as they could be read */
    size_t nraw;
    const st_value *value; /* the native reader's, of a field of the data; else NULL */
    st_str field, native, libevtx;
} st_look_at;

/* The class that explains it; -1: none does. */
int st_class_of(const st_look_at *l);

/* Calls found for every field that differs between the readers' ideas of r, in order; behind a
 * field that only one of them has, the rest is out of step and isn't looked at. */
void st_judge_fields(const st_record *r, const st_items *ours, const st_items *theirs,
                     void (*found)(void *ctx, const st_look_at *l, int why), void *ctx);

#endif
