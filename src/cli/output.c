/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * output.c - where results go: standard output, one file, or a directory with the whole
 * set. Files and directories appear whole or not at all.
 */
#include "cli.h"
#include "base/suggest.h"
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_folder(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* Has the last part of the path an ending? That of .hidden is its name. */
static bool has_ending(const char *path)
{
    st_str name = st_str_basename(st_str_of(path));
    return name.n > 1 && memchr(name.p + 1, '.', name.n - 1);
}

/* A folder is what is one, what is written with a slash at its end, and what has no ending. */
st_target st_output_target(const st_config *c)
{
    if (!c->output || strcmp(c->output, "-") == 0)
        return ST_TO_STDOUT;
    bool dir = c->verb->bit == ST_VERB_HUNT && !c->format &&
               (c->output_slash || is_folder(c->output) || !has_ending(c->output));
    return dir ? ST_TO_DIR : ST_TO_FILE;
}

/* No format fits: says which there are. */
static const st_format *unknown(const st_config *c, const char *what, const char *why)
{
    st_buf b = { 0 };
    st_suggest g = { .want = st_str_of(c->format ? c->format : "") };
    for (size_t i = 0; st_format_at(i); i++)
        if (st_format_at(i)->verbs & c->verb->bit)
            st_suggest_offer(&g, st_str_of(st_format_at(i)->name));
    st_formats_put(&b, c->verb->bit);
    st_complain("%s: %s of %s%s%.*s%s; -f takes %.*s", what, why, c->verb->name,
                g.best.p ? ", did you mean " : "", ST_FMT(g.best), g.best.p ? "?" : "",
                ST_FMT(st_buf_slice(&b)));
    st_buf_free(&b);
    return NULL;
}

/* An option says one format and the file's ending another: who opens the file would be misled. f:
 * NULL, where it is none of the table. */
static bool contradicts(const st_config *c, const st_format *f)
{
    const st_format *named = st_format_of_path(c->output, c->verb->bit);
    if (!named || named == f || (f && st_format_takes(f, c->output)))
        return false;
    st_complain(
        "%s: its ending says %s, and %s%s something else: leave the option out, or give the "
        "file another ending",
        c->output, named->name, f ? "-f " : "--xml", f ? f->name : "");
    return true;
}

const st_format *st_output_format(const st_config *c)
{
    unsigned verb = c->verb->bit;
    bool file = st_output_target(c) == ST_TO_FILE;
    const st_format *f = NULL;
    if (c->format) {
        f = st_format_named(c->format, verb);
        if (!f)
            return unknown(c, c->format, "no format");
        return file && contradicts(c, f) ? NULL : f;
    }
    if (c->xml && file && contradicts(c, NULL))
        return NULL;
    if (file && !c->xml && has_ending(c->output)) {
        f = st_format_of_path(c->output, verb);
        return f ? f : unknown(c, c->output, "its ending names no format");
    }
    return st_format_default(verb);
}

bool st_output_is_casedb(const st_config *c)
{
    bool ending =
        st_output_target(c) == ST_TO_FILE && st_str_iends(st_str_of(c->output), ST_STR(".db"));
    return c->format ? strcmp(c->format, "casedb") == 0 : ending && !c->xml;
}

static bool is_empty_folder(const char *path)
{
    DIR *d = opendir(path);
    const struct dirent *x = NULL;
    if (!d)
        return false;
    do
        x = readdir(d);
    while (x && (strcmp(x->d_name, ".") == 0 || strcmp(x->d_name, "..") == 0));
    closedir(d);
    return !x;
}

const char *st_set_obstacle(const char *dir, bool force)
{
    char mark[PATH_MAX];
    struct stat st;
    if (snprintf(mark, sizeof mark, "%s/" ST_SET_MARK, dir) >= (int)sizeof mark)
        return "the path is too long";
    if (lstat(dir, &st) != 0)
        return NULL;
    if (!S_ISDIR(st.st_mode))
        return "is there already and is no folder; it stays";
    if (is_empty_folder(dir))
        return NULL;
    if (access(mark, F_OK) != 0)
        return "is there already, and isn't a set that shelltree wrote; it stays";
    return force ? NULL : "is there already; --force writes over it";
}

/* Of one file. */
static const char *file_obstacle(const char *path, bool force)
{
    struct stat st;
    if (lstat(path, &st) != 0)
        return NULL;
    if (!force)
        return "is there already; --force writes over it";
    return S_ISREG(st.st_mode) ? NULL : "is there already and is no regular file; it stays";
}

/* Why nothing can be written at the path; NULL if nothing speaks against it. Told before
 * the evidence is read, which may take an hour. */
static const char *obstacle(const st_config *c)
{
    char folder[PATH_MAX];
    struct stat st;
    bool set = st_output_target(c) == ST_TO_DIR;
    if (c->output_slash && !set)
        return "names a directory; only hunt without --format writes one";
    if (snprintf(folder, sizeof folder, "%s", c->output) >= (int)sizeof folder)
        return "the path is too long";
    const char *why = (set ? st_set_obstacle : file_obstacle)(c->output, c->force);
    if (why)
        return why;
    char *slash = strrchr(folder, '/');
    if (slash)
        slash[slash == folder] = 0;
    const char *in = slash ? folder : ".";
    if (stat(in, &st) != 0)
        return "the directory to write it in can't be reached; make it first";
    if (!S_ISDIR(st.st_mode))
        return "what it should be written in is no directory";
    return access(in, W_OK | X_OK) == 0 ? NULL : "the directory to write it in is not writable";
}

int st_output_check(const st_session *s)
{
    const st_config *c = s->config;
    if (st_output_target(c) == ST_TO_STDOUT)
        return ST_EXIT_OK;
    if (s->evidence && st_evidence_contains(s->evidence, c->output)) {
        st_complain("%s: lies in the evidence; results never go there", c->output);
        return ST_EXIT_CANNOT;
    }
    const char *why = obstacle(c);
    if (why) {
        st_complain("%s: %s", c->output, why);
        return ST_EXIT_CANNOT;
    }
    return ST_EXIT_OK;
}

void st_output_look(const st_config *c, st_look *look)
{
    bool tty = st_output_target(c) == ST_TO_STDOUT && isatty(STDOUT_FILENO);
    const char *term = getenv("TERM"), *no_color = getenv("NO_COLOR");
    struct winsize w;
    *look = (st_look){ .width = c->width };
    if (!look->width && tty)
        look->width = ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_col >= 40 ? w.ws_col : 80;
    look->ascii = c->ascii || strcmp(nl_langinfo(CODESET), "UTF-8") != 0;
    look->color =
        c->color == ST_ALWAYS || (c->color == ST_AUTO && tty && (!no_color || !*no_color) && term &&
                                  strcmp(term, "dumb") != 0);
}

void st_output_tmp(const st_config *c, char dir[4096])
{
    const char *tmp = c->tmp ? c->tmp : getenv("TMPDIR");
    if (st_output_target(c) != ST_TO_STDOUT) {
        const char *slash = strrchr(c->output, '/');
        size_t n = slash ? (size_t)(slash - c->output) : 0;
        snprintf(dir, 4096, "%.*s", slash ? (int)(n ? n : 1) : 1, slash ? c->output : ".");
    } else {
        snprintf(dir, 4096, "%s", tmp && *tmp ? tmp : "/tmp");
    }
}

int st_output_write(st_config *c, void (*write)(st_out *o, void *ctx), void *ctx)
{
    st_err e = { 0 };
    if (st_output_target(c) == ST_TO_STDOUT) {
        st_out o;
        bool paged = c->pager.fd >= 0;
        st_out_init(&o, paged ? c->pager.fd : STDOUT_FILENO);
        if (paged)
            signal(SIGPIPE, SIG_IGN); /* who leaves the pager early has read enough */
        write(&o, ctx);
        st_code code = st_out_end(&o, &e);
        bool left = paged && o.error == EPIPE;
        st_pager_end(c);
        return code == ST_OK || left ? ST_EXIT_OK : st_cannot(&e);
    }
    st_outfile *f;
    if (st_outfile_open(c->output, c->force, &f, &e) != ST_OK)
        return st_cannot(&e);
    st_tidy_note(c->tidy, st_outfile_temp(f));
    write(st_outfile_out(f), ctx);
    return st_outfile_commit(f, &e) == ST_OK ? ST_EXIT_OK : st_cannot(&e);
}

/* what the run was */

static void describe_time(st_ticks t, const char *name, st_buf *b, size_t at[ST_RUN_OPTIONS + 1],
                          size_t *n)
{
    if (!t)
        return;
    at[(*n)++] = b->n;
    st_buf_str(b, st_str_of(name));
    st_buf_time_iso(b, t);
    st_buf_char(b, 0);
}

/* NAME=VALUE of an option that may be given more than once, in the order given. */
static void describe_pairs(const st_pairs *l, const char *name, st_buf *b,
                           size_t at[ST_RUN_OPTIONS + 1], size_t *n)
{
    if (!l->n)
        return;
    at[(*n)++] = b->n;
    st_buf_str(b, st_str_of(name));
    for (size_t i = 0; i < l->n; i++)
        st_buf_fmt(b, "%s%.*s=%.*s", i ? "; " : "", ST_FMT(l->items[i].name),
                   ST_FMT(l->items[i].value));
    st_buf_char(b, 0);
}

/* Options that decide what results hold, in a fixed order; each ends with a NUL. */
static size_t describe_options(const st_config *c, st_buf *b, size_t at[ST_RUN_OPTIONS + 1])
{
    static const char *const scopes[] = { "hits", "incident", "all" };
    size_t n = 0;
#define PAIR(...) (at[n++] = b->n, st_buf_fmt(b, __VA_ARGS__), st_buf_char(b, 0))
    PAIR("ago=%s", c->ago_strict ? "strict" : "off");
    PAIR("carve=%s", c->carve ? "yes" : "no");
    describe_pairs(&c->clock_offsets, "clock-offset=", b, at, &n);
    PAIR("csv-raw=%s", c->csv_raw ? "yes" : "no");
    PAIR("duplicates=%s", c->duplicates ? "yes" : "no");
    PAIR("engine=%s", c->engine == ST_ENGINE_NATIVE ? "native" : "libevtx");
    describe_pairs(&c->external, "external=", b, at, &n);
    if (c->hosts.n) {
        at[n++] = b->n;
        st_buf_str(b, ST_STR("host="));
        for (size_t i = 0; i < c->hosts.n; i++) {
            st_buf_str(b, i ? ST_STR("; ") : ST_STR(""));
            st_buf_str(b, c->hosts.items[i]);
        }
        st_buf_char(b, 0);
    }
    PAIR("min-level=%s", st_level_word(c->min_level));
    describe_pairs(&c->params, "param=", b, at, &n);
    PAIR("scope=%s", scopes[c->scope]);
    describe_time(c->since, "since=", b, at, &n);
    PAIR("stub-services=%s", c->settings.stub_services ? "yes" : "no");
    PAIR("trust-inferred=%s", c->trust_inferred ? "yes" : "no");
    describe_time(c->until, "until=", b, at, &n);
#undef PAIR
    at[n] = b->n;
    return n;
}

bool st_run_note_fill(st_run_note *n, const st_session *s, int exit_status)
{
    size_t at[ST_RUN_OPTIONS + 1];
    *n = (st_run_note){ 0 };
    size_t count = describe_options(s->config, &n->text, at);
    if (n->text.failed)
        return false;
    for (size_t i = 0; i < count; i++)
        n->pairs[i] = (st_str){ n->text.p + at[i], at[i + 1] - at[i] - 1 };
    n->info = (st_run_info){ .version = VERSION,
                             .options = n->pairs,
                             .noptions = count,
                             .now = s->now,
                             .limits = st_query_limits_in_force(&s->config->settings.limits),
                             .exit_status = exit_status,
                             .min_level = s->config->min_level };
    return true;
}

void st_run_note_free(st_run_note *n)
{
    st_buf_free(&n->text);
}
