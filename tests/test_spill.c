/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* test_spill.c - blocks in a mapped file: they hold what is put there, and a full disk is an error.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/spill.h"
#include "base/tmpfile.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void open_spill(st_spill *s, uint64_t most)
{
    int fd = st_tmpfile(".", false);
    assert_true(fd >= 0);
    assert_true(st_spill_open(s, fd, most));
}

static unsigned char byte_of(size_t block, size_t i)
{
    return (unsigned char)(block * 31 + i * 7 + (i >> 12));
}

static void fill(unsigned char *p, size_t n, size_t block)
{
    for (size_t i = 0; i < n; i++)
        p[i] = byte_of(block, i);
}

static bool is_filled(const unsigned char *p, size_t n, size_t block)
{
    for (size_t i = 0; i < n; i++)
        if (p[i] != byte_of(block, i))
            return false;
    return true;
}

static const size_t SIZES[] = { 1,
                                ST_SPILL_UNIT - 17,
                                ST_SPILL_UNIT - 16,
                                ST_SPILL_UNIT - 15,
                                ST_SPILL_UNIT,
                                ST_SPILL_SIZES *ST_SPILL_UNIT - 16,
                                ST_SPILL_SIZES *ST_SPILL_UNIT - 15,
                                5000000 };
enum { BLOCKS = sizeof SIZES / sizeof SIZES[0] };

static void spill__blocks_of_each_size__hold_what_is_put_and_lie_apart(void **state)
{
    st_spill s;
    unsigned char *p[BLOCKS];
    (void)state;
    open_spill(&s, UINT64_MAX);
    for (size_t turn = 0; turn < 3; turn++) {
        for (size_t i = 0; i < BLOCKS; i++) {
            p[i] = st_spill_alloc(&s, SIZES[i], true);
            assert_non_null(p[i]);
            assert_true(st_spill_has(&s, p[i]));
            assert_int_equal((uintptr_t)p[i] % _Alignof(max_align_t), 0);
            assert_true(st_spill_size(p[i]) >= SIZES[i]);
            for (size_t k = 0; k < SIZES[i]; k++)
                assert_int_equal(p[i][k], 0);
            fill(p[i], SIZES[i], i);
        }
        for (size_t i = 0; i < BLOCKS; i++)
            assert_true(is_filled(p[i], SIZES[i], i));
        for (size_t i = 0; i < BLOCKS; i++)
            st_spill_free(&s, p[i]);
    }
    int other;
    assert_false(st_spill_has(&s, &other));
    assert_false(st_spill_has(&s, NULL));
}

static void spill__a_small_block_freed__is_used_again(void **state)
{
    st_spill s;
    (void)state;
    open_spill(&s, UINT64_MAX);
    static const size_t sizes[] = { 100000, (1 << 20) + 32 }; /* and an arena's, with its head */
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        void *first = st_spill_alloc(&s, sizes[i], false);
        st_spill_free(&s, first);
        assert_ptr_equal(st_spill_alloc(&s, sizes[i] + 1, false), first);
        assert_ptr_not_equal(st_spill_alloc(&s, sizes[i] + 1, false), first);
    }
}

static void spill__a_large_block_freed__gives_the_disk_back(void **state)
{
    st_spill s;
    struct stat sb;
    (void)state;
    open_spill(&s, UINT64_MAX);
    for (size_t i = 0; i < 8; i++) {
        unsigned char *p = st_spill_alloc(&s, 8 << 20, false);
        assert_non_null(p);
        fill(p, 8 << 20, i);
        st_spill_free(&s, p);
    }
    assert_int_equal(fstat(s.fd, &sb), 0);
    assert_true(sb.st_blocks * 512 < 8 << 20);
    assert_true(s.peak < 9 << 20);
    assert_int_equal(s.used, 0);
}

static void spill__disk_not_given_back__counts_as_used(void **state)
{
    st_spill s;
    (void)state;
    open_spill(&s, UINT64_MAX);
    void *p = st_spill_alloc(&s, 8 << 20, false);
    uint64_t used = s.used;
    s.fd = -1; /* a file system without holes */
    st_spill_free(&s, p);
    assert_int_equal(s.used, used);
}

/* Free room is looked at for what was taken, wherever that lies. */
static void spill__grown_below_the_end__counts_what_was_taken(void **state)
{
    st_spill s;
    (void)state;
    open_spill(&s, UINT64_MAX);
    void *p = st_spill_grow(&s, st_spill_alloc(&s, 1, false), ST_SPILL_UNIT);
    assert_non_null(st_spill_alloc(&s, 32 << 20, false)); /* looked at */
    assert_int_equal(s.unlooked, 0);
    assert_ptr_equal(st_spill_grow(&s, p, 3 * ST_SPILL_UNIT - 16), p);
    assert_int_equal(s.unlooked, ST_SPILL_UNIT);
}

static void spill__growing__keeps_what_was_there(void **state)
{
    st_spill s;
    size_t n = 100, moves = 0;
    (void)state;
    open_spill(&s, UINT64_MAX);
    unsigned char *p = st_spill_alloc(&s, n, false);
    fill(p, n, 3);
    while (n < 30000000) {
        size_t old = n;
        n += n / 2 + 1;
        unsigned char *q = st_spill_grow(&s, p, n);
        assert_non_null(q);
        moves += q != p;
        assert_true(is_filled(q, old, 3));
        p = q;
        fill(p, n, 3);
        assert_non_null(st_spill_alloc(&s, 1, false)); /* so that the next lies right behind */
    }
    assert_true(moves < 6);
    assert_ptr_equal(st_spill_grow(&s, p, 10), p);
    assert_true(is_filled(p, 10, 3));
}

static void spill__no_room__is_an_error_and_harms_nothing(void **state)
{
    st_spill s;
    (void)state;
    open_spill(&s, 4 * ST_SPILL_UNIT);
    unsigned char *p = st_spill_alloc(&s, 2 * ST_SPILL_UNIT - 16, false);
    assert_non_null(p);
    fill(p, 2 * ST_SPILL_UNIT - 16, 1);
    assert_int_equal(s.full, 0);
    assert_null(st_spill_alloc(&s, 2 * ST_SPILL_UNIT - 15, false));
    assert_int_equal(s.full, EDQUOT);
    assert_null(st_spill_grow(&s, p, 4 * ST_SPILL_UNIT));
    assert_null(st_spill_alloc(&s, SIZE_MAX, false));
    assert_null(st_spill_alloc(&s, SIZE_MAX / 2, true));
    assert_null(st_spill_grow(&s, p, SIZE_MAX));
    assert_true(is_filled(p, 2 * ST_SPILL_UNIT - 16, 1));
    assert_non_null(st_spill_alloc(&s, 2 * ST_SPILL_UNIT - 16, false));
}

static void spill__a_child__sees_no_block(void **state)
{
    st_spill s;
    int status;
    (void)state;
    open_spill(&s, UINT64_MAX);
    unsigned char *volatile p = st_spill_alloc(&s, 100, true);
    pid_t child = fork();
    assert_true(child >= 0);
    if (!child) {
        signal(SIGSEGV, SIG_DFL); /* the frame's of tests takes it for a test that failed */
        signal(SIGBUS, SIG_DFL);
        *p = 1;
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_false(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    assert_int_equal(*p, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spill__blocks_of_each_size__hold_what_is_put_and_lie_apart),
        cmocka_unit_test(spill__a_small_block_freed__is_used_again),
        cmocka_unit_test(spill__a_large_block_freed__gives_the_disk_back),
        cmocka_unit_test(spill__disk_not_given_back__counts_as_used),
        cmocka_unit_test(spill__grown_below_the_end__counts_what_was_taken),
        cmocka_unit_test(spill__growing__keeps_what_was_there),
        cmocka_unit_test(spill__no_room__is_an_error_and_harms_nothing),
        cmocka_unit_test(spill__a_child__sees_no_block),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
