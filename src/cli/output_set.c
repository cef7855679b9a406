/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * output_set.c - the whole set of `hunt -o DIR`: a folder that appears whole or not at all, with a
 * manifest of what is in it.
 */
#include "cli.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TABLES "tables"
#define MANIFEST "manifest-sha256.txt"

/* One file, or all tables. */
typedef struct part {
    const char *name;        /* with the folder in it */
    const st_format *format; /* NULL: the tables */
    st_outfile *file;
    uint64_t cells_truncated;
    st_buf lines; /* of the manifest */
    st_err why;   /* the writer's own words */
    st_err e;
} part;

enum { PARTS = 32 };

typedef struct set {
    st_session *s;
    const char *dir; /* where it is written */
    st_job job;      /* each part's is a copy */
    st_run_note note;
    part parts[PARTS]; /* in the order of names, but for what marks a set, which is last */
    size_t n;
    part *order[PARTS]; /* of those that are written side by side */
    size_t side_by_side;
} set;

/* writing one file */

static st_code open_part(const set *x, const char *name, st_outfile **f, st_err *e)
{
    char path[PATH_MAX];
    if (snprintf(path, sizeof path, "%s/%s", x->dir, name) >= (int)sizeof path)
        return st_fail(e, ST_E_USAGE, "%s: the path is too long", x->dir);
    if (st_outfile_open(path, false, f, e) != ST_OK)
        return e->code;
    st_outfile_out(*f)->digest = st_sha256_new();
    if (st_outfile_out(*f)->digest)
        return ST_OK;
    st_outfile_abort(*f);
    *f = NULL;
    return st_fail(e, ST_E_MEMORY, "out of memory");
}

/* The file is whole, and gives the manifest its line; the disk may take its time. */
static void end_part(part *p, st_outfile *f, const char *name)
{
    unsigned char sum[32];
    st_code code = st_outfile_end(f, &p->e);
    st_sha256_end(st_outfile_out(f)->digest, sum);
    st_outfile_out(f)->digest = NULL;
    if (code != ST_OK)
        return;
    st_buf_hex(&p->lines, sum, sizeof sum, false);
    st_buf_fmt(&p->lines, "  %s\n", name);
}

/* Threads: its part is its own; of the rest nothing is written to. */
static void put_part(const set *x, part *p)
{
    st_job job = x->job;
    job.ro.cells_truncated = &p->cells_truncated;
    job.err = &p->why;
    p->format->hunt(st_outfile_out(p->file), &job);
    end_part(p, p->file, p->name);
}

/* Waits for the disk. Threads: as above. */
static void place_part(void *ctx, unsigned thread, size_t number)
{
    set *x = ctx;
    part *p = &x->parts[number];
    (void)thread;
    if (p->file)
        st_outfile_place(p->file, &p->e);
    p->file = NULL;
}

/* tables */

typedef struct tables {
    const set *x;
    part *p;
} tables;

/* tables/RULE.csv: made when the first rule has one. */
static st_code visit_table(void *ctx, size_t rule, const st_table *t)
{
    const tables *all = ctx;
    const set *x = all->x;
    part *p = all->p;
    char name[512], folder[PATH_MAX];
    const st_rule *r = st_rules_at(x->s->rules, rule);
    st_outfile *f = NULL;
    if (r->level < x->s->config->min_level)
        return ST_OK;
    if (snprintf(folder, sizeof folder, "%s/" TABLES, x->dir) >= (int)sizeof folder ||
        snprintf(name, sizeof name, TABLES "/%.*s.csv", ST_FMT(r->id)) >= (int)sizeof name)
        return st_fail(&p->e, ST_E_USAGE, "%s: the path is too long", x->dir);
    if (mkdir(folder, 0777) != 0 && errno != EEXIST)
        return st_fail(&p->e, ST_E_IO, "%s: %s", folder, strerror(errno));
    if (open_part(x, name, &f, &p->e) != ST_OK)
        return p->e.code;
    st_report_options ro = x->job.ro;
    ro.cells_truncated = &p->cells_truncated;
    st_write_table_csv(st_outfile_out(f), t, &ro);
    end_part(p, f, name);
    return st_outfile_place(f, &p->e);
}

/* Rules run again for them, which may put strings into the pool that all writers read. */
static void put_tables(set *x, part *p)
{
    st_run_options o;
    tables all = { x, p };
    char folder[PATH_MAX];
    st_session_run_options(x->s, &o);
    st_rules_tables(x->s->rules, x->s->forest, &o, x->s->matches, visit_table, &all, &p->e);
    if (p->lines.n &&
        snprintf(folder, sizeof folder, "%s/" TABLES "/", x->dir) < (int)sizeof folder)
        st_sync_beside(folder);
}

/* all parts */

static bool is_mark(const part *p)
{
    return strcmp(p->name, ST_SET_MARK) == 0;
}

/* In the order of names, but for what marks a set: it tells what was cut in the others. */
static int by_name(const void *a, const void *b)
{
    const part *x = a, *y = b;
    return is_mark(x) != is_mark(y) ? is_mark(x) - is_mark(y) : strcmp(x->name, y->name);
}

/* What takes longest is begun first. */
static int by_cost(const void *a, const void *b)
{
    const part *const *x = a, *const *y = b;
    if ((*x)->format->slow != (*y)->format->slow)
        return (*x)->format->slow > (*y)->format->slow ? -1 : 1;
    return strcmp((*x)->name, (*y)->name);
}

/* All files of the set; the tables stand as one, without a format. */
static void list_parts(set *x)
{
    x->parts[x->n++] = (part){ .name = TABLES };
    for (size_t i = 0; st_format_at(i) && x->n < PARTS; i++)
        if (st_format_at(i)->file)
            x->parts[x->n++] = (part){ .name = st_format_at(i)->file, .format = st_format_at(i) };
    qsort(x->parts, x->n, sizeof *x->parts, by_name);
    for (size_t i = 0; i < x->n; i++)
        if (x->parts[i].format && !is_mark(&x->parts[i]))
            x->order[x->side_by_side++] = &x->parts[i];
    qsort(x->order, x->side_by_side, sizeof(part *), by_cost);
}

/* All at once, before any thread: it asks for the umask, which can only be done by setting it. */
static st_code open_parts(set *x, st_err *e)
{
    for (size_t i = 0; i < x->n && !e->code; i++)
        if (x->parts[i].format)
            open_part(x, x->parts[i].name, &x->parts[i].file, e);
    return e->code;
}

static void put_one(void *ctx, unsigned thread, size_t number)
{
    const set *x = ctx;
    (void)thread;
    put_part(x, x->order[number]);
}

/* The first part that failed, in the order of names. */
static st_code first_failure(const set *x, st_err *e)
{
    for (size_t i = 0; i < x->n; i++)
        if (x->parts[i].e.code)
            return st_fail(e, x->parts[i].e.code, "%s", x->parts[i].e.text);
    return ST_OK;
}

static void put_mark(set *x, part *mark)
{
    for (size_t i = 0; i < x->n; i++)
        x->job.info.cells_truncated += x->parts[i].cells_truncated;
    put_part(x, mark);
}

static void say_why(const set *x)
{
    for (size_t i = 0; i < x->n; i++)
        if (x->parts[i].why.code)
            st_complain("%s", x->parts[i].why.text);
}

static st_code put_parts(set *x, st_err *e)
{
    for (size_t i = 0; i < x->n; i++)
        if (!x->parts[i].format)
            put_tables(x, &x->parts[i]);
    if (first_failure(x, e) == ST_OK && open_parts(x, e) == ST_OK) {
        st_parallel(x->s->config->threads, x->side_by_side, put_one, x);
        say_why(x);
        if (first_failure(x, e) == ST_OK)
            put_mark(x, &x->parts[x->n - 1]);
    }
    return first_failure(x, e);
}

static st_code place_parts(set *x, st_err *e)
{
    st_parallel(x->s->config->threads, x->n, place_part, x);
    return first_failure(x, e);
}

static void free_parts(set *x)
{
    for (size_t i = 0; i < x->n; i++) {
        if (x->parts[i].file && st_outfile_out(x->parts[i].file)->digest)
            st_sha256_end(st_outfile_out(x->parts[i].file)->digest, (unsigned char[32]){ 0 });
        st_outfile_abort(x->parts[i].file);
        st_buf_free(&x->parts[i].lines);
    }
}

static st_code put_manifest(const set *x, st_outfile **f, st_err *e)
{
    char path[PATH_MAX];
    if (snprintf(path, sizeof path, "%s/" MANIFEST, x->dir) >= (int)sizeof path)
        return st_fail(e, ST_E_USAGE, "%s: the path is too long", x->dir);
    if (st_outfile_open(path, false, f, e) != ST_OK)
        return e->code;
    st_out *o = st_outfile_out(*f);
    for (size_t i = 0; i < x->n; i++) {
        o->buf.failed |= x->parts[i].lines.failed;
        st_out_str(o, st_buf_slice(&x->parts[i].lines));
    }
    return st_outfile_end(*f, e);
}

/* an older set that stands there */

/* Puts `made` in the place of `dir`, and what stood there in the place of `made`: at once where the
 * file system can. Else the old one moves out first, and back if the new one can't move in. */
static bool change_places(const char *made, const char *dir)
{
    char aside[PATH_MAX];
    if (renameat2(AT_FDCWD, made, AT_FDCWD, dir, RENAME_EXCHANGE) == 0)
        return true;
    if (errno != EINVAL && errno != ENOSYS)
        return false;
    if (snprintf(aside, sizeof aside, "%s.old", made) >= (int)sizeof aside) {
        errno = ENAMETOOLONG;
        return false;
    }
    if (rename(dir, aside) != 0)
        return false;
    if (rename(made, dir) == 0)
        return rename(aside, made) == 0;
    int errnum = errno;
    if (rename(aside, dir) != 0)
        st_complain("%s: the old set is there now", aside);
    errno = errnum;
    return false;
}

/* A name in a manifest that can be one of ours: in the folder or in tables/. */
static bool is_ours(const char *name)
{
    const char *slash = strchr(name, '/');
    const char *last = slash ? slash + 1 : name;
    return *last && !strchr(last, '/') && strcmp(last, "..") != 0 && strcmp(last, ".") != 0 &&
           (!slash || strncmp(name, TABLES "/", sizeof TABLES) == 0);
}

static int folder_in(int in, const char *name)
{
    return openat(in, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* The manifest of the set in `in`; NULL: it has none, or it is no file of its own. */
static FILE *open_manifest(int in)
{
    struct stat st;
    int fd = openat(in, MANIFEST, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    FILE *f = fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) ? fdopen(fd, "r") : NULL;
    if (!f && fd >= 0)
        close(fd);
    return f;
}

static void remove_in(int in, int below, const char *name)
{
    if (!is_ours(name))
        return;
    const char *slash = strchr(name, '/');
    if (!slash)
        unlinkat(in, name, 0);
    else if (below >= 0)
        unlinkat(below, slash + 1, 0);
}

/* Removes from the old set what its manifest lists; the set may be another's work, so no link is
 * followed out of it. The manifest goes last. */
static void remove_listed(const char *old)
{
    char line[1024];
    int in = folder_in(AT_FDCWD, old), below = in < 0 ? -1 : folder_in(in, TABLES);
    FILE *f = in < 0 ? NULL : open_manifest(in);
    while (f && fgets(line, sizeof line, f)) {
        const char *name = strstr(line, "  ");
        line[strcspn(line, "\n")] = 0;
        if (name)
            remove_in(in, below, name + 2);
    }
    if (f) {
        fclose(f);
        unlinkat(in, MANIFEST, 0);
    }
    if (below >= 0)
        close(below);
    if (in >= 0) {
        unlinkat(in, TABLES, AT_REMOVEDIR);
        close(in);
    }
}

/* Is it a folder, and no link to one? */
static bool is_own_folder(const char *path)
{
    struct stat st;
    return lstat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* Moves what is left in the folder `from` into `to`; false: something had to stay, as `to` has
 * something of that name. */
static bool move_rest(const char *from, const char *to)
{
    char here[PATH_MAX], there[PATH_MAX];
    int fd = folder_in(AT_FDCWD, from);
    DIR *d = fd < 0 ? NULL : fdopendir(fd);
    bool all = d != NULL;
    if (!d && fd >= 0)
        close(fd);
    for (const struct dirent *x; d && (x = readdir(d));) {
        if (strcmp(x->d_name, ".") == 0 || strcmp(x->d_name, "..") == 0)
            continue;
        bool fits = snprintf(here, sizeof here, "%s/%s", from, x->d_name) < (int)sizeof here &&
                    snprintf(there, sizeof there, "%s/%s", to, x->d_name) < (int)sizeof there;
        struct stat st;
        all &= fits && lstat(there, &st) != 0 && rename(here, there) == 0;
    }
    if (d)
        closedir(d);
    return all;
}

/* The new set stands in `dir`; `old` is what stood there. What isn't the old set's own comes
 * along. */
static st_code settle(const char *old, const char *dir, st_err *e)
{
    char from[PATH_MAX], to[PATH_MAX];
    remove_listed(old);
    if (snprintf(from, sizeof from, "%s/" TABLES, old) < (int)sizeof from &&
        snprintf(to, sizeof to, "%s/" TABLES, dir) < (int)sizeof to && is_own_folder(from) &&
        is_own_folder(to) && move_rest(from, to))
        rmdir(from);
    if (move_rest(old, dir) && rmdir(old) == 0)
        return ST_OK;
    return st_fail(e, ST_E_IO,
                   "%s is written; files of the old directory that could not be moved into it are "
                   "in %s now",
                   dir, old);
}

/* Nothing is removed before the new set stands. */
static st_code put_in_place(const char *partial, const char *dir, bool force, bool *placed,
                            st_err *e)
{
    struct stat st;
    *placed = false;
    const char *why = st_set_obstacle(dir, force);
    if (why)
        return st_fail(e, ST_E_IO, "%s: %s", dir, why);
    bool there = lstat(dir, &st) == 0;
    if (there ? !change_places(partial, dir) : rename(partial, dir) != 0)
        return st_fail(e, ST_E_IO, "%s: %s", dir, strerror(errno));
    *placed = true;
    st_sync_beside(dir);
    return there ? settle(partial, dir, e) : ST_OK;
}

/* all of it */

/* Readable as the folder in whose place it comes, else as the umask says; mkdtemp makes it private.
 */
static void usual_mode(const char *dir, const char *place)
{
    struct stat st;
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return;
    if (lstat(place, &st) != 0 || !S_ISDIR(st.st_mode) || fchmod(fd, st.st_mode & 07777) != 0)
        st_usual_mode(fd, 0777);
    close(fd);
}

static void fill_job(set *x, const char *tmp)
{
    const st_config *c = x->s->config;
    x->job = (st_job){ .found = x->s->found,
                       .ro = { .csv_raw = c->csv_raw,
                               .confirmed = x->s->confirmed,
                               .tmp = tmp,
                               .threads = 1 }, /* the files are written side by side */
                       .info = x->note.info,
                       .evidence = x->s->evidence };
    st_session_scan_options(x->s, &x->job.scan);
}

/* A folder beside the set's place, which may be on another file system than any other. */
static st_code make_partial(const char *dir, char partial[PATH_MAX], st_err *e)
{
    bool fits = snprintf(partial, PATH_MAX, "%s.partial-XXXXXX", dir) < PATH_MAX;
    if (!fits)
        errno = ENAMETOOLONG;
    if (!fits || !mkdtemp(partial))
        return st_fail(e, ST_E_IO, "%s: can't make a directory beside it: %s", dir,
                       strerror(errno));
    usual_mode(partial, dir);
    return ST_OK;
}

/* Disks are fastest if all is written before the first file is waited for; the manifest's folder is
 * that of all, but for tables. */
static void fill_folder(set *x, st_err *e)
{
    st_outfile *manifest = NULL;
    if (put_parts(x, e) == ST_OK && put_manifest(x, &manifest, e) == ST_OK &&
        place_parts(x, e) == ST_OK)
        st_outfile_commit(manifest, e);
    else
        st_outfile_abort(manifest);
}

static void write_set(set *x, char *partial, st_err *e)
{
    const st_config *c = x->s->config;
    bool placed = false; /* what is named `partial` then is the old set */
    st_tidy_note(c->tidy, partial);
    fill_folder(x, e);
    if (e->code == ST_OK)
        st_tidy_note(c->tidy,
                     NULL); /* it is whole: from here on it is worth more than the old one */
    if (e->code == ST_OK)
        put_in_place(partial, c->output, c->force, &placed, e);
    free_parts(x);
    if (e->code != ST_OK && !placed)
        st_tidy_remove(partial);
}

int st_output_dir(st_session *s, int exit_status)
{
    st_err e = { 0 };
    char partial[PATH_MAX], tmp[4096];
    set x = { .s = s, .dir = partial };
    if (!st_run_note_fill(&x.note, s, exit_status)) {
        st_run_note_free(&x.note);
        return st_cannot(&(st_err){ .code = ST_E_MEMORY });
    }
    x.note.info.tables = true;
    st_output_tmp(s->config, tmp);
    fill_job(&x, tmp);
    list_parts(&x);
    if (make_partial(s->config->output, partial, &e) == ST_OK)
        write_set(&x, partial, &e);
    st_run_note_free(&x.note);
    return e.code == ST_OK ? ST_EXIT_OK : st_cannot(&e);
}
