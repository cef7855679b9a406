/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* test_archive.c - archives in, sources out: which, under which name, and what is said of what
 * isn't read. */
#include "shelltree/evidence.h"
#include "base/limits.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

enum { LOG = 69632, MOST = 1 << 20 };

static char dir[64];

static int enter(void **state)
{
    (void)state;
    snprintf(dir, sizeof dir, "/tmp/shelltree-test-XXXXXX");
    return mkdtemp(dir) && chdir(dir) == 0 ? 0 : -1;
}

static int leave(void **state)
{
    char command[128];
    (void)state;
    snprintf(command, sizeof command, "rm -rf -- %s", dir);
    return chdir("/") == 0 && system(command) == 0 ? 0 : -1; /* NOLINT: a name made here */
}

/* making archives */

typedef struct blob {
    unsigned char *p;
    size_t n;
} blob;

/* What looks like a log of two chunks; the seed makes logs differ. */
static blob a_log(unsigned seed)
{
    blob b = { calloc(1, LOG), LOG };
    assert_non_null(b.p);
    memcpy(b.p, "ElfFile", 8);
    memcpy(b.p + 4096, "ElfChnk", 8);
    for (size_t i = 5000; i < LOG; i++) {
        seed = seed * 1103515245u + 12345u;
        b.p[i] = (unsigned char)(seed >> 16);
    }
    return b;
}

typedef struct entry {
    const char *name;
    blob body;
    const char *link; /* a symbolic link to this, instead */
} entry;

static blob packed(int format, int filter, const char *options, const entry *entries, size_t n)
{
    static unsigned char room[4 * MOST];
    size_t used = 0;
    struct archive *a = archive_write_new();
    assert_non_null(a);
    assert_int_equal(archive_write_set_format(a, format), ARCHIVE_OK);
    if (filter)
        assert_int_equal(archive_write_add_filter(a, filter), ARCHIVE_OK);
    archive_write_set_bytes_in_last_block(a, 1);
    if (options && archive_write_set_options(a, options) != ARCHIVE_OK)
        fail_msg("%s: %s", options, archive_error_string(a));
    if (options && strstr(options, "encryption"))
        archive_write_set_passphrase(a, "secret");
    assert_int_equal(archive_write_open_memory(a, room, sizeof room, &used), ARCHIVE_OK);
    for (size_t i = 0; i < n; i++) {
        struct archive_entry *e = archive_entry_new();
        archive_entry_set_pathname(e, entries[i].name);
        archive_entry_set_filetype(e, entries[i].link ? AE_IFLNK : AE_IFREG);
        archive_entry_set_perm(e, 0644);
        archive_entry_set_size(e, entries[i].link ? 0 : (la_int64_t)entries[i].body.n);
        if (entries[i].link)
            archive_entry_set_symlink(e, entries[i].link);
        if (archive_write_header(a, e) < ARCHIVE_WARN)
            fail_msg("%s", archive_error_string(a));
        if (!entries[i].link && entries[i].body.n)
            assert_int_equal(archive_write_data(a, entries[i].body.p, entries[i].body.n),
                             (la_ssize_t)entries[i].body.n);
        archive_entry_free(e);
    }
    assert_int_equal(archive_write_close(a), ARCHIVE_OK);
    archive_write_free(a);
    blob b = { malloc(used + 1), used };
    assert_non_null(b.p);
    memcpy(b.p, room, used);
    return b;
}

static void put(const char *path, blob b)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, b.p, b.n), (ssize_t)b.n);
    close(fd);
}

static st_evidence *sealed(const char *path, const st_intake *how, bool duplicates)
{
    st_evidence *e = st_evidence_new();
    st_err err = { 0 };
    assert_non_null(e);
    if (how)
        st_evidence_intake(e, how);
    if (st_evidence_add(e, st_str_of(path), &err) || st_evidence_seal(e, false, duplicates, &err))
        fail_msg("%s", err.text);
    return e;
}

static const st_source *find(const st_evidence *e, const char *name)
{
    for (size_t i = 0; i < st_evidence_count(e); i++)
        if (st_str_eq(st_evidence_at(e, i)->name, st_str_of(name)))
            return st_evidence_at(e, i);
    for (size_t i = 0; i < st_evidence_count(e); i++)
        print_message("there is %.*s\n", ST_FMT(st_evidence_at(e, i)->name));
    fail_msg("no source %s", name);
    return NULL;
}

static void expect_status(const st_source *s, st_status status, const char *word)
{
    char reason[512];
    snprintf(reason, sizeof reason, "%.*s%.*s", ST_FMT(s->reason), ST_FMT(s->broken));
    if (s->status != status || (word && !strstr(reason, word)))
        fail_msg("%.*s: status %d, reason '%s', kind %.*s", ST_FMT(s->name), (int)s->status, reason,
                 ST_FMT(s->kind));
}

static void expect_bytes(const st_source *s, blob b)
{
    st_file *f = NULL;
    unsigned char *p = calloc(1, b.n + 2);
    size_t got = 0;
    assert_non_null(p);
    assert_int_equal(st_file_open(s, &f, NULL), ST_OK);
    assert_int_equal(st_file_size(f), b.n);
    assert_int_equal(s->size, b.n);
    assert_int_equal(st_file_read(f, 0, p, b.n + 1, &got, NULL), ST_OK);
    assert_int_equal(got, b.n);
    assert_memory_equal(p, b.p, b.n);
    assert_int_equal(st_file_read(f, 100, p, 7, &got, NULL), ST_OK);
    assert_int_equal(got, 7);
    assert_memory_equal(p, b.p + 100, 7);
    st_file_close(f);
    free(p);
}

/* tests */

static void formats__a_log_and_a_text__give_the_same_bytes(void **state)
{
    static const struct {
        int format, filter;
        const char *options;
    } rows[] = {
        { ARCHIVE_FORMAT_ZIP, 0, NULL },
        { ARCHIVE_FORMAT_ZIP, 0, "compression=store" },
        { ARCHIVE_FORMAT_7ZIP, 0, NULL },
        { ARCHIVE_FORMAT_TAR_USTAR, 0, NULL },
        { ARCHIVE_FORMAT_TAR_PAX_INTERCHANGE, 0, NULL },
        { ARCHIVE_FORMAT_TAR_GNUTAR, 0, NULL },
        { ARCHIVE_FORMAT_CPIO_SVR4_NOCRC, 0, NULL },
        { ARCHIVE_FORMAT_CPIO_POSIX, 0, NULL },
        { ARCHIVE_FORMAT_ISO9660, 0, NULL },
        { ARCHIVE_FORMAT_TAR_USTAR, ARCHIVE_FILTER_GZIP, NULL },
        { ARCHIVE_FORMAT_TAR_USTAR, ARCHIVE_FILTER_BZIP2, NULL },
        { ARCHIVE_FORMAT_TAR_USTAR, ARCHIVE_FILTER_XZ, NULL },
        { ARCHIVE_FORMAT_TAR_USTAR, ARCHIVE_FILTER_ZSTD, NULL },
        { ARCHIVE_FORMAT_TAR_USTAR, ARCHIVE_FILTER_LZ4, NULL },
        { ARCHIVE_FORMAT_CPIO_POSIX, ARCHIVE_FILTER_GZIP, NULL },
    };
    blob log = a_log(1), text = { (unsigned char *)strdup("hello\n"), 6 };
    const entry entries[] = { { "in/note.txt", text, NULL }, { "in/a.bin", log, NULL } };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        blob b = packed(rows[i].format, rows[i].filter, rows[i].options, entries, 2);
        put("x", b);
        st_evidence *e = sealed("x", NULL, false);
        const st_source *s = find(e, "x!in/a.bin");
        if (s->status != ST_S_OK)
            fail_msg("row %zu", i);
        expect_bytes(s, log);
        expect_status(find(e, "x"), ST_S_OPENED, NULL);
        assert_int_equal(find(e, "x")->members, 2);
        assert_false(st_source_readable(find(e, "x")));
        assert_false(st_source_short(find(e, "x")));
        expect_status(find(e, "x!in/note.txt"), ST_S_OTHER, NULL);
        st_evidence_free(e);
        free(b.p);
    }
    free(log.p);
    free(text.p);
}

static void compressed__a_log_alone__named_without_the_ending(void **state)
{
    static const struct {
        int filter;
        const char *name, *inner;
    } rows[] = {
        { ARCHIVE_FILTER_GZIP, "a.evtx.gz", "a.evtx.gz!a.evtx" },
        { ARCHIVE_FILTER_BZIP2, "b.BZ2", "b.BZ2!b" },
        { ARCHIVE_FILTER_XZ, "c.xz", "c.xz!c" },
        { ARCHIVE_FILTER_ZSTD, "d.zst", "d.zst!d" },
        { ARCHIVE_FILTER_LZ4, "e", "e!e" },
        { ARCHIVE_FILTER_GZIP, ".gz", ".gz!.gz" },
    };
    blob log = a_log(1);
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        blob b = packed(ARCHIVE_FORMAT_RAW, rows[i].filter, NULL, &(entry){ "x", log, NULL }, 1);
        put(rows[i].name, b);
        st_evidence *e = sealed(rows[i].name, NULL, false);
        expect_status(find(e, rows[i].inner), ST_S_OK, NULL);
        expect_bytes(find(e, rows[i].inner), log);
        st_evidence_free(e);
        free(b.p);
    }
    free(log.p);
}

/* libarchive takes two blocks of zeros for the end of a tar that is empty. */
static void compressed__zeros_first__do_not_vanish(void **state)
{
    static const int filters[] = { ARCHIVE_FILTER_GZIP, ARCHIVE_FILTER_XZ };
    (void)state;
    blob b = { calloc(1, MOST), MOST };
    assert_non_null(b.p);
    memcpy(b.p + MOST - 65536, "ElfChnk", 8);
    for (size_t i = 0; i < 2; i++) {
        blob z = packed(ARCHIVE_FORMAT_RAW, filters[i], NULL, &(entry){ "x", b, NULL }, 1);
        put("z", z);
        st_evidence *e = sealed("z", NULL, false);
        expect_status(find(e, "z!z"), ST_S_OK, NULL);
        expect_bytes(find(e, "z!z"), b);
        st_evidence_free(e);
        free(z.p);
    }
    free(b.p);
}

static blob zip_of(const char *name, blob b)
{
    return packed(ARCHIVE_FORMAT_ZIP, 0, NULL, &(entry){ name, b, NULL }, 1);
}

static void nested__up_to_the_depth__read_and_beyond_named(void **state)
{
    blob log = a_log(1);
    (void)state;
    blob one = zip_of("x.evtx", log);
    blob two = packed(ARCHIVE_FORMAT_7ZIP, 0, NULL, &(entry){ "1.zip", one, NULL }, 1);
    blob three =
        packed(ARCHIVE_FORMAT_TAR_USTAR, ARCHIVE_FILTER_GZIP, NULL, &(entry){ "2", two, NULL }, 1);
    blob four = zip_of("3.tgz", three);
    put("3.tgz", three);
    put("4.zip", four);
    st_evidence *e = sealed("3.tgz", NULL, false);
    expect_status(find(e, "3.tgz!2!1.zip!x.evtx"), ST_S_OK, NULL);
    expect_bytes(find(e, "3.tgz!2!1.zip!x.evtx"), log);
    st_evidence_free(e);
    e = sealed("4.zip", NULL, false);
    expect_status(find(e, "4.zip!3.tgz!2!1.zip"), ST_S_UNOPENED, "--archive-depth");
    st_evidence_free(e);
    e = sealed("4.zip", &(st_intake){ .depth = 4 }, false);
    expect_status(find(e, "4.zip!3.tgz!2!1.zip!x.evtx"), ST_S_OK, NULL);
    st_evidence_free(e);
    e = sealed("4.zip", &(st_intake){ .depth = 0 }, false);
    expect_status(find(e, "4.zip"), ST_S_UNOPENED, NULL);
    assert_int_equal(st_evidence_count(e), 1);
    st_evidence_free(e);
    free(one.p);
    free(two.p);
    free(three.p);
    free(four.p);
    free(log.p);
}

/* A 7z's directory is taken into memory whole, whatever size the start header says it has. */
static void bounds__7z_directory__is_in_the_file_and_no_larger_than_may_be(void **state)
{
    enum { SIZE_AT = 20, LARGE = 300 << 20 };
    static const struct {
        uint64_t more; /* than its size is */
        const char *word;
        bool large; /* the file is */
    } rows[] = {
        { 0, NULL, false },
        { 1, "damaged or cut off", false },
        { UINT64_C(30) << 30, "damaged or cut off", false },
        { UINT64_MAX / 2, "damaged or cut off", false },
        { ST_MAX_7Z_HEADER, "more memory than it may have", true },
    };
    blob log = a_log(1);
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        blob b = packed(ARCHIVE_FORMAT_7ZIP, 0, NULL, &(entry){ "a", log, NULL }, 1);
        uint64_t size = 0;
        memcpy(&size, b.p + SIZE_AT, sizeof size);
        size += rows[i].more;
        memcpy(b.p + SIZE_AT, &size, sizeof size);
        put("x.7z", b);
        if (rows[i].large)
            assert_int_equal(truncate("x.7z", LARGE), 0);
        st_evidence *e = sealed("x.7z", NULL, false);
        expect_status(find(e, "x.7z"), rows[i].word ? ST_S_UNOPENED : ST_S_OPENED, rows[i].word);
        st_evidence_free(e);
        free(b.p);
    }
    free(log.p);
}

static unsigned char *nth(blob b, const char *word, unsigned n)
{
    unsigned char *p = b.p;
    for (unsigned i = 0; i <= n; i++) {
        p = memmem(p, b.n - (size_t)(p - b.p), word, strlen(word));
        assert_non_null(p);
        p++;
    }
    return p - 1;
}

/* So is a name in a cpio. Members before it are read. */
static void bounds__cpio_name__costs_what_follows_it(void **state)
{
    enum { NAME_AT = 94 };
    static const struct {
        const char *length; /* of the second's name; NULL: as it is */
        const char *word;
        unsigned members;
        bool junk;     /* bytes between members are no header */
        bool squeezed; /* compressed as a whole */
    } rows[] = {
        { NULL, NULL, 2, false, false },
        { NULL, NULL, 2, false, true },
        { "7fffffff", "more memory than it may have", 1, false, false },
        { "FFFFFFFF", "more memory than it may have", 1, false, true },
        { "00100001", "more memory than it may have", 1, false, false },
        { "00100000", "damaged or cut off", 1, false, false },
        { "7fffffff", "more memory than it may have", 1, true, false },
    };
    blob log = a_log(1), other = a_log(2);
    const entry entries[] = { { "a", log, NULL }, { "b", other, NULL } };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        blob b = packed(ARCHIVE_FORMAT_CPIO_SVR4_NOCRC, 0, NULL, entries, 2);
        unsigned char *second = nth(b, "070701", 1);
        if (rows[i].length)
            memcpy(second + NAME_AT, rows[i].length, 8);
        if (rows[i].junk) {
            blob more = { malloc(b.n + 3), b.n + 3 };
            size_t before = (size_t)(second - b.p);
            assert_non_null(more.p);
            memcpy(more.p, b.p, before);
            memcpy(more.p + before, "070", 3);
            memcpy(more.p + before + 3, second, b.n - before);
            free(b.p);
            b = more;
        }
        if (rows[i].squeezed) {
            blob z =
                packed(ARCHIVE_FORMAT_RAW, ARCHIVE_FILTER_GZIP, NULL, &(entry){ "x", b, NULL }, 1);
            free(b.p);
            b = z;
        }
        put("x", b);
        st_evidence *e = sealed("x", NULL, false);
        expect_status(find(e, "x"), rows[i].word ? ST_S_DAMAGED : ST_S_OPENED, rows[i].word);
        if (find(e, "x")->members != rows[i].members)
            fail_msg("row %zu: %zu members", i, (size_t)find(e, "x")->members);
        expect_bytes(find(e, "x!a"), log);
        st_evidence_free(e);
        free(b.p);
    }
    free(log.p);
    free(other.p);
}

static void encrypted__with_and_without_password__read_or_named(void **state)
{
    static const char *const modes[] = { "encryption=zipcrypt", "encryption=aes128",
                                         "encryption=aes256" };
    static const char *const words[] = { "wrong", "secret" };
    blob log = a_log(1);
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        blob b = packed(ARCHIVE_FORMAT_ZIP, 0, modes[i], &(entry){ "x.evtx", log, NULL }, 1);
        put("e.zip", b);
        st_evidence *e = sealed("e.zip", NULL, false);
        expect_status(find(e, "e.zip!x.evtx"), ST_S_UNOPENED, "--password-file");
        assert_true(st_source_short(find(e, "e.zip!x.evtx")));
        st_evidence_free(e);
        e = sealed("e.zip", &(st_intake){ .depth = 1, .passwords = words, .npasswords = 1 }, false);
        expect_status(find(e, "e.zip!x.evtx"), ST_S_UNOPENED, "no password of");
        st_evidence_free(e);
        e = sealed("e.zip", &(st_intake){ .depth = 1, .passwords = words, .npasswords = 2 }, false);
        expect_status(find(e, "e.zip!x.evtx"), ST_S_OK, NULL);
        expect_bytes(find(e, "e.zip!x.evtx"), log);
        st_evidence_free(e);
        free(b.p);
    }
    free(log.p);
}

/* Cut anywhere it never reads as whole, and what came before the cut is there. */
static void cut__anywhere__is_never_whole(void **state)
{
    static const int formats[] = { ARCHIVE_FORMAT_ZIP, ARCHIVE_FORMAT_7ZIP,
                                   ARCHIVE_FORMAT_CPIO_POSIX };
    blob one = a_log(1), two = a_log(2);
    const entry entries[] = { { "1.evtx", one, NULL }, { "2.evtx", two, NULL } };
    (void)state;
    for (size_t f = 0; f < 3; f++) {
        blob b = packed(formats[f], 0, NULL, entries, 2);
        for (size_t n = 500; n < b.n - 1; n += b.n / 9) {
            put("c", (blob){ b.p, n });
            st_evidence *e = sealed("c", NULL, false);
            const st_source *all = find(e, "c");
            assert_true(st_source_short(all));
            for (size_t i = 0; formats[f] != ARCHIVE_FORMAT_7ZIP && i < 2; i++)
                if (n > (i + 1) * (LOG + 200))
                    expect_status(find(e, i ? "c!2.evtx" : "c!1.evtx"), ST_S_OK, NULL);
            st_evidence_free(e);
        }
        free(b.p);
    }
    free(one.p);
    free(two.p);
}

static void cut__behind_a_whole_member__is_told_by_the_missing_directory(void **state)
{
    blob log = a_log(1);
    blob b = zip_of("x.evtx", log);
    (void)state;
    const unsigned char *directory = memmem(b.p, b.n, "PK\1\2", 4);
    assert_non_null(directory);
    put("c.zip", (blob){ b.p, (size_t)(directory - b.p) });
    st_evidence *e = sealed("c.zip", NULL, false);
    expect_status(find(e, "c.zip"), ST_S_DAMAGED, "cut off");
    expect_status(find(e, "c.zip!x.evtx"), ST_S_OK, NULL);
    expect_bytes(find(e, "c.zip!x.evtx"), log);
    st_evidence_free(e);
    free(b.p);
    free(log.p);
}

static void zip__broken_member__costs_itself_only(void **state)
{
    blob one = a_log(1), two = a_log(2), three = a_log(3);
    const entry entries[] = { { "1.evtx", one, NULL },
                              { "2.evtx", two, NULL },
                              { "3.evtx", three, NULL } };
    (void)state;
    blob b = packed(ARCHIVE_FORMAT_ZIP, 0, NULL, entries, 3);
    memset(b.p + LOG + LOG / 2, 0xff, 3000); /* in the middle of the second one */
    put("b.zip", b);
    st_evidence *e = sealed("b.zip", NULL, false);
    expect_status(find(e, "b.zip!1.evtx"), ST_S_OK, NULL);
    assert_int_equal(find(e, "b.zip!1.evtx")->broken.n, 0);
    assert_true(find(e, "b.zip!2.evtx")->broken.n > 0);
    expect_status(find(e, "b.zip!3.evtx"), ST_S_OK, NULL);
    expect_bytes(find(e, "b.zip!3.evtx"), three);
    st_evidence_free(e);
    free(b.p);
    free(one.p);
    free(two.p);
    free(three.p);
}

static void copies__loose_and_in_two_archives__are_one_log(void **state)
{
    blob log = a_log(1), other = a_log(2);
    const entry entries[] = { { "c.evtx", log, NULL }, { "d.evtx", other, NULL } };
    (void)state;
    assert_int_equal(mkdir("m", 0700), 0);
    blob zip = packed(ARCHIVE_FORMAT_ZIP, 0, NULL, entries, 2);
    blob tar = packed(ARCHIVE_FORMAT_TAR_USTAR, 0, NULL, entries, 1);
    put("m/a.zip", zip);
    put("m/b.tar", tar);
    put("m/x.evtx", log);
    st_evidence *e = sealed("m", NULL, false);
    expect_status(find(e, "m/x.evtx"), ST_S_OK, NULL);
    expect_status(find(e, "m/a.zip!c.evtx"), ST_S_DUPLICATE, "m/x.evtx");
    expect_status(find(e, "m/b.tar!c.evtx"), ST_S_DUPLICATE, "m/x.evtx");
    expect_status(find(e, "m/a.zip!d.evtx"), ST_S_OK, NULL);
    assert_false(st_source_short(find(e, "m/b.tar!c.evtx")));
    assert_false(st_source_readable(find(e, "m/b.tar!c.evtx")));
    st_evidence_free(e);
    e = sealed("m", NULL, true);
    expect_status(find(e, "m/b.tar!c.evtx"), ST_S_OK, NULL);
    st_evidence_free(e);
    free(zip.p);
    free(tar.p);
    free(log.p);
    free(other.p);
}

static void names__same_odd_or_a_link__are_told_apart(void **state)
{
    blob one = a_log(1), two = a_log(2);
    const entry entries[] = { { "x.evtx", one, NULL },
                              { "x.evtx", two, NULL },
                              { "../../etc/passwd", one, NULL },
                              { "l\xff\n.evtx", two, NULL },
                              { "link", { 0 }, "x.evtx" } };
    (void)state;
    blob b = packed(ARCHIVE_FORMAT_TAR_USTAR, 0, NULL, entries, 5);
    put("n.tar", b);
    st_evidence *e = sealed("n.tar", NULL, true);
    expect_bytes(find(e, "n.tar!x.evtx"), one);
    expect_bytes(find(e, "n.tar!x.evtx#2"), two);
    expect_bytes(find(e, "n.tar!../../etc/passwd"), one);
    expect_bytes(find(e, "n.tar!l\xff\n.evtx"), two);
    assert_false(st_source_readable(find(e, "n.tar!link")));
    assert_false(st_source_short(find(e, "n.tar!link")));
    st_evidence_free(e);
    free(b.p);
    free(one.p);
    free(two.p);
}

/* A member of many zeros: it takes no room, and reads as zeros. */
static void large__mostly_zeros__kept_as_a_hole(void **state)
{
    blob b = { calloc(1, MOST), MOST };
    (void)state;
    assert_non_null(b.p);
    memcpy(b.p, "ElfFile", 8);
    memcpy(b.p + MOST - 65536, "ElfChnk", 8);
    blob z = zip_of("x.evtx", b);
    put("z.zip", z);
    st_evidence *e = sealed("z.zip", NULL, false);
    const st_source *s = find(e, "z.zip!x.evtx");
    expect_bytes(s, b);
    st_file *f = NULL;
    assert_int_equal(st_file_open(s, &f, NULL), ST_OK);
    assert_true(st_file_data(f, 0) <= 4096);
    assert_true(st_file_data(f, MOST - 1) >= MOST - 1);
    st_file_close(f);
    st_evidence_free(e);
    free(z.p);
    free(b.p);
}

static void room__too_little__refused_by_name_and_the_rest_read(void **state)
{
    blob large = { calloc(1, MOST), MOST }, small = a_log(2);
    (void)state;
    assert_non_null(large.p);
    memset(large.p, 'x', MOST);
    memcpy(large.p, "ElfFile", 8);
    const entry entries[] = { { "large.evtx", large, NULL }, { "small.evtx", small, NULL } };
    blob b = packed(ARCHIVE_FORMAT_ZIP, 0, NULL, entries, 2);
    put("r.zip", b);
    st_evidence *e =
        sealed("r.zip", &(st_intake){ .depth = 1, .tmp = ".", .tmp_size = MOST - 1 }, false);
    expect_status(find(e, "r.zip!large.evtx"), ST_S_UNREADABLE, "--tmp");
    expect_status(find(e, "r.zip!small.evtx"), ST_S_OK, NULL);
    expect_bytes(find(e, "r.zip!small.evtx"), small);
    st_evidence_free(e);
    e = sealed("r.zip", &(st_intake){ .depth = 1, .tmp = ".", .tmp_size = MOST }, false);
    expect_bytes(find(e, "r.zip!large.evtx"), large);
    st_evidence_free(e);
    e = sealed("r.zip", &(st_intake){ .depth = 1, .tmp = "/nowhere" }, false);
    expect_status(find(e, "r.zip!large.evtx"), ST_S_UNREADABLE, "/nowhere");
    expect_status(find(e, "r.zip!small.evtx"), ST_S_OK, NULL);
    st_evidence_free(e);
    free(b.p);
    free(large.p);
    free(small.p);
}

/* As Velociraptor leaves it: the holes are gone, and an index says where they were. */
static void sparse__with_its_index__gets_its_holes_back(void **state)
{
    static const char index[] =
        "{\"ranges\":[{\"file_offset\":0,\"original_offset\":0,\"file_length\":69632,"
        "\"length\":69632},{\"original_offset\":69632,\"length\":131072},{\"file_offset\":69632,"
        "\"original_offset\":200704,\"file_length\":65536,\"length\":65536}]}";
    blob log = a_log(1), more = a_log(2);
    blob stored = { malloc(LOG + 65536), LOG + 65536 }, whole = { calloc(1, 266240), 266240 };
    (void)state;
    assert_true(stored.p && whole.p);
    memcpy(stored.p, log.p, LOG);
    memcpy(stored.p + LOG, more.p + 4096, 65536);
    memcpy(whole.p, log.p, LOG);
    memcpy(whole.p + 200704, more.p + 4096, 65536);
    const char *name = "uploads/auto/C%3A/Windows/System32/winevt/Logs/"
                       "Microsoft-Windows-Sysmon%254Operational.evtx";
    char idx[160];
    snprintf(idx, sizeof idx, "%s.idx", name);
    const entry entries[] = {
        { name, stored, NULL },
        { idx, { (unsigned char *)(uintptr_t)index, sizeof index - 1 }, NULL }
    };
    blob b = packed(ARCHIVE_FORMAT_ZIP, 0, NULL, entries, 2);
    put("v.zip", b);
    st_evidence *e = sealed("v.zip", NULL, false);
    char full[200];
    snprintf(full, sizeof full, "v.zip!%s", name);
    const st_source *s = find(e, full);
    expect_status(s, ST_S_OK, NULL);
    expect_bytes(s, whole);
    assert_true(st_str_eq(s->shown, ST_STR("v.zip!uploads/auto/C:/Windows/System32/winevt/Logs/"
                                           "Microsoft-Windows-Sysmon%4Operational.evtx")));
    snprintf(full, sizeof full, "v.zip!%s.idx", name);
    assert_true(st_str_eq(find(e, full)->kind, ST_STR("index of a sparse file")));
    st_evidence_free(e);
    free(b.p);
    free(log.p);
    free(more.p);
    free(stored.p);
    free(whole.p);
}

/* Many members, read by several children: each is there once, in order. */
static void threads__shared_zip__gives_each_member_once(void **state)
{
    enum { N = 80 };
    entry entries[N];
    char names[N][16];
    (void)state;
    for (unsigned i = 0; i < N; i++) {
        snprintf(names[i], sizeof names[i], "%02u.evtx", i);
        entries[i] = (entry){ names[i], a_log(i + 1), NULL };
    }
    blob b = { 0 };
    b = packed(ARCHIVE_FORMAT_ZIP, 0, "compression=store", entries, 60);
    assert_true(b.n < ST_ARCHIVE_SHARED);
    put("s.zip", b);
    free(b.p);
    for (unsigned t = 1; t <= 7; t += 3) {
        st_evidence *e = sealed("s.zip", &(st_intake){ .depth = 1, .threads = t }, false);
        assert_int_equal(st_evidence_count(e), 61);
        for (unsigned i = 0; i < 60; i++)
            assert_int_equal(st_evidence_at(e, i + 1)->status, ST_S_OK);
        expect_bytes(find(e, "s.zip!17.evtx"), entries[17].body);
        st_evidence_free(e);
    }
    for (unsigned i = 0; i < N; i++)
        free(entries[i].body.p);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, enter, leave)
    const struct CMUnitTest tests[] = {
        TEST(formats__a_log_and_a_text__give_the_same_bytes),
        TEST(compressed__a_log_alone__named_without_the_ending),
        TEST(compressed__zeros_first__do_not_vanish),
        TEST(nested__up_to_the_depth__read_and_beyond_named),
        TEST(bounds__7z_directory__is_in_the_file_and_no_larger_than_may_be),
        TEST(bounds__cpio_name__costs_what_follows_it),
        TEST(encrypted__with_and_without_password__read_or_named),
        TEST(cut__anywhere__is_never_whole),
        TEST(cut__behind_a_whole_member__is_told_by_the_missing_directory),
        TEST(zip__broken_member__costs_itself_only),
        TEST(copies__loose_and_in_two_archives__are_one_log),
        TEST(names__same_odd_or_a_link__are_told_apart),
        TEST(large__mostly_zeros__kept_as_a_hole),
        TEST(room__too_little__refused_by_name_and_the_rest_read),
        TEST(sparse__with_its_index__gets_its_holes_back),
        TEST(threads__shared_zip__gives_each_member_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
