/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seeds.c - writes the seeds of the targets that read events, made by the generator of test
 * evidence:
 *
 *     fuzz/seeds FOLDER
 *
 * writes FOLDER/chunk, /file, /record and /template, as fuzz/corpus has them; a test compares.
 * The corpus holds more: seeds of the rule targets and inputs that once broke something.
 */
#include "pieces.h"
#include "splice.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { HEADER_BLOCK = 4096, CHUNK = 65536 };

typedef struct seeds {
    const char *folder;
    bool failed;
} seeds;

static void put(seeds *s, const char *target, const char *name, st_str bytes)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", s->folder, target);
    if (mkdir(path, 0777) != 0 && errno != EEXIST)
        s->failed = true;
    snprintf(path, sizeof path, "%s/%s/%s", s->folder, target, name);
    FILE *f = fopen(path, "wb");
    s->failed |= !f || fwrite(bytes.p, 1, bytes.n, f) != bytes.n;
    if (f && fclose(f) != 0)
        s->failed = true;
}

/* Without the zeros at the end. */
static st_str trimmed(st_str s)
{
    while (s.n && !s.p[s.n - 1])
        s.n--;
    return s;
}

static void put_record(seeds *s, const char *name, const gen_event *ev)
{
    enum { TRAILER = 4, HEADER = 24 };
    gen_log *g = splice_begin();
    st_buf file = { 0 };
    uint32_t from = gen_here(g);
    s->failed |= !gen_add(g, ev);
    st_str bytes = { (const char *)gen_chunk(g) + from, gen_here(g) - HEADER - TRAILER - from };
    put(s, "record", name, bytes);
    s->failed |= !gen_finish(g, &file);
    st_buf_free(&file);
}

static void put_template(seeds *s, const char *name, const gen_event *ev, bool inner)
{
    gen_log *g = splice_begin();
    st_buf file = { 0 }, body = { 0 };
    s->failed |= !gen_body(g, ev, inner, gen_here(g) + SPLICE_BODY, &body);
    put(s, "template", name, st_buf_slice(&body));
    s->failed |= !gen_finish(g, &file);
    st_buf_free(&file);
    st_buf_free(&body);
}

static void put_chunk(seeds *s, const char *name, const gen_event *ev)
{
    gen_log *g = splice_begin();
    st_buf file = { 0 };
    s->failed |= !gen_add(g, ev) || !gen_finish(g, &file);
    st_str chunk = { file.p + HEADER_BLOCK, file.n - HEADER_BLOCK };
    put(s, "chunk", name, trimmed(chunk));
    st_buf_free(&file);
}

/* The file as pieces; sealed is what they ask for. */
static void put_pieces(seeds *s, const char *name, st_str file, bool sealed)
{
    st_buf out = { 0 };
    pieces_put(&out, trimmed((st_str){ file.p, HEADER_BLOCK }), sealed);
    for (size_t at = HEADER_BLOCK; at < file.n; at += CHUNK)
        pieces_put(&out, trimmed((st_str){ file.p + at, CHUNK }), sealed);
    put(s, "file", name, st_buf_slice(&out));
    st_buf_free(&out);
}

/* Two chunks, the last record of the first only in slack. */
static void make_file(seeds *s, const gen_options *o, bool inline_only, st_buf *out)
{
    const char *name;
    gen_log *g = gen_new(o);
    for (size_t i = 0; splice_event(i, &name); i++)
        s->failed |= !gen_add(g, splice_event(i, &name));
    s->failed |= !gen_close_chunk(g, 1);
    s->failed |= !gen_add(g, splice_event(0, &name)) || !gen_add(g, splice_event(0, &name));
    if (!inline_only)
        s->failed |= !gen_add(g, splice_event(1, &name));
    s->failed |= !gen_finish(g, out);
}

static void put_files(seeds *s)
{
    static const struct {
        const char *name;
        gen_options options;
        size_t damage, length; /* bytes that are overwritten; none: 0 */
        bool sealed;
    } rows[] = {
        { "two-chunks-and-slack", { .first_record = 100 }, 0, 0, true },
        { "dirty-understated", { .dirty = true, .claimed_chunks = 1, .minor = 2 }, 0, 0, false },
        { "no-checksums", { .no_crc = true }, 0, 0, false },
        { "header-overwritten", { .spare_chunks = 1 }, 0, 128, false },
        { "chunk-magic-gone", { .minor = 2 }, HEADER_BLOCK, 8, false },
        { "first-record-gone", { .minor = 2 }, HEADER_BLOCK + 512, 64, true },
        { "template-gone", { .minor = 2 }, HEADER_BLOCK + 550, 64, true },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        st_buf file = { 0 };
        make_file(s, &rows[i].options, i % 2 != 0, &file);
        if (file.n > rows[i].damage + rows[i].length)
            memset(file.p + rows[i].damage, 0xa5, rows[i].length);
        put_pieces(s, rows[i].name, st_buf_slice(&file), rows[i].sealed);
        st_buf_free(&file);
    }
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: seeds FOLDER\n");
        return 2;
    }
    seeds s = { .folder = argv[1] };
    const gen_event *ev;
    const char *name;
    char other[128];
    for (size_t i = 0; (ev = splice_event(i, &name)) != NULL; i++) {
        put_record(&s, name, ev);
        put_chunk(&s, name, ev);
        if (ev->literal)
            continue;
        snprintf(other, sizeof other, "data-of-%s", name);
        put_template(&s, other, ev, true);
        if (!i)
            put_template(&s, "event", ev, false);
    }
    put_files(&s);
    if (s.failed)
        fprintf(stderr, "seeds: %s: not all could be written\n", argv[1]);
    return s.failed;
}
