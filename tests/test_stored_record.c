/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_stored_record.c - rows of the case database: what is kept from one record to the next
 * changes none of them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "carriers/stored.h"

#define UTF16(s)                                                      \
    {                                                                 \
        (const unsigned char *)(s), sizeof(s) - 1, ST_V_STRING, false \
    }
#define HOST_A     \
    "h\0o\0s\0t\0" \
    "1\0"
#define HOST_B     \
    "h\0o\0s\0t\0" \
    "2\0"
#define LONG16 "a\0b\0c\0d\0e\0f\0g\0h\0a\0b\0c\0d\0e\0f\0g\0h\0a\0b\0c\0d\0e\0f\0g\0h\0"
#define LONG LONG16 LONG16 LONG16 /* more than is kept */

static const st_field FIELDS[] = {
    { { "Image", 5 }, 0, UTF16("C\0:\0\\\0a\0") },
    { { "ProcessId", 9 }, 0, { (const unsigned char *)"\x07\0\0", 4, ST_V_U32, false } },
    { { "a\"b", 3 }, 0, UTF16("\"\0\n\0") },
    { { "Image", 5 }, 0, UTF16("x\0") }, /* twice */
};
static const st_field OTHERS[] = {
    { { "Imagf", 5 }, 0, UTF16("\0\xd8") }, /* half a pair */
    { { "ProcessId", 9 }, 0, { NULL, 0, ST_V_NULL, false } },
    { { "a", 1 }, 0, { (const unsigned char *)"1234567890123456", 16, ST_V_GUID, false } },
};

enum { RECORDS = 14 };

static void fill(st_record *r)
{
    const st_ticks t = UINT64_C(134118002450010000);
    const st_value hosts[] = { UTF16(HOST_A), UTF16(HOST_A), UTF16(HOST_B),   UTF16(HOST_B),
                               { 0 },         UTF16(LONG),   UTF16("\0\xdc"), UTF16("\0\xdc") };
    for (size_t i = 0; i < RECORDS; i++) {
        r[i] = (st_record){ .offset = i,
                            .number = i,
                            .event_id = 1,
                            .time_created = t + i / 2 * 5000000,
                            .written = i % 3 ? t - i : 0,
                            .computer = hosts[i % 8],
                            .channel = hosts[(i + 1) % 8],
                            .provider = hosts[i / 4 % 8],
                            .fields = i % 4 == 3 ? OTHERS : FIELDS,
                            .nfields = i % 4 == 3 ? 3 : 1 + i % 4 };
        if (i % 8 == 1)
            r[i].computer.cut = true;
        if (i % 8 == 3)
            r[i].computer.type = ST_V_ANSI;
    }
}

static void compare(const st_record *r, st_stored_scratch *kept)
{
    st_stored_scratch fresh = { 0 };
    st_buf a = { 0 }, b = { 0 };
    st_stored_put_record(&a, r, 1, &fresh);
    st_stored_put_record(&b, r, 1, kept);
    if (!st_str_eq(st_buf_slice(&a), st_buf_slice(&b)))
        fail_msg("record %d", (int)r->number);
    st_buf_free(&a);
    st_buf_free(&b);
    st_stored_scratch_free(&fresh);
}

static void row__after_any_other__the_same(void **state)
{
    (void)state;
    st_record r[RECORDS];
    fill(r);
    for (size_t step = 1; step < RECORDS; step += 2) {
        st_stored_scratch kept = { 0 };
        for (size_t i = 0; i < 4 * RECORDS; i++)
            compare(&r[i * step % RECORDS], &kept);
        st_stored_scratch_free(&kept);
    }
}

/* Names about as long as what is kept has room for, one of which is not the first. */
static void row__names_of_any_length__the_same(void **state)
{
    (void)state;
    char name[2 * ST_STORED_KEY];
    memset(name, 'n', sizeof name);
    for (size_t n = 0; n <= sizeof name; n++) {
        const st_field fields[] = { { { name, n }, 0, UTF16("a\0") },
                                    { { name, n }, 0, UTF16("b\0") } };
        const st_record r = { .number = n, .fields = fields, .nfields = 2 };
        st_stored_scratch kept = { 0 };
        for (size_t i = 0; i < 3; i++)
            compare(&r, &kept);
        st_stored_scratch_free(&kept);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(row__after_any_other__the_same),
        cmocka_unit_test(row__names_of_any_length__the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
