/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_json.c - any bytes as JSON, of the shape and with the settings that the first byte says.
 * Asserts that it is the same read at once and byte by byte, that texts are UTF-8 and no longer
 * than asked for (a byte that is none takes three), and that brackets are counted.
 */
#include "shelltree/json.h"

#include "base/limits.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SHORT = 8, STEPS = 1 << 20 };

typedef struct bytes {
    const uint8_t *p;
    size_t n, piece;
} bytes;

static size_t give(void *ctx, char *to, size_t n)
{
    bytes *b = ctx;
    size_t k = b->n < n ? b->n : n;
    if (b->piece && k > b->piece)
        k = b->piece;
    if (k)
        memcpy(to, b->p, k);
    b->p += k;
    b->n -= k;
    return k;
}

static void check(const st_json *j, st_j step)
{
    bool has_text = step == ST_J_KEY || step == ST_J_TEXT || step == ST_J_NUMBER;
    if (j->depth > ST_MAX_JSON_DEPTH || (step == ST_J_BAD && !j->why))
        abort();
    if (has_text &&
        (!st_utf8_valid(j->text) || (step != ST_J_NUMBER && j->text.n > 3 * j->max_text)))
        abort();
}

/* What it was read as, in a number. */
static uint64_t steps_of(uint8_t how, bytes from)
{
    st_json j;
    uint64_t sum = 0;
    st_json_open(&j, (st_json_shape)(how % 3), give, &from);
    j.loose_numbers = how >> 2 & 1;
    j.controls = how >> 3 & 1;
    if (how >> 4 & 1)
        j.max_text = SHORT;
    for (unsigned i = 0; i < STEPS; i++) {
        st_j step = st_json_next(&j);
        check(&j, step);
        sum = sum * 31 + (uint64_t)step + j.offset * 7 + j.depth;
        if (step == ST_J_KEY || step == ST_J_TEXT || step == ST_J_NUMBER)
            for (size_t k = 0; k < j.text.n; k++)
                sum = sum * 31 + (unsigned char)j.text.p[k];
        if (step == ST_J_END || (step == ST_J_BAD && !st_json_resync(&j)))
            break;
    }
    st_json_close(&j);
    return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!size)
        return 0;
    /* A block of its own, so that a byte too far is seen. */
    uint8_t *text = malloc(size);
    if (!text)
        return 0;
    memcpy(text, data, size);
    if (steps_of(text[0], (bytes){ text + 1, size - 1, 0 }) !=
        steps_of(text[0], (bytes){ text + 1, size - 1, 1 }))
        abort();
    free(text);
    return 0;
}
