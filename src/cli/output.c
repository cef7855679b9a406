/*
 * output.c - where results go: standard output, one file, or a directory with the whole
 * set. Files and directories appear whole or not at all.
 */
#include "cli.h"
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct {
    const char *ending, *format;
} endings[] = { { ".csv", "csv" }, { ".jsonl", "jsonl" }, { ".json", "json" }, { ".txt", "text" }, { ".html", "html" } };

static const char *format_by_ending(const char *path)
{
    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++)
        if (st_str_iends(st_str_of(path), st_str_of(endings[i].ending)))
            return endings[i].format;
    return NULL;
}

st_target st_output_target(const st_config *c)
{
    if (!c->output || strcmp(c->output, "-") == 0)
        return ST_TO_STDOUT;
    bool dir = c->verb->bit == ST_VERB_HUNT && !c->format &&
               (c->output_slash || !format_by_ending(c->output));
    return dir ? ST_TO_DIR : ST_TO_FILE;
}

static bool knows(const st_verb *v, const char *format)
{
    st_str rest = st_str_of(v->formats), part;
    while (st_str_cut(&rest, ' ', &part))
        if (st_str_eq(part, st_str_of(format)))
            return true;
    return false;
}

const char *st_output_format(const st_config *c)
{
    static const char *const first[] = { "text", "csv", "jsonl", "json" };
    const char *f = c->format ? c->format : c->output ? format_by_ending(c->output) : NULL;
    if (f && !knows(c->verb, f)) {
        st_complain("%s: no such format of %s; it has %s", f, c->verb->name, c->verb->formats);
        return NULL;
    }
    if (f)
        return f;
    for (size_t i = 0; i < sizeof first / sizeof first[0]; i++)
        if (st_str_starts(st_str_of(c->verb->formats), st_str_of(first[i])) &&
            (c->verb->formats[strlen(first[i])] == ' '))
            return first[i];
    return "text";
}

/* Why nothing can be written at the path; NULL if nothing speaks against it. Told before
 * the evidence is read, which may take an hour. */
static const char *obstacle(const st_config *c)
{
    char folder[PATH_MAX], mark[PATH_MAX];
    struct stat st;
    bool set = st_output_target(c) == ST_TO_DIR;
    if (c->output_slash && !set)
        return "names a directory; only hunt without --format writes one";
    if (snprintf(folder, sizeof folder, "%s", c->output) >= (int)sizeof folder ||
        snprintf(mark, sizeof mark, "%s/run.json", c->output) >= (int)sizeof mark)
        return "the path is too long";
    if (lstat(c->output, &st) == 0) {
        if (!c->force)
            return "is there already; --force writes over it";
        if (!set && !S_ISREG(st.st_mode))
            return "is there already and is no regular file; it stays";
        if (set && (!S_ISDIR(st.st_mode) || access(mark, F_OK) != 0))
            return "is there already, and isn't a set that shelltree wrote; it stays";
    }
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
    look->color = c->color == ST_ALWAYS ||
                  (c->color == ST_AUTO && tty && (!no_color || !*no_color) && term && strcmp(term, "dumb") != 0);
}

int st_output_write(const st_config *c, void (*write)(st_out *o, void *ctx), void *ctx)
{
    st_err e = { 0 };
    if (st_output_target(c) == ST_TO_STDOUT) {
        st_out o;
        st_out_init(&o, STDOUT_FILENO);
        write(&o, ctx);
        return st_out_end(&o, &e) == ST_OK ? ST_EXIT_OK : st_cannot(&e);
    }
    st_outfile *f;
    if (st_outfile_open(c->output, c->force, &f, &e) != ST_OK)
        return st_cannot(&e);
    st_tidy_note(c->tidy, st_outfile_temp(f));
    write(st_outfile_out(f), ctx);
    return st_outfile_commit(f, &e) == ST_OK ? ST_EXIT_OK : st_cannot(&e);
}

/* ---- the whole set ------------------------------------------------------------------- */

typedef struct set {
    st_session *s;
    st_report_options ro;
    uint64_t cells_truncated;
    st_run_note note;
} set;

static void put_timeline(st_out *o, set *x)
{
    st_write_csv(o, x->s->found, &x->ro);
}

static void put_findings(st_out *o, set *x)
{
    st_write_jsonl(o, x->s->found, &x->ro);
}

static void put_hosts(st_out *o, set *x)
{
    st_write_hosts_csv(o, x->s->found, &x->ro);
}

static void put_tree(st_out *o, set *x)
{
    st_write_tree_text(o, x->s->forest, NULL, x->s->found, &x->ro.look);
}

static void put_run(st_out *o, set *x)
{
    st_write_run_json(o, x->s->found, &x->note.info);
}

static void put_html(st_out *o, set *x)
{
    st_write_html(o, x->s->found, &x->ro, &x->note.info);
}

static const struct {
    const char *name;
    void (*put)(st_out *o, set *x);
} files[] = { { "findings.jsonl", put_findings },
              { "hosts.csv", put_hosts },
              { "report.html", put_html },
              { "run.json", put_run },
              { "timeline.csv", put_timeline },
              { "tree.txt", put_tree } };
enum { FILES = sizeof files / sizeof files[0] };

static st_code put_file(const char *dir, size_t i, set *x, st_buf *manifest, st_err *e)
{
    char path[PATH_MAX];
    unsigned char sum[32];
    st_outfile *f;
    if (snprintf(path, sizeof path, "%s/%s", dir, files[i].name) >= (int)sizeof path)
        return st_fail(e, ST_E_USAGE, "%s: the path is too long", dir);
    if (st_outfile_open(path, false, &f, e) != ST_OK)
        return e->code;
    st_out *o = st_outfile_out(f);
    o->digest = st_sha256_new();
    if (!o->digest) {
        st_outfile_abort(f);
        return st_fail(e, ST_E_MEMORY, "out of memory");
    }
    files[i].put(o, x);
    st_sha256_stream *digest = o->digest;
    if (st_outfile_commit(f, e) != ST_OK)
        return e->code;
    st_sha256_end(digest, sum);
    st_buf_hex(manifest, sum, sizeof sum, false);
    st_buf_fmt(manifest, "  %s\n", files[i].name);
    return ST_OK;
}

static st_code put_manifest(const char *dir, const st_buf *text, st_err *e)
{
    char path[PATH_MAX];
    st_outfile *f;
    if (snprintf(path, sizeof path, "%s/manifest-sha256.txt", dir) >= (int)sizeof path)
        return st_fail(e, ST_E_USAGE, "%s: the path is too long", dir);
    if (st_outfile_open(path, false, &f, e) != ST_OK)
        return e->code;
    st_out_str(st_outfile_out(f), st_buf_slice(text));
    return st_outfile_commit(f, e);
}

static void remove_set(const char *dir)
{
    char path[PATH_MAX];
    for (size_t i = 0; i < FILES; i++)
        if (snprintf(path, sizeof path, "%s/%s", dir, files[i].name) < (int)sizeof path)
            unlink(path);
    if (snprintf(path, sizeof path, "%s/manifest-sha256.txt", dir) < (int)sizeof path)
        unlink(path);
    rmdir(dir);
}

/* Only a directory that carries our run.json is ever replaced. */
static st_code clear_old(const char *dir, bool force, st_err *e)
{
    char path[PATH_MAX];
    struct stat st;
    if (lstat(dir, &st) != 0)
        return ST_OK;
    if (!force || !S_ISDIR(st.st_mode) ||
        snprintf(path, sizeof path, "%s/run.json", dir) >= (int)sizeof path || access(path, F_OK) != 0)
        return st_fail(e, ST_E_IO, "%s: is there already%s", dir,
                       force ? ", and isn't a set that shelltree wrote" : "; --force writes over it");
    remove_set(dir);
    if (lstat(dir, &st) == 0)
        return st_fail(e, ST_E_IO, "%s: holds other files, too: not replaced", dir);
    return ST_OK;
}

static void describe_time(st_ticks t, const char *name, st_buf *b, size_t at[ST_RUN_OPTIONS + 1], size_t *n)
{
    if (!t)
        return;
    at[(*n)++] = b->n;
    st_buf_str(b, st_str_of(name));
    st_buf_time_iso(b, t);
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
    PAIR("csv-raw=%s", c->csv_raw ? "yes" : "no");
    PAIR("duplicates=%s", c->duplicates ? "yes" : "no");
    PAIR("engine=%s", c->engine == ST_ENGINE_NATIVE ? "native" : "libevtx");
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
    PAIR("scope=%s", scopes[c->scope]);
    describe_time(c->since, "since=", b, at, &n);
    PAIR("trust-inferred=%s", c->trust_inferred ? "yes" : "no");
    describe_time(c->until, "until=", b, at, &n);
#undef PAIR
    at[n] = b->n;
    return n;
}

void st_run_note_fill(st_run_note *n, const st_session *s, int exit_status)
{
    size_t at[ST_RUN_OPTIONS + 1];
    *n = (st_run_note){ 0 };
    size_t count = describe_options(s->config, &n->text, at);
    if (n->text.failed)
        count = 0;
    for (size_t i = 0; i < count; i++)
        n->pairs[i] = (st_str){ n->text.p + at[i], at[i + 1] - at[i] - 1 };
    n->info = (st_run_info){ .version = VERSION, .options = n->pairs, .noptions = count, .now = s->now,
                             .exit_status = exit_status };
}

void st_run_note_free(st_run_note *n)
{
    st_buf_free(&n->text);
}

/* As the umask says, as any new directory would be; mkdtemp makes it private. */
static void usual_mode(const char *dir)
{
    mode_t mask = umask(0);
    umask(mask);
    if (chmod(dir, 0777 & ~mask) != 0) {
        /* Private is the safe side. */
    }
}

int st_output_dir(st_session *s, int exit_status)
{
    const st_config *c = s->config;
    st_err e = { 0 };
    char partial[PATH_MAX];
    st_buf manifest = { 0 };
    set x = { .s = s };
    st_run_note_fill(&x.note, s, exit_status);
    x.ro = (st_report_options){ .csv_raw = c->csv_raw, .cells_truncated = &x.cells_truncated,
                                .confirmed = s->confirmed };
    bool fits = snprintf(partial, sizeof partial, "%s.partial-XXXXXX", c->output) < (int)sizeof partial;
    if (!fits)
        errno = ENAMETOOLONG;
    if (!fits || !mkdtemp(partial)) {
        st_fail(&e, ST_E_IO, "%s: can't make a directory beside it: %s", c->output, strerror(errno));
        goto out;
    }
    usual_mode(partial);
    st_tidy_note(c->tidy, partial);
    for (size_t i = 0; i < FILES && e.code == ST_OK; i++)
        put_file(partial, i, &x, &manifest, &e);
    if (e.code == ST_OK)
        put_manifest(partial, &manifest, &e);
    if (e.code == ST_OK)
        st_tidy_note(c->tidy, NULL); /* it is whole: from here on it is worth more than the old one */
    if (e.code == ST_OK && clear_old(c->output, c->force, &e) == ST_OK && rename(partial, c->output) != 0)
        st_fail(&e, ST_E_IO, "%s: %s", c->output, strerror(errno));
    if (e.code != ST_OK)
        remove_set(partial);
out:
    st_buf_free(&manifest);
    st_run_note_free(&x.note);
    return e.code == ST_OK ? ST_EXIT_OK : st_cannot(&e);
}
