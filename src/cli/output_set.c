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

typedef struct set {
    st_session *s;
    const char *dir; /* where it is written */
    st_job job;
    uint64_t cells_truncated;
    st_run_note note;
    st_buf manifest;
    const st_table *table; /* the one that is written */
    st_err *e;
} set;

/* One file. */
typedef struct part {
    const char *name;        /* with the folder in it */
    const st_format *format; /* NULL: the table */
} part;

static void put_part(st_out *o, set *x, const part *p)
{
    x->job.info.cells_truncated = x->cells_truncated;
    if (p->format)
        p->format->hunt(o, &x->job);
    else
        st_write_table_csv(o, x->table, &x->job.ro);
}

/* One file of the set, and its line of the manifest. */
static st_code put_file(set *x, const part *p)
{
    char path[PATH_MAX];
    unsigned char sum[32];
    st_outfile *f;
    if (snprintf(path, sizeof path, "%s/%s", x->dir, p->name) >= (int)sizeof path)
        return st_fail(x->e, ST_E_USAGE, "%s: the path is too long", x->dir);
    if (st_outfile_open(path, false, &f, x->e) != ST_OK)
        return x->e->code;
    st_out *o = st_outfile_out(f);
    o->digest = st_sha256_new();
    if (!o->digest) {
        st_outfile_abort(f);
        return st_fail(x->e, ST_E_MEMORY, "out of memory");
    }
    put_part(o, x, p);
    st_sha256_stream *digest = o->digest;
    st_code code = st_outfile_commit(f, x->e);
    st_sha256_end(digest, sum);
    if (code != ST_OK)
        return code;
    st_buf_hex(&x->manifest, sum, sizeof sum, false);
    st_buf_fmt(&x->manifest, "  %s\n", p->name);
    return ST_OK;
}

/* tables/RULE.csv: made when the first rule has one. */
static st_code visit_table(void *ctx, size_t rule, const st_table *t)
{
    set *x = ctx;
    char name[512], folder[PATH_MAX];
    const st_rule *r = st_rules_at(x->s->rules, rule);
    if (r->level < x->s->config->min_level)
        return ST_OK;
    if (snprintf(folder, sizeof folder, "%s/" TABLES, x->dir) >= (int)sizeof folder ||
        snprintf(name, sizeof name, TABLES "/%.*s.csv", ST_FMT(r->id)) >= (int)sizeof name)
        return st_fail(x->e, ST_E_USAGE, "%s: the path is too long", x->dir);
    if (mkdir(folder, 0777) != 0 && errno != EEXIST)
        return st_fail(x->e, ST_E_IO, "%s: %s", folder, strerror(errno));
    x->table = t;
    return put_file(x, &(part){ .name = name });
}

static st_code put_tables(set *x)
{
    st_run_options o;
    st_session_run_options(x->s, &o);
    return st_rules_tables(x->s->rules, x->s->forest, &o, x->s->matches, visit_table, x, x->e);
}

/* In the order of names, but for what marks a set: it tells what was cut in the others. */
static int by_name(const void *a, const void *b)
{
    const part *x = a, *y = b;
    bool x_last = strcmp(x->name, ST_SET_MARK) == 0, y_last = strcmp(y->name, ST_SET_MARK) == 0;
    return x_last != y_last ? x_last - y_last : strcmp(x->name, y->name);
}

enum { PARTS = 32 };

/* All files of the set; the tables stand as one, without a format. */
static size_t list_parts(part parts[PARTS])
{
    size_t n = 0;
    parts[n++] = (part){ .name = TABLES };
    for (size_t i = 0; st_format_at(i) && n < PARTS; i++)
        if (st_format_at(i)->file)
            parts[n++] = (part){ st_format_at(i)->file, st_format_at(i) };
    qsort(parts, n, sizeof *parts, by_name);
    return n;
}

static st_code put_manifest(set *x)
{
    char path[PATH_MAX];
    st_outfile *f;
    if (snprintf(path, sizeof path, "%s/" MANIFEST, x->dir) >= (int)sizeof path)
        return st_fail(x->e, ST_E_USAGE, "%s: the path is too long", x->dir);
    if (st_outfile_open(path, false, &f, x->e) != ST_OK)
        return x->e->code;
    st_out_str(st_outfile_out(f), st_buf_slice(&x->manifest));
    return st_outfile_commit(f, x->e);
}

/* an older set that stands there */

/* Is it a set of ours? Only such a directory is ever replaced. */
static st_code check_old(const char *dir, bool force, bool *there, st_err *e)
{
    char path[PATH_MAX];
    struct stat st;
    *there = lstat(dir, &st) == 0;
    if (!*there)
        return ST_OK;
    if (!force || !S_ISDIR(st.st_mode) ||
        snprintf(path, sizeof path, "%s/" ST_SET_MARK, dir) >= (int)sizeof path ||
        access(path, F_OK) != 0)
        return st_fail(e, ST_E_IO, "%s: is there already%s", dir,
                       force ? ", and isn't a set that shelltree wrote"
                             : "; --force writes over it");
    return ST_OK;
}

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

/* Removes from the old set what its manifest lists. The manifest goes last. */
static void remove_listed(const char *old)
{
    char path[PATH_MAX], line[1024];
    FILE *f = snprintf(path, sizeof path, "%s/" MANIFEST, old) < (int)sizeof path
                  ? fopen(path, "re")
                  : NULL;
    if (!f)
        return;
    while (fgets(line, sizeof line, f)) {
        const char *name = strstr(line, "  ");
        line[strcspn(line, "\n")] = 0;
        if (name && is_ours(name + 2) &&
            snprintf(path, sizeof path, "%s/%s", old, name + 2) < (int)sizeof path)
            unlink(path);
    }
    fclose(f);
    if (snprintf(path, sizeof path, "%s/" TABLES, old) < (int)sizeof path)
        rmdir(path);
    if (snprintf(path, sizeof path, "%s/" MANIFEST, old) < (int)sizeof path)
        unlink(path);
}

/* Moves what is left in the folder `from` into `to`; false: something had to stay, as `to` has
 * something of that name. */
static bool move_rest(const char *from, const char *to)
{
    char here[PATH_MAX], there[PATH_MAX];
    DIR *d = opendir(from);
    bool all = d != NULL;
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
        snprintf(to, sizeof to, "%s/" TABLES, dir) < (int)sizeof to && access(from, F_OK) == 0 &&
        access(to, F_OK) == 0 && move_rest(from, to))
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
    bool there;
    *placed = false;
    if (check_old(dir, force, &there, e) != ST_OK)
        return e->code;
    if (there ? !change_places(partial, dir) : rename(partial, dir) != 0)
        return st_fail(e, ST_E_IO, "%s: %s", dir, strerror(errno));
    *placed = true;
    return there ? settle(partial, dir, e) : ST_OK;
}

/* all of it */

/* Readable as the umask says; mkdtemp makes it private. */
static void usual_mode(const char *dir)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return;
    st_usual_mode(fd, 0777);
    close(fd);
}

int st_output_dir(st_session *s, int exit_status)
{
    const st_config *c = s->config;
    st_err e = { 0 };
    char partial[PATH_MAX];
    bool placed = false; /* what is named `partial` then is the old set */
    set x = { .s = s, .dir = partial, .e = &e };
    st_run_note_fill(&x.note, s, exit_status);
    x.note.info.tables = true;
    x.job = (st_job){ .found = s->found,
                      .ro = { .csv_raw = c->csv_raw,
                              .cells_truncated = &x.cells_truncated,
                              .confirmed = s->confirmed },
                      .info = x.note.info };
    char tmp[4096];
    st_err why = { 0 };
    st_output_tmp(c, tmp);
    x.job.ro.tmp = tmp;
    st_session_scan_options(s, &x.job.scan);
    x.job.evidence = s->evidence;
    x.job.err = &why;
    part parts[PARTS];
    size_t nparts = list_parts(parts);
    bool fits =
        snprintf(partial, sizeof partial, "%s.partial-XXXXXX", c->output) < (int)sizeof partial;
    if (!fits)
        errno = ENAMETOOLONG;
    if (!fits || !mkdtemp(partial)) {
        st_fail(&e, ST_E_IO, "%s: can't make a directory beside it: %s", c->output,
                strerror(errno));
        goto out;
    }
    usual_mode(partial);
    st_tidy_note(c->tidy, partial);
    for (size_t i = 0; i < nparts && e.code == ST_OK; i++)
        if (parts[i].format)
            put_file(&x, &parts[i]);
        else
            put_tables(&x);
    if (why.code)
        st_complain("%s", why.text);
    if (e.code == ST_OK)
        put_manifest(&x);
    if (e.code == ST_OK)
        st_tidy_note(c->tidy,
                     NULL); /* it is whole: from here on it is worth more than the old one */
    if (e.code == ST_OK)
        put_in_place(partial, c->output, c->force, &placed, &e);
    if (e.code != ST_OK && !placed)
        st_tidy_remove(partial);
out:
    st_buf_free(&x.manifest);
    st_run_note_free(&x.note);
    return e.code == ST_OK ? ST_EXIT_OK : st_cannot(&e);
}
