/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* test_evidence.c - what becomes a source, in which order, under which name. */
#include "shelltree/evidence.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

/* Each test runs inside a folder of its own. */
typedef struct room {
    char dir[64];
    int back;
    int input;
} room;

static int enter(void **state)
{
    room *r = calloc(1, sizeof *r);
    assert_non_null(r);
    snprintf(r->dir, sizeof r->dir, "/tmp/shelltree-test-XXXXXX");
    r->back = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    r->input = dup(STDIN_FILENO);
    if (r->back < 0 || !mkdtemp(r->dir) || chdir(r->dir) != 0)
        return -1;
    *state = r;
    return 0;
}

static int leave(void **state)
{
    room *r = *state;
    if (r->input >= 0) {
        dup2(r->input, STDIN_FILENO);
        close(r->input);
    }
    int rc = fchdir(r->back);
    close(r->back);
    pid_t pid = fork();
    if (pid == 0) {
        execl("/bin/rm", "rm", "-rf", "--", r->dir, (char *)NULL);
        _exit(127);
    }
    int status = 0;
    if (pid < 0 || waitpid(pid, &status, 0) != pid)
        rc = -1;
    free(r);
    return rc;
}

static void put_bytes(const char *path, const void *p, size_t n)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, p, n), (ssize_t)n);
    close(fd);
}

/* A file of n zeros with some bytes at a place. */
static void put_at(const char *path, size_t n, size_t at, const void *p, size_t np)
{
    char *all = calloc(1, n ? n : 1);
    assert_non_null(all);
    if (np)
        memcpy(all + at, p, np);
    put_bytes(path, all, n);
    free(all);
}

static void put_log(const char *path)
{
    put_at(path, 4096, 0, "ElfFile", 8);
}

static st_evidence *sealed(const char *const *paths, size_t n, bool carve, bool duplicates)
{
    st_evidence *e = st_evidence_new();
    st_err err = { 0 };
    assert_non_null(e);
    for (size_t i = 0; i < n; i++)
        if (st_evidence_add(e, st_str_of(paths[i]), &err))
            fail_msg("%s: %s", paths[i], err.text);
    if (st_evidence_seal(e, carve, duplicates, &err))
        fail_msg("%s", err.text);
    return e;
}

static st_evidence *sealed1(const char *path)
{
    return sealed(&path, 1, false, false);
}

static void expect_names(const st_evidence *e, const char *const *names, size_t n)
{
    for (size_t i = 0; i < st_evidence_count(e) && i < n; i++) {
        st_str name = st_evidence_at(e, i)->name;
        if (!st_str_eq(name, st_str_of(names[i])))
            fail_msg("place %zu: %.*s instead of %s", i, ST_FMT(name), names[i]);
        assert_int_equal(name.p[name.n], 0);
    }
    assert_int_equal(st_evidence_count(e), n);
}
#define NAMES(e, ...)                                              \
    do {                                                           \
        static const char *const names_[] = { __VA_ARGS__ };       \
        expect_names(e, names_, sizeof names_ / sizeof names_[0]); \
    } while (0)

static void expect(const st_source *s, st_status status, const char *kind)
{
    assert_non_null(s);
    if (s->status != status || !st_str_eq(s->kind, st_str_of(kind)))
        fail_msg("%.*s: status %d kind %.*s", ST_FMT(s->name), (int)s->status, ST_FMT(s->kind));
}

static void sniff__each_first_bytes__tell_the_kind(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t n, at, size;
        const char *kind;
        st_status status;
    } rows[] = {
        { "ElfFile", 8, 0, 4096, "evtx", ST_S_OK },
        { "ElfFile", 8, 0, 8, "evtx", ST_S_OK },
        { "ElfFile", 7, 0, 7, "text", ST_S_OTHER },
        { "ElfChnk", 8, 0, 65536, "evtx", ST_S_OK },
        { "ElfChnk", 8, 4096, 69632, "evtx", ST_S_OK },
        { "ElfChnk", 8, 4096, 4104, "evtx", ST_S_OK },
        { "ElfChnk", 8, 4096 + 65536, 200000, "evtx", ST_S_OK },
        { "ElfChnk", 8, 4096 + 5 * 65536, 500000, "evtx", ST_S_OK },
        { "ElfChnk", 8, 4096 + 512, 4096 + 512 + 65536, "evtx", ST_S_OK },
        { "ElfChnk", 8, 4096 + 512, 200000, "event log chunks", ST_S_OK },
        { "", 0, 0, 0, "empty", ST_S_EMPTY },
        { "", 0, 0, 100000, "zeros", ST_S_OTHER },
        { "PK\3\4", 4, 0, 100, "zip archive", ST_S_DAMAGED },
        { "7z\xbc\xaf\x27\x1c", 6, 0, 100, "7z archive", ST_S_UNOPENED },
        { "\x1f\x8b\x08", 3, 0, 100, "gzip", ST_S_UNOPENED },
        { "\xfd"
          "7zXZ",
          6, 0, 100, "xz", ST_S_UNOPENED },
        { "ustar", 5, 257, 1024, "tar archive", ST_S_UNOPENED },
        { "SQLite format 3", 16, 0, 4096, "SQLite database", ST_S_UNOPENED },
        { "MZ", 2, 0, 4096, "PE program", ST_S_OTHER },
        { "regf", 4, 0, 4096, "registry hive", ST_S_OTHER },
        { "EVF\x09\x0d\x0a\xff", 8, 0, 4096, "E01 disk image", ST_S_UNOPENED },
        { "vhdxfile", 8, 0, 4096, "VHDX disk image", ST_S_UNOPENED },
        { "h\xc3\xa9llo\r\n", 8, 0, 8, "text", ST_S_OTHER },
        { "\xff\xfe<\0", 4, 0, 4, "text", ST_S_OTHER },
        { "\1\2\3\4", 4, 0, 5000, "unknown", ST_S_OTHER },
        { "x", 1, 200, 5000, "unknown", ST_S_OTHER },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        put_at("f", rows[i].size, rows[i].at, rows[i].bytes, rows[i].n);
        st_evidence *e = sealed1("f");
        const st_source *s = st_evidence_at(e, 0);
        if (!st_str_eq(s->kind, st_str_of(rows[i].kind)) || s->status != rows[i].status)
            fail_msg("row %zu: %.*s, status %d", i, ST_FMT(s->kind), (int)s->status);
        assert_int_equal(s->size, rows[i].size);
        assert_int_equal(st_source_readable(s), rows[i].status == ST_S_OK);
        assert_int_equal(st_source_short(s), rows[i].status != ST_S_OK);
        st_evidence_free(e);
    }
}

static void sniff__chunk_behind_a_foreign_header__is_a_log(void **state)
{
    (void)state;
    char all[8192];
    memset(all, 'x', sizeof all);
    memcpy(all + 4096, "ElfChnk", 8);
    put_bytes("f", all, sizeof all);
    st_evidence *e = sealed1("f");
    expect(st_evidence_at(e, 0), ST_S_OK, "evtx");
    st_evidence_free(e);
}

/* Off the grid, but in line: bytes are missing in front of it. */
static void sniff__chunks_in_line__are_a_log(void **state)
{
    (void)state;
    char *all = malloc(200000);
    assert_non_null(all);
    for (unsigned in_line = 0; in_line < 2; in_line++) {
        memset(all, 1, 200000);
        memcpy(all + 1024, "ElfChnk", 8);
        memcpy(all + 1024 + 65536 + (in_line ? 0 : 512), "ElfChnk", 8);
        put_bytes("f", all, 200000);
        st_evidence *e = sealed1("f");
        expect(st_evidence_at(e, 0), ST_S_OK, in_line ? "evtx" : "event log chunks");
        st_evidence_free(e);
    }
    free(all);
}

static void seal__carve__takes_unknown_kinds_only(void **state)
{
    (void)state;
    assert_int_equal(mkdir("d", 0700), 0);
    put_bytes("d/raw", "\1\2\3", 3);
    put_bytes("d/text", "abc", 3);
    put_bytes("d/zip", "PK\3\4", 4);
    const char *paths[] = { "d" };
    st_evidence *e = sealed(paths, 1, true, false);
    NAMES(e, "d/raw", "d/text", "d/zip");
    assert_true(st_source_readable(st_evidence_at(e, 0)));
    assert_false(st_source_readable(st_evidence_at(e, 1)));
    assert_false(st_source_readable(st_evidence_at(e, 2)));
    assert_true(st_source_short(st_evidence_at(e, 2))); /* it may hold logs */
    st_evidence_free(e);
}

/* Met while walking: what can't hold events is passed over; what may, and what is named as a log
 * and is none, is said with what to do. */
static void walk__files_that_are_no_logs__told_apart(void **state)
{
    (void)state;
    static unsigned char random[5000];
    static const struct {
        const char *name, *bytes;
        size_t n, size;
        st_status status;
        const char *reason; /* what it holds */
    } rows[] = {
        { "d/a.txt", "notes", 5, 5, ST_S_OTHER, "" },
        { "d/a.png", "\x89PNG", 4, 100, ST_S_OTHER, "" },
        { "d/a.exe", "MZ", 2, 100, ST_S_OTHER, "" },
        { "d/nothing", "", 0, 0, ST_S_EMPTY, "" },
        { "d/space", "", 0, 70000, ST_S_OTHER, "" },
        { "d/strange", "\1\2\3", 3, 5000, ST_S_OTHER, "" },
        { "d/a.evtx", "", 0, 0, ST_S_GONE, "empty" },
        { "d/a.EVTX", "", 0, 70000, ST_S_GONE, "70000 bytes are zero" },
        { "d/b.evt", "notes", 5, 5, ST_S_GONE, "text" },
        { "d/c.evtx", "\1\2\3", 3, 5000, ST_S_GONE, "--carve" },
        { "d/d.evtx", "version https://git-lfs.github.com/spec/v1\n", 43, 43, ST_S_UNOPENED,
          "git lfs pull" },
        { "d/e.evtx", "/annex/objects/MD5-s1--", 23, 23, ST_S_UNOPENED, "git annex get" },
        { "d/a.zip", "PK\3\4", 4, 100, ST_S_DAMAGED, "cut off" },
        { "d/a.enc", "ENCRYPTEDACQUIRE", 16, 100, ST_S_UNOPENED, "decrypt" },
        { "d/b.enc", "\1", 1, 100, ST_S_UNOPENED, "decrypt" },
        { "d/a.gpg", (const char *)random, sizeof random, sizeof random, ST_S_UNOPENED, "decrypt" },
        { "d/a.img", "\x55\xaa", 2, 5000, ST_S_UNOPENED, "mount" },
        { "d/a.mem", "\1", 1, 5000, ST_S_UNOPENED, "--carve" },
        { "d/a.db", "SQLite format 3", 16, 4096, ST_S_UNOPENED, "export" },
        { "d/b.db", "SQLite format 3\0CREATE TABLE urls(", 34, 4096, ST_S_OTHER, "" },
        { "d/c.db", "SQLite format 3\0CREATE TABLE timeline(", 38, 4096, ST_S_UNOPENED, "export" },
        { "d/a.xml", "<Event ><System>", 16, 16, ST_S_OK, "" },
        { "d/b.xml", "\xff\xfe<\0E\0v\0e\0n\0t\0>\0<\0S\0y\0s\0t\0e\0m\0", 30, 30, ST_S_OK, "" },
        { "d/c.xml", "<Events><Event>a birthday", 25, 25, ST_S_OTHER, "" },
        { "d/d.xml", "<EventFiltering><System>", 24, 24, ST_S_OTHER, "" },
        { "d/a.json", "{\"EventID\":1}", 13, 13, ST_S_OK, "" },
        { "d/b.json", "{\"Event\":1}", 11, 11, ST_S_OTHER, "" },
        { "d/c.json", "{\"RuleTitle\":1,\"Details\":2,\"Computer\":3,\"EventID\":1}", 53, 53,
          ST_S_OTHER, "" },
        { "d/a.journal", "LPKSHHRH", 8, 100, ST_S_UNOPENED, "journalctl" },
    };
    uint32_t seed = 1;
    for (size_t i = 0; i < sizeof random; i++) {
        seed = seed * 1664525u + 1013904223u;
        random[i] = (unsigned char)(seed >> 24);
    }
    assert_int_equal(mkdir("d", 0700), 0);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        put_at(rows[i].name, rows[i].size, strstr(rows[i].name, ".img") ? 510 : 0, rows[i].bytes,
               rows[i].n);
        st_evidence *e = sealed1("d");
        const st_source *s = st_evidence_at(e, 0);
        st_buf why = { 0 };
        st_buf_str(&why, s->reason);
        st_buf_char(&why, '\0');
        if (s->status != rows[i].status || !strstr(why.p, rows[i].reason) ||
            st_source_short(s) != (rows[i].status >= ST_S_GONE || rows[i].status == ST_S_DAMAGED))
            fail_msg("%s: status %d, %.*s: %s", rows[i].name, (int)s->status, ST_FMT(s->kind),
                     why.p);
        st_buf_free(&why);
        st_evidence_free(e);
        assert_int_equal(unlink(rows[i].name), 0);
    }
}

static void walk__any_order_of_paths__gives_names_by_bytes(void **state)
{
    (void)state;
    static const char *const dirs[] = { "b", "b/x", "a" };
    static const char *const logs[] = { "b/x/2", "b/x.1", "b/\xff", "b/Z", "a/n\nl", "c" };
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(mkdir(dirs[i], 0700), 0);
    for (size_t i = 0; i < 6; i++)
        put_log(logs[i]);
    const char *one[] = { "c", "b", "a" }, *two[] = { "a", "c", "b" };
    st_evidence *e = sealed(one, 3, false, false), *f = sealed(two, 3, false, false);
    NAMES(e, "a/n\nl", "b/Z", "b/x.1", "b/x/2", "b/\xff", "c");
    NAMES(f, "a/n\nl", "b/Z", "b/x.1", "b/x/2", "b/\xff", "c");
    assert_true(st_evidence_at(e, 5)->named);
    assert_false(st_evidence_at(e, 0)->named);
    st_evidence_free(e);
    st_evidence_free(f);
}

static void walk__argument_ends_in_a_slash__no_slash_is_doubled(void **state)
{
    (void)state;
    assert_int_equal(mkdir("a", 0700), 0);
    put_log("a/l");
    st_evidence *e = sealed1("a/");
    NAMES(e, "a/l");
    st_evidence_free(e);
    e = sealed1("./a//");
    NAMES(e, "./a//l");
    st_evidence_free(e);
}

static void walk__links__followed_only_when_named(void **state)
{
    (void)state;
    assert_int_equal(mkdir("d", 0700), 0);
    assert_int_equal(mkdir("out", 0700), 0);
    put_log("out/log");
    assert_int_equal(symlink("..", "d/loop"), 0);
    assert_int_equal(symlink("../out", "d/dir"), 0);
    assert_int_equal(symlink("../out/log", "d/file"), 0);
    assert_int_equal(symlink("nowhere", "d/dangling"), 0);
    assert_int_equal(symlink("out", "named"), 0);
    st_evidence *e = sealed1("d");
    NAMES(e, "d/dangling", "d/dir", "d/file", "d/loop");
    for (size_t i = 0; i < 4; i++) {
        expect(st_evidence_at(e, i), ST_S_OTHER, "symbolic link");
        assert_false(st_source_short(st_evidence_at(e, i)));
    }
    st_evidence_free(e);
    e = sealed1("named");
    NAMES(e, "named/log");
    expect(st_evidence_at(e, 0), ST_S_OK, "evtx");
    st_evidence_free(e);
    e = sealed1("d/file");
    NAMES(e, "d/file");
    expect(st_evidence_at(e, 0), ST_S_OK, "evtx");
    st_evidence_free(e);
}

static void walk__pipe__is_never_opened(void **state)
{
    (void)state;
    assert_int_equal(mkdir("d", 0700), 0);
    assert_int_equal(mkfifo("d/p", 0600), 0);
    st_evidence *e = sealed1("d");
    expect(st_evidence_at(e, 0), ST_S_OTHER, "pipe");
    assert_false(st_source_short(st_evidence_at(e, 0)));
    st_evidence_free(e);
    e = sealed1("d/p");
    expect(st_evidence_at(e, 0), ST_S_OTHER, "pipe");
    assert_true(st_source_short(st_evidence_at(e, 0)));
    st_evidence_free(e);
    e = sealed1("/dev/null");
    expect(st_evidence_at(e, 0), ST_S_OTHER, "character device");
    st_evidence_free(e);
}

static void walk__no_such_path__is_an_unreadable_source(void **state)
{
    (void)state;
    static const char *const paths[] = { "nothing", "" };
    for (size_t i = 0; i < 2; i++) {
        st_evidence *e = sealed1(paths[i]);
        const st_source *s = st_evidence_at(e, 0);
        assert_int_equal(s->status, ST_S_UNREADABLE);
        assert_true(st_str_eq(s->reason, st_str_of(strerror(ENOENT))));
        assert_true(s->named);
        assert_true(st_source_short(s));
        st_evidence_free(e);
    }
}

static void walk__no_permission__is_an_unreadable_source(void **state)
{
    (void)state;
    if (geteuid() == 0) {
        print_message("skipped: the superuser may read anything\n");
        skip();
    }
    assert_int_equal(mkdir("d", 0700), 0);
    assert_int_equal(mkdir("d/shut", 0000), 0);
    put_log("d/x");
    assert_int_equal(chmod("d/x", 0), 0);
    st_evidence *e = sealed1("d");
    NAMES(e, "d/shut", "d/x");
    for (size_t i = 0; i < 2; i++) {
        const st_source *s = st_evidence_at(e, i);
        assert_int_equal(s->status, ST_S_UNREADABLE);
        assert_true(st_str_eq(s->reason, st_str_of(strerror(EACCES))));
    }
    st_evidence_free(e);
}

static void seal__one_file_under_two_names__is_one_source(void **state)
{
    (void)state;
    assert_int_equal(mkdir("d", 0700), 0);
    put_log("d/z");
    assert_int_equal(link("d/z", "d/a"), 0);
    const char *paths[] = { "d", "d/z", "./d" };
    st_evidence *e = sealed(paths, 3, false, false);
    NAMES(e, "./d/a");
    assert_true(st_evidence_at(e, 0)->named);
    st_evidence_free(e);
    e = sealed(paths, 3, false, true);
    NAMES(e, "./d/a", "./d/z", "d/a", "d/z", "d/z");
    st_evidence_free(e);
}

static void walk__path_longer_than_the_system_takes__is_read(void **state)
{
    (void)state;
    char name[201];
    memset(name, 'n', 200);
    name[200] = 0;
    int at = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    for (int i = 0; i < 30; i++) {
        assert_int_equal(mkdirat(at, name, 0700), 0);
        int next = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        assert_true(next >= 0);
        close(at);
        at = next;
    }
    int fd = openat(at, "log", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_int_equal(write(fd, "ElfFile", 8), 8);
    close(fd);
    close(at);
    st_evidence *e = sealed1(name);
    assert_int_equal(st_evidence_count(e), 1);
    assert_int_equal(st_evidence_at(e, 0)->name.n, 30 * 201 + 3);
    expect(st_evidence_at(e, 0), ST_S_OK, "evtx");
    st_evidence_free(e);
}

static void feed_input(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(dup2(fd, STDIN_FILENO), STDIN_FILENO);
    close(fd);
}

static void input__a_log__is_read_from_memory(void **state)
{
    (void)state;
    put_log("l");
    feed_input("l");
    st_evidence *e = sealed1("-");
    NAMES(e, "-");
    st_source *s = st_evidence_at(e, 0);
    expect(s, ST_S_OK, "evtx");
    assert_int_equal(s->size, 4096);
    st_file *f = NULL;
    char buf[16];
    size_t got = 0;
    assert_int_equal(st_file_open(s, &f, NULL), ST_OK);
    assert_int_equal(st_file_size(f), 4096);
    assert_int_equal(st_file_read(f, 4090, buf, sizeof buf, &got, NULL), ST_OK);
    assert_int_equal(got, 6);
    assert_int_equal(st_file_read(f, 0, buf, 8, &got, NULL), ST_OK);
    assert_memory_equal(buf, "ElfFile", 8);
    assert_int_equal(st_file_read(f, 9999, buf, 8, &got, NULL), ST_OK);
    assert_int_equal(got, 0);
    st_file_close(f);
    st_evidence_free(e);
}

static void input__named_twice__is_a_usage_error(void **state)
{
    (void)state;
    put_bytes("l", "", 0);
    feed_input("l");
    st_evidence *e = st_evidence_new();
    assert_int_equal(st_evidence_add(e, ST_STR("-"), NULL), ST_OK);
    assert_int_equal(st_evidence_add(e, ST_STR("-"), NULL), ST_E_USAGE);
    assert_int_equal(st_evidence_add_list(e, ST_STR("-"), false, NULL), ST_E_USAGE);
    assert_int_equal(st_evidence_seal(e, false, false, NULL), ST_OK);
    expect(st_evidence_at(e, 0), ST_S_EMPTY, "empty");
    st_evidence_free(e);
}

static void list__lines_or_nuls__from_file_and_input(void **state)
{
    (void)state;
    put_log("a");
    put_log("b\nc");
    static const struct {
        const char *text;
        size_t n;
        bool nul;
        const char *first, *second;
    } rows[] = {
        { "a\n\nmissing\n", 11, false, "a", "missing" },
        { "missing\na", 9, false, "a", "missing" },
        { "a\0b\nc\0", 6, true, "a", "b\nc" },
        { "b\nc\0a", 5, true, "a", "b\nc" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        put_bytes("list", rows[i].text, rows[i].n);
        feed_input("list");
        static const char *const from[] = { "list", "-" };
        for (size_t j = 0; j < 2; j++) {
            st_evidence *e = st_evidence_new();
            assert_int_equal(st_evidence_add_list(e, st_str_of(from[j]), rows[i].nul, NULL), ST_OK);
            assert_int_equal(st_evidence_seal(e, false, false, NULL), ST_OK);
            const char *want[] = { rows[i].first, rows[i].second };
            expect_names(e, want, 2);
            assert_true(st_evidence_at(e, 1)->named);
            st_evidence_free(e);
        }
    }
}

static void list__not_there__is_an_error(void **state)
{
    (void)state;
    st_evidence *e = st_evidence_new();
    st_err err = { 0 };
    assert_int_equal(st_evidence_add_list(e, ST_STR("none"), false, &err), ST_E_IO);
    assert_non_null(strstr(err.text, "none"));
    st_evidence_free(e);
}

static void contains__each_path__by_inode_not_by_spelling(void **state)
{
    (void)state;
    assert_int_equal(mkdir("in", 0700), 0);
    assert_int_equal(mkdir("in/deep", 0700), 0);
    assert_int_equal(mkdir("in2", 0700), 0);
    assert_int_equal(symlink("in/deep", "alias"), 0);
    put_log("in/log");
    put_log("file");
    assert_int_equal(link("in/log", "hard"), 0);
    const char *paths[] = { "in", "file" };
    st_evidence *e = sealed(paths, 2, false, false);
    static const struct {
        const char *path;
        bool in;
    } rows[] = {
        { "in", true },           { "in/", true },         { "in/new", true },
        { "in/new/newer", true }, { "./in/deep/x", true }, { "alias/x", true },
        { "in2/../in/x", true },  { "file", true },        { "hard", true },
        { "in2", false },         { "in2/x", false },      { "new", false },
        { "in.csv", false },      { ".", false },          { "/", false },
        { "in/../x", false },     { "new/dir/x", false },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (st_evidence_contains(e, rows[i].path) != rows[i].in)
            fail_msg("%s", rows[i].path);
    st_evidence_free(e);
}

static void file__shrunk_since_listed__reads_what_is_left(void **state)
{
    (void)state;
    put_log("l");
    st_evidence *e = sealed1("l");
    st_file *f = NULL;
    char buf[4096];
    size_t got = 0;
    assert_int_equal(truncate("l", 100), 0);
    assert_int_equal(st_file_open(st_evidence_at(e, 0), &f, NULL), ST_OK);
    assert_int_equal(st_file_size(f), 100);
    assert_int_equal(st_file_read(f, 0, buf, sizeof buf, &got, NULL), ST_OK);
    assert_int_equal(got, 100);
    assert_int_equal(st_file_read(f, UINT64_MAX, buf, sizeof buf, &got, NULL), ST_OK);
    assert_int_equal(got, 0);
    st_file_close(f);
    st_evidence_free(e);
}

/* 8 TiB without a byte, then a chunk: nobody waits for the zeros to be read. */
static void kind__of_a_hole__is_told_without_reading_it(void **state)
{
    static const off_t FAR = (off_t)1 << 43;
    (void)state;
    put_at("hole", 0, 0, NULL, 0);
    if (truncate("hole", FAR) != 0)
        skip();
    st_evidence *e = sealed1("hole");
    expect(st_evidence_at(e, 0), ST_S_OTHER, "zeros");
    st_evidence_free(e);
    int fd = open("hole", O_WRONLY);
    assert_int_equal(pwrite(fd, "ElfChnk", 8, FAR), 8);
    close(fd);
    e = sealed1("hole");
    assert_int_equal(st_evidence_at(e, 0)->status, ST_S_OK);
    st_file *f = NULL;
    assert_int_equal(st_file_open(st_evidence_at(e, 0), &f, NULL), ST_OK);
    uint64_t data = st_file_data(f, 0);
    assert_true(data <= (uint64_t)FAR);
    assert_true(st_file_data(f, (uint64_t)FAR) == (uint64_t)FAR);
    assert_true(st_file_data(f, UINT64_MAX) == UINT64_MAX);
    st_file_close(f);
    st_evidence_free(e);
    assert_int_equal(unlink("hole"), 0);
}

static void file__became_a_pipe_since_listed__is_refused(void **state)
{
    (void)state;
    put_log("l");
    st_evidence *e = sealed1("l");
    st_file *f = NULL;
    assert_int_equal(unlink("l"), 0);
    assert_int_equal(mkfifo("l", 0600), 0);
    assert_int_equal(st_file_open(st_evidence_at(e, 0), &f, NULL), ST_E_IO);
    assert_null(f);
    st_evidence_free(e);
}

static void report__neighbours_with_one_reason__grow_together(void **state)
{
    (void)state;
    st_report r = { 0 };
    st_report_lost(&r, 100, 10, "a");
    st_report_lost(&r, 120, 10, "a");
    st_report_lost(&r, 50, 5, "b");
    st_report_lost(&r, 130, 5, "b");
    st_report_lost(&r, 110, 10, "a");
    st_report_lost(&r, 7, 0, "a");
    assert_int_equal(r.lost.n, 3);
    assert_int_equal(r.lost.list[0].offset, 50);
    assert_int_equal(r.lost.list[1].offset, 100);
    assert_int_equal(r.lost.list[1].length, 30);
    assert_int_equal(r.lost.list[2].offset, 130);
    assert_int_equal(r.lost.bytes, 40);
    st_report s = { 0 };
    s.records = 3;
    r.records = 4;
    s.truncated = true;
    st_report_lost(&s, 10, 1, "c");
    st_report_merge(&r, &s);
    assert_int_equal(r.records, 7);
    assert_true(r.truncated);
    assert_int_equal(r.lost.bytes, 41);
    assert_int_equal(r.lost.list[0].offset, 10);
    assert_null(s.lost.list);
    assert_int_equal(s.records, 0);
    st_report_free(&r);
}

/* What was left over and can't be read is told of, and is no damage. */
static void report__left_over__is_kept_apart(void **state)
{
    (void)state;
    st_report r = { 0 }, s = { 0 };
    st_report_left(&r, 100, 20, "no-template");
    st_report_left(&s, 120, 8, "no-template");
    st_report_lost(&s, 128, 8, "no-template");
    st_report_merge(&r, &s);
    assert_int_equal(r.left.n, 1);
    assert_int_equal(r.left.list[0].length, 28);
    assert_int_equal(r.left.bytes, 28);
    assert_int_equal(r.lost.n, 1);
    assert_int_equal(r.lost.bytes, 8);
    st_report_free(&r);
}

static void report__too_many_ranges__keeps_the_first_by_offset(void **state)
{
    (void)state;
    st_report r = { 0 };
    for (uint64_t i = 5000; i > 0; i--)
        st_report_lost(&r, i * 10, 1, "a");
    assert_int_equal(r.lost.list[0].offset, 10);
    assert_int_equal(r.lost.list[r.lost.n - 1].offset, r.lost.n * 10);
    assert_int_equal(r.lost.n + r.lost.dropped, 5000);
    assert_int_equal(r.lost.bytes, 5000);
    st_report_free(&r);
}

/* What can be read has an account of its own; a file that is passed over is told of once. */
static void again__readable_or_not__shares_only_what_nobody_reads(void **state)
{
    (void)state;
    put_log("a.evtx");
    put_at("b.txt", 4, 0, "text", 4);
    put_log("c.evtx");
    put_log("d.evtx");
    const char *paths[] = { "a.evtx", "b.txt", "c.evtx", "d.evtx" };
    st_evidence *e = sealed(paths, 4, false, true);
    st_report_lost(st_evidence_at(e, 2)->report, 5, 1, "here");
    st_evidence_at(e, 3)->status = ST_S_EMPTY; /* as a reader leaves one without a record */
    st_evidence *again = st_evidence_again(e);
    assert_non_null(again);
    assert_int_equal(st_evidence_count(again), 4);
    for (size_t i = 0; i < 4; i++) {
        st_source *one = st_evidence_at(e, i), *other = st_evidence_at(again, i);
        assert_true(st_str_eq(one->name, other->name));
        assert_int_equal(one == other, i == 1);
        assert_int_equal(st_source_readable(one), i != 1 && i != 3);
    }
    assert_null(st_evidence_at(again, 4));
    assert_int_equal(st_evidence_at(again, 2)->report->lost.bytes, 0);
    st_report_lost(st_evidence_at(again, 0)->report, 5, 1, "there");
    assert_int_equal(st_evidence_at(e, 0)->report->lost.bytes, 0);
    st_evidence_free(again);
    assert_int_equal(st_evidence_at(e, 2)->report->lost.bytes, 1);
    st_evidence_free(e);
}

#define IN_ROOM(f) cmocka_unit_test_setup_teardown(f, enter, leave)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_ROOM(sniff__each_first_bytes__tell_the_kind),
        IN_ROOM(sniff__chunk_behind_a_foreign_header__is_a_log),
        IN_ROOM(sniff__chunks_in_line__are_a_log),
        IN_ROOM(walk__files_that_are_no_logs__told_apart),
        IN_ROOM(seal__carve__takes_unknown_kinds_only),
        IN_ROOM(walk__any_order_of_paths__gives_names_by_bytes),
        IN_ROOM(walk__argument_ends_in_a_slash__no_slash_is_doubled),
        IN_ROOM(walk__links__followed_only_when_named),
        IN_ROOM(walk__pipe__is_never_opened),
        IN_ROOM(walk__no_such_path__is_an_unreadable_source),
        IN_ROOM(walk__no_permission__is_an_unreadable_source),
        IN_ROOM(seal__one_file_under_two_names__is_one_source),
        IN_ROOM(walk__path_longer_than_the_system_takes__is_read),
        IN_ROOM(input__a_log__is_read_from_memory),
        IN_ROOM(input__named_twice__is_a_usage_error),
        IN_ROOM(list__lines_or_nuls__from_file_and_input),
        IN_ROOM(list__not_there__is_an_error),
        IN_ROOM(contains__each_path__by_inode_not_by_spelling),
        IN_ROOM(file__shrunk_since_listed__reads_what_is_left),
        IN_ROOM(kind__of_a_hole__is_told_without_reading_it),
        IN_ROOM(file__became_a_pipe_since_listed__is_refused),
        IN_ROOM(again__readable_or_not__shares_only_what_nobody_reads),
        cmocka_unit_test(report__neighbours_with_one_reason__grow_together),
        cmocka_unit_test(report__left_over__is_kept_apart),
        cmocka_unit_test(report__too_many_ranges__keeps_the_first_by_offset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
