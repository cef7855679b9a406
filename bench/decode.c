/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * decode.c - how long decoding alone takes: every record of the files through one of the readers,
 * all its fields, which nobody looks at.
 *
 *     bench/decode native|libevtx THREADS FILE...
 *
 * Prints records and fields.
 */
#include "shelltree/evtx.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct totals {
    atomic_ullong records, fields;
} totals;

static void *begin(void *ctx, unsigned thread, size_t source)
{
    (void)thread;
    (void)source;
    return ctx;
}

static void record(void *job, const st_record *r)
{
    totals *t = job;
    atomic_fetch_add_explicit(&t->records, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&t->fields, r->nfields, memory_order_relaxed);
}

int main(int argc, char **argv)
{
    static const st_scan_ops ops = { .begin = begin, .record = record };
    st_err e = { 0 };
    totals t = { 0 };
    if (argc < 4) {
        fprintf(stderr, "usage: decode native|libevtx THREADS FILE...\n");
        return 2;
    }
    st_scan_options o = { .engine = strcmp(argv[1], "libevtx") == 0 ? ST_ENGINE_LIBEVTX
                                                                    : ST_ENGINE_NATIVE,
                          .threads = (unsigned)strtoul(argv[2], NULL, 10),
                          .slack = true };
    st_evidence *ev = st_evidence_new();
    st_code code = ev ? ST_OK : ST_E_MEMORY;
    for (int i = 3; code == ST_OK && i < argc; i++)
        code = st_evidence_add(ev, st_str_of(argv[i]), &e);
    if (code == ST_OK)
        code = st_evidence_seal(ev, false, false, &e);
    if (code == ST_OK)
        code = st_evtx_scan(ev, &o, &ops, &t, &e);
    if (code == ST_OK)
        printf("%llu records, %llu fields\n", atomic_load(&t.records), atomic_load(&t.fields));
    else
        fprintf(stderr, "decode: %s\n", e.text);
    st_evidence_free(ev);
    return code != ST_OK;
}
