/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_access.c - any bytes as an access log. Asserts that times are times, and that each request's
 * texts lie where its line does.
 */
#include "shelltree/carriers.h"
#include "base/limits.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void take(void *ctx, const st_request *r)
{
    size_t size = *(const size_t *)ctx;
    const st_str all[] = { r->method, r->path, r->query, r->client, r->agent, r->computer };
    volatile char seen = 0;
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        for (size_t k = 0; k < all[i].n; k++)
            seen = (char)(seen + all[i].p[k]);
    if (r->offset >= size || !r->at || r->status > 999 ||
        r->taken > ST_MAX_REQUEST_MS * ST_TICKS_MS)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char name[64];
    uint64_t unread;
    st_err e = { 0 };
    int fd = memfd_create("source", MFD_CLOEXEC);
    if (fd < 0 || write(fd, data, size) != (ssize_t)size)
        return 0;
    snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
    st_evidence *ev = st_evidence_new();
    if (ev) {
        st_evidence_intake(ev, &(st_intake){ .depth = 0 });
        if (st_evidence_add(ev, st_str_of(name), &e) == ST_OK &&
            st_evidence_seal(ev, false, true, &e) == ST_OK && st_evidence_count(ev) == 1)
            (void)st_access_read(st_evidence_at(ev, 0), take, &size, NULL, &unread, &e);
        st_evidence_free(ev);
    }
    close(fd);
    return 0;
}
