/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_file.c - any bytes as a whole source (pieces.h): told by its first bytes, scanned with
 * slack and XML, and once more with carving, into events and a forest. Asserts what decode.h
 * says, and that what was read is what the account of the source says.
 */
#include "decode.h"
#include "pieces.h"
#include "shelltree/tree.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void *begin(void *ctx, unsigned thread, size_t source)
{
    (void)thread;
    (void)source;
    return ctx;
}

/* The bytes under a name that can be opened; the descriptor, or -1. */
static int in_memory(st_str bytes, char *name, size_t n)
{
    int fd = memfd_create("source", MFD_CLOEXEC);
    if (fd >= 0 && write(fd, bytes.p, bytes.n) != (ssize_t)bytes.n) {
        close(fd);
        fd = -1;
    }
    snprintf(name, n, "/proc/self/fd/%d", fd);
    return fd;
}

static st_evidence *evidence_of(const char *name, bool carve)
{
    st_err e = { 0 };
    st_evidence *ev = st_evidence_new();
    if (ev) /* archives have a target of their own, without processes */
        st_evidence_intake(ev, &(st_intake){ .depth = 0 });
    if (ev && st_evidence_add(ev, st_str_of(name), &e) == ST_OK &&
        st_evidence_seal(ev, carve, false, &e) == ST_OK)
        return ev;
    st_evidence_free(ev);
    return NULL;
}

static void read_records(const char *name, bool carve)
{
    static const st_scan_ops ops = { .begin = begin, .record = fuzz_take };
    st_scan_options o = { .threads = 1, .slack = true, .xml = true, .carve = carve };
    fuzz_seen s = { .xml = true };
    st_err e = { 0 };
    st_evidence *ev = evidence_of(name, carve);
    if (ev && st_evtx_scan(ev, &o, &ops, &s, &e) == ST_OK) {
        const st_report *r = st_evidence_at(ev, 0)->report;
        if (s.records != r->records + r->slack + r->carved)
            abort();
    }
    st_evidence_free(ev);
    fuzz_seen_free(&s);
}

static void grow_forest(const char *name)
{
    st_scan_options o = { .threads = 1, .slack = true, .digest = true };
    st_tree_options t = { 0 };
    const st_event_set all = st_event_set_all();
    st_store *store = NULL;
    st_forest *forest = NULL;
    st_err e = { 0 };
    st_evidence *ev = evidence_of(name, false);
    if (ev && st_events_read(ev, &o, &all, NULL, 0, NULL, NULL, NULL, &store, &e) == ST_OK &&
        st_tree_build(ev, store, &t, &forest, &e) == ST_OK) {
        if (forest->observed > store->creations.n)
            abort();
    }
    st_tree_free(forest);
    st_store_free(store);
    st_evidence_free(ev);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char name[64];
    st_buf source = { 0 };
    pieces_expand((st_str){ (const char *)data, size }, &source);
    int fd = in_memory(st_buf_slice(&source), name, sizeof name);
    if (fd >= 0) {
        read_records(name, false);
        read_records(name, true);
        grow_forest(name);
        close(fd);
    }
    st_buf_free(&source);
    return 0;
}
