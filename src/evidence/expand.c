/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * expand.c - archives become sources, then archives in them, a round for each depth.
 *
 * A round's archives are shared out among threads: members of a large zip apart, other archives
 * each as a whole. What came out is put into the list in the order of the archives and of the
 * members in them, so that nothing depends on who was first.
 */
#include "members.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

typedef struct round {
    st_evidence *e;
    st_intake_run run;
    unsigned threads;
    st_unit *units;
    size_t nunits, cap;
    size_t *items; /* of each unit: its archive's place in the list */
    size_t items_cap;
    atomic_uint_fast64_t *tickets; /* one for each archive that is shared, behind each other */
    size_t ntickets, mapped;
} round;

/* where temporary files go */

static void choose_tmp(st_evidence *e)
{
    const char *const places[] = { getenv("TMPDIR"), "/var/tmp", "/tmp" };
    st_spool_room *r = &e->room;
    r->most = e->how.tmp_size ? e->how.tmp_size : ST_MAX_SPOOL_FILES;
    r->dir = e->how.tmp;
    for (size_t i = 0; !r->dir && i < sizeof places / sizeof places[0]; i++)
        if (places[i] && *places[i] && access(places[i], W_OK) == 0 &&
            !st_evidence_contains(e, places[i]))
            r->dir = places[i];
    if (!r->dir)
        r->dir = "/var/tmp";
    r->nameless = st_evidence_contains(e, r->dir);
}

const char *st_evidence_tmp(const st_evidence *e, bool *nameless)
{
    *nameless = e->room.nameless;
    return e->room.dir;
}

static bool open_spools(st_evidence *e, unsigned threads)
{
    if (!e->spools)
        e->spools = calloc(threads, sizeof(st_spool *));
    for (; e->spools && e->nspools < threads; e->nspools++)
        if (!(e->spools[e->nspools] = st_spool_new(&e->room)))
            return false;
    return e->spools != NULL;
}

/* a round */

static bool is_shared(const round *r, const st_item *it)
{
    return it->format == ST_F_ZIP && r->threads > 1 && it->source.size >= ST_ARCHIVE_SHARED;
}

/* A zip whose directory doesn't tell all is read once more, without regard to it. */
static const char *what_it_hides(const st_item *it)
{
    st_file *f = NULL;
    const char *why = NULL;
    if (it->format == ST_F_ZIP && st_file_open(&it->source, &f, NULL) == ST_OK)
        why = st_zip_hides(f);
    st_file_close(f);
    return why;
}

static bool add_units(round *r, size_t item)
{
    const st_item *it = &r->e->items[item];
    bool shared = is_shared(r, it);
    const char *hides = what_it_hides(it);
    size_t n = (shared ? r->threads : 1) + (hides != NULL);
    if (!st_grow(&r->units, &r->cap, r->nunits + n, sizeof *r->units) ||
        !st_grow(&r->items, &r->items_cap, r->nunits + n, sizeof *r->items))
        return false;
    for (size_t i = 0; i < n; i++) {
        r->items[r->nunits] = item;
        r->units[r->nunits++] =
            (st_unit){ .source = &it->source,
                       .format = it->format,
                       .filtered = it->format == ST_F_STREAM || it->filtered,
                       .open_inner = it->depth + (it->format != ST_F_STREAM) < r->e->how.depth,
                       .hides = hides,
                       .ticket = shared ? r->tickets + r->ntickets : NULL };
    }
    if (hides) {
        r->units[r->nunits - 1].format = ST_F_ZIP_STREAM;
        r->units[r->nunits - 1].ticket = NULL;
    }
    r->ntickets += shared;
    return true;
}

/* What children of one archive share lies in memory that they share, too. */
static bool map_tickets(round *r, size_t n)
{
    void *p = mmap(NULL, n * sizeof *r->tickets, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
                   -1, 0);
    r->tickets = p == MAP_FAILED ? NULL : p;
    r->mapped = n * sizeof *r->tickets;
    return r->tickets != NULL;
}

static void work(void *ctx, unsigned thread, size_t number)
{
    round *r = ctx;
    st_unit_read(&r->run, &r->units[number], r->e->spools[thread]);
}

/* members into the list */

static const char *in_words(st_unpacked how)
{
    static const char *const WORDS[] = {
        [ST_U_OK] = "",
        [ST_U_DOUBTFUL] = "its checksum or size in the archive is wrong",
        [ST_U_FOLLOWED] = "more follows its end, which isn't read",
        [ST_U_BROKEN] = "the archive is damaged or cut off there",
        [ST_U_ENCRYPTED] = "encrypted; give its password with --password-file",
        [ST_U_FOREIGN] = "packed or encrypted in a way that isn't read here; unpack it first",
        [ST_U_MEMORY] = "unpacking it asks for more memory than it may have; unpack it first",
    };
    return WORDS[how <= ST_U_MEMORY ? how : ST_U_BROKEN];
}

/* Passwords are of no use where libarchive can't decrypt. */
static const char *how_in_words(const st_evidence *e, st_format format, st_unpacked how)
{
    if (how == ST_U_ENCRYPTED && format != ST_F_ZIP)
        return "encrypted in a way that isn't read here; unpack it first, with 7z x or unrar x";
    if (how == ST_U_ENCRYPTED && e->how.npasswords)
        return "encrypted, and no password of --password-file fits";
    return in_words(how);
}

static st_str text(st_evidence *e, const char *s)
{
    return st_arena_copy(&e->arena, st_str_of(s));
}

/* The name of what was compressed by itself: the archive's, without its ending. */
static st_str inner_name(st_str archive)
{
    static const char *const ENDINGS[] = { ".gz", ".xz", ".zst", ".zstd", ".bz2", ".lz4", ".gzip" };
    const char *bang = memrchr(archive.p, '!', archive.n),
               *slash = memrchr(archive.p, '/', archive.n);
    const char *from = bang > slash ? bang : slash;
    st_str s = archive;
    if (from)
        s = (st_str){ from + 1, archive.n - (size_t)(from + 1 - archive.p) };
    for (size_t i = 0; i < sizeof ENDINGS / sizeof ENDINGS[0]; i++) {
        st_str end = st_str_of(ENDINGS[i]);
        if (s.n > end.n && st_str_iends(s, end))
            return (st_str){ s.p, s.n - end.n };
    }
    return s;
}

static void put_name(st_buf *b, const st_item *archive, st_format format, const st_member *m)
{
    st_buf_clear(b);
    st_buf_str(b, archive->source.name);
    st_buf_char(b, '!');
    if (format == ST_F_STREAM)
        st_buf_str(b, inner_name(archive->source.name));
    else if (m->name.n)
        st_buf_str(b, m->name);
    else
        st_buf_fmt(b, "#%llu", (unsigned long long)m->i + 1);
}

static bool may_be_evidence(const st_member *m)
{
    const st_kind *k = &m->kind;
    return m->kept || k->empty || k->guessed || k->evtx || k->format;
}

/* The status of a member that isn't kept, or not to its end. */
static void apply_loss(st_evidence *e, st_item *it, st_format format, const st_member *m)
{
    st_source *s = &it->source;
    const char *why = m->short_of ? m->short_of : how_in_words(e, format, m->how);
    if (!*why || !may_be_evidence(m))
        return;
    if (m->kept && s->status == ST_S_OK) {
        s->broken = text(e, why);
        return;
    }
    s->status = m->how == ST_U_ENCRYPTED && !m->short_of ? ST_S_UNOPENED : ST_S_UNREADABLE;
    if (m->how == ST_U_ENCRYPTED)
        s->kind = ST_STR("encrypted");
    s->reason = text(e, why);
}

static st_code look_again(const st_source *s, st_kind *kind, st_err *err)
{
    st_file *f = NULL;
    st_code code = st_file_open(s, &f, err);
    if (!code)
        code = st_sniff(f, kind, err);
    st_file_close(f);
    return code;
}

static st_code put_member(round *r, size_t archive, st_format format, st_member *m, st_buf *name,
                          st_err *err)
{
    st_evidence *e = r->e;
    put_name(name, &e->items[archive], format, m);
    st_item *it = name->failed ? NULL : st_ledger_put(e, st_buf_slice(name), NULL, err);
    if (!it)
        return err->code ? err->code : st_fail(err, ST_E_MEMORY, "no memory for a file name");
    st_source *s = &it->source;
    st_kind kind = m->kind;
    st_code code = ST_OK;
    s->path = ST_STR("");
    s->shown = st_shown_name(e, s->name);
    s->spooled = true;
    if (m->flags & ST_M_LINK) {
        s->status = ST_S_OTHER;
        s->kind = ST_STR("link");
        return ST_OK;
    }
    s->fd = m->place.fd;
    s->at = m->place.at;
    s->bytes = m->place.bytes;
    s->size = m->place.size;
    m->place.bytes = NULL;
    it->depth = e->items[archive].depth + (format != ST_F_STREAM);
    if (m->kept)
        code = look_again(s, &kind, err);
    if (!code)
        code = st_apply_kind(e, s, &kind, r->run.carve && m->kept, err);
    it->format = m->kept && !m->short_of ? kind.format : ST_F_NONE;
    if (!code && kind.format && !m->kept && format != ST_F_STREAM && m->how == ST_U_OK &&
        !m->short_of)
        s->reason = text(
            e, "archives in each other deeper than is asked for; --archive-depth says how deep");
    if (!code)
        apply_loss(e, it, format, m);
    return code;
}

/* the archive itself */

static const char *units_short(const st_unit *u, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (u[i].short_of)
            return u[i].short_of;
    return NULL;
}

static st_unpacked units_how(const st_unit *u, size_t n)
{
    st_unpacked how = ST_U_OK;
    for (size_t i = 0; i < n; i++)
        how = u[i].how > how ? u[i].how : how;
    return how;
}

/* Is there a file system in it that isn't read? */
static bool has_another(const st_source *s, st_format format)
{
    st_file *f = NULL;
    bool has = format == ST_F_ISO && st_file_open(s, &f, NULL) == ST_OK && st_iso_has_udf(f);
    st_file_close(f);
    return has;
}

/* A zip that ends between two members ends cleanly for libarchive, but its directory is gone. */
static bool is_cut(const st_source *s, st_format format)
{
    st_file *f = NULL;
    st_err why = { 0 };
    bool cut = format == ST_F_ZIP && st_file_open(s, &f, &why) == ST_OK && !st_zip_ends(f);
    st_file_close(f);
    return cut;
}

/* Why it wasn't read to its end; NULL: it was. */
static const char *loss_of(const st_evidence *e, const st_source *s, const st_unit *u, size_t n,
                           size_t members)
{
    st_unpacked how = units_how(u, n);
    const char *why = units_short(u, n);
    if (!why && u->hides)
        why = u->hides;
    if (!why && (how == ST_U_BROKEN || (how == ST_U_OK && !members && u->format != ST_F_ZIP)))
        why = members ? "damaged or cut off" : "damaged or cut off: nothing can be unpacked of it";
    if (!why && how != ST_U_OK)
        why = how_in_words(e, u->format, how);
    if (!why && is_cut(s, u->format))
        why = "cut off: its directory is missing";
    if (!why && has_another(s, u->format))
        why = "it holds a second file system (UDF), which isn't read; mount it";
    return why;
}

static st_code conclude(st_evidence *e, st_item *it, const st_unit *u, size_t n, size_t members,
                        st_err *err)
{
    st_source *s = &it->source;
    const char *why = loss_of(e, s, u, n, members);
    st_buf b = { 0 };
    if (why && !members)
        st_buf_fmt(&b, "%.*s: ", ST_FMT(s->kind));
    st_buf_str(&b, st_str_of(why));
    s->container = true;
    s->members = members;
    s->status = !why ? ST_S_OPENED : members ? ST_S_DAMAGED : ST_S_UNOPENED;
    s->reason = st_arena_copy(&e->arena, st_buf_slice(&b));
    it->format = ST_F_NONE;
    bool failed = b.failed || !s->reason.p;
    st_buf_free(&b);
    return failed ? st_fail(err, ST_E_MEMORY, "no memory for the list of files") : ST_OK;
}

static int by_place(const void *pa, const void *pb)
{
    const st_member *a = *(st_member *const *)pa, *b = *(st_member *const *)pb;
    return a->i < b->i ? -1 : a->i > b->i;
}

/* All members that the units of one archive met, in its order. NULL: no memory. */
static st_member **in_order(st_unit *u, size_t n, size_t *count)
{
    *count = 0;
    for (size_t i = 0; i < n; i++)
        *count += u[i].n;
    st_member **all = calloc(*count + 1, sizeof(st_member *));
    size_t k = 0;
    for (size_t i = 0; all && i < n; i++)
        for (size_t j = 0; j < u[i].n; j++)
            all[k++] = &u[i].members[j];
    if (all)
        qsort(all, *count, sizeof(st_member *), by_place);
    return all;
}

static int by_source_name(const void *pa, const void *pb)
{
    const st_item *a = *(st_item *const *)pa, *b = *(st_item *const *)pb;
    return st_str_cmp(a->source.name, b->source.name);
}

static bool is_index(const st_item *it)
{
    return st_is_sparse_index(it->source.name) && it->source.size;
}

/* The file that an index belongs to, among the items sorted by name. */
static st_item *indexed(st_item **sorted, size_t n, const st_item *index)
{
    st_item key = { .source = { .name = index->source.name } }, *k = &key;
    key.source.name.n -= 4;
    st_item **at = bsearch(&k, sorted, n, sizeof(st_item *), by_source_name);
    return at && (*at)->source.status == ST_S_OK && !(*at)->source.broken.n ? *at : NULL;
}

/* Files among the items from first on that were collected without their holes get them back. */
static st_code fill_holes(st_evidence *e, size_t first, st_err *err)
{
    size_t n = e->n - first, any = 0;
    st_code code = ST_OK;
    for (size_t i = 0; i < n; i++)
        any += is_index(&e->items[first + i]);
    if (!any)
        return ST_OK;
    st_item **sorted = calloc(n, sizeof(st_item *));
    if (!sorted)
        return st_fail(err, ST_E_MEMORY, "no memory for what an archive holds");
    for (size_t i = 0; i < n; i++)
        sorted[i] = &e->items[first + i];
    qsort(sorted, n, sizeof(st_item *), by_source_name);
    for (size_t i = 0; !code && i < n; i++) {
        st_item *index = &e->items[first + i];
        st_item *file = is_index(index) ? indexed(sorted, n, index) : NULL;
        if (file)
            code = st_fill_holes(e, file, index, err);
    }
    free(sorted);
    return code;
}

/* Members of which something came out. */
static size_t given(st_member *const *all, size_t n)
{
    size_t k = 0;
    for (size_t i = 0; i < n; i++)
        k += !all[i]->kind.empty || all[i]->how == ST_U_OK;
    return k;
}

static st_code take_archive(round *r, size_t first, size_t n, st_err *err)
{
    st_unit *u = &r->units[first];
    st_evidence *e = r->e;
    size_t archive = r->items[first], count = 0;
    st_code code = ST_OK;
    st_buf name = { 0 };
    for (size_t i = 0; i < n; i++)
        if (u[i].code)
            return st_fail(err, ST_E_MEMORY, "no memory for what an archive holds");
    if (u->again) { /* not one file that is compressed, but an archive: once more, as that */
        e->items[archive].format = u->again;
        e->items[archive].filtered = true;
        return ST_OK;
    }
    st_member **all = in_order(u, n, &count);
    if (!all)
        return st_fail(err, ST_E_MEMORY, "no memory for what an archive holds");
    for (size_t i = 0; !code && i < count; i++)
        code = put_member(r, archive, u->format, all[i], &name, err);
    if (!code)
        code = fill_holes(e, e->n - count, err);
    if (!code)
        code = conclude(e, &e->items[archive], u, n, given(all, count), err);
    free(all);
    st_buf_free(&name);
    return code;
}

static st_code take_all(round *r, st_err *err)
{
    st_code code = ST_OK;
    for (size_t i = 0, n; !code && i < r->nunits; i += n) {
        for (n = 1; i + n < r->nunits && r->items[i + n] == r->items[i];)
            n++;
        code = take_archive(r, i, n, err);
    }
    return code;
}

static void end_round(round *r)
{
    for (size_t i = 0; i < r->nunits; i++) {
        for (size_t k = 0; k < r->units[i].n; k++)
            free(r->units[i].members[k].place.bytes); /* not taken */
        st_unit_free(&r->units[i]);
    }
    if (r->tickets)
        munmap(r->tickets, r->mapped);
    free(r->units);
    free(r->items);
    r->units = NULL;
    r->items = NULL;
    r->tickets = NULL;
    r->nunits = r->cap = r->items_cap = r->ntickets = 0;
}

static bool is_to_open(const st_evidence *e, const st_item *it)
{
    bool database = it->format == ST_F_CASEDB || it->format == ST_F_CASEDB_OPENED;
    return it->format && !database && !it->source.container &&
           it->depth < e->how.depth + (it->format == ST_F_STREAM);
}

static st_code one_round(round *r, bool *any, st_err *err)
{
    st_evidence *e = r->e;
    size_t n = 0;
    bool ok = true;
    for (size_t i = 0; i < e->n; i++)
        n += is_to_open(e, &e->items[i]);
    *any = n != 0;
    if (!n)
        return ST_OK;
    ok = map_tickets(r, n + 1);
    for (size_t i = 0; ok && i < e->n; i++)
        if (is_to_open(e, &e->items[i]))
            ok = add_units(r, i);
    if (!ok || !open_spools(e, r->threads))
        return st_fail(err, ST_E_MEMORY, "no memory to open archives");
    st_parallel(r->threads, r->nunits, work, r);
    return take_all(r, err);
}

/* A collection that somebody has unpacked: the indices lie beside the files. */
static st_code loose_holes(round *r, st_err *err)
{
    bool any = false;
    for (size_t i = 0; i < r->e->n && !any; i++)
        any = is_index(&r->e->items[i]);
    if (!any)
        return ST_OK;
    if (!open_spools(r->e, r->threads))
        return st_fail(err, ST_E_MEMORY, "no memory to fill holes");
    return fill_holes(r->e, 0, err);
}

st_code st_expand(st_evidence *e, bool carve, st_err *err)
{
    st_err own = { 0 };
    round r = { .e = e, .run = { .how = &e->how, .carve = carve } };
    st_code code = ST_OK;
    bool any = true;
    r.threads = st_threads(e->how.threads);
    err = err ? err : &own;
    choose_tmp(e);
    code = loose_holes(&r, err);
    /* Each depth takes two rounds where compressed archives must be told from compressed logs. */
    for (unsigned i = 0; !code && e->how.depth && any && i < 4 * (ST_MAX_ARCHIVE_DEPTH + 1); i++) {
        code = one_round(&r, &any, err);
        end_round(&r);
    }
    e->unfiltered = atomic_load(&r.run.unfiltered);
    return code;
}
