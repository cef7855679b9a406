/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_carrier.c - any bytes as events in text. The first byte says in which: XML, JSON or CSV.
 * Asserts that what was read is what the account says, and that all text is UTF-8.
 */
#include "shelltree/carriers.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void *begin(void *ctx, unsigned thread, size_t source)
{
    (void)thread;
    (void)source;
    return ctx;
}

static void take(void *job, const st_record *r)
{
    uint64_t *n = job;
    ++*n;
    for (size_t i = 0; i < r->nfields; i++) {
        const st_value *v = &r->fields[i].value;
        if (!st_utf8_valid(r->fields[i].name) ||
            (v->n && !st_utf8_valid((st_str){ (const char *)v->p, v->n })))
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const st_scan_ops ops = { .begin = begin, .record = take };
    st_scan_options o = { .threads = 1 };
    char name[64];
    uint64_t records = 0;
    st_err e = { 0 };
    if (size < 2)
        return 0;
    int fd = memfd_create("source", MFD_CLOEXEC);
    if (fd < 0 || write(fd, data + 1, size - 1) != (ssize_t)(size - 1))
        return 0;
    snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
    st_evidence *ev = st_evidence_new();
    if (ev) {
        st_evidence_intake(ev, &(st_intake){ .depth = 0 });
        if (st_evidence_add(ev, st_str_of(name), &e) == ST_OK &&
            st_evidence_seal(ev, false, true, &e) == ST_OK && st_evidence_count(ev) == 1) {
            st_source *s = st_evidence_at(ev, 0);
            s->carrier = (st_carrier)(ST_CR_XML + data[0] % 3);
            s->status = ST_S_OK;
            o.xml = s->carrier == ST_CR_XML && (data[0] & 0x80);
            if (st_carriers_scan(ev, &o, &ops, &records, &e) == ST_OK &&
                records != s->report->records)
                abort();
        }
    }
    st_evidence_free(ev);
    close(fd);
    return 0;
}
