/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ahead.c - what of a rule file doesn't depend on the files before it, done on any thread.
 *
 * A document that needs no other file is parsed and checked; queries are parsed, and then checked
 * with what they use. One of which there is anything to tell is left: when its turn has come, it is
 * understood there, so that what is told has its order. So is a check that turns out to have been
 * made with something else than what the rule uses then.
 */
#include "rules/load/load.h"

#include <stdlib.h>

/* Of the text that the diagnostics are about. */
static bool is_silent(const st_ahead *a)
{
    return !a->diags.n && !a->diags.failed && !a->arena.failed;
}

static void begin_text(st_ahead *a, st_str path, st_str file, st_str text)
{
    st_diags_back(&a->diags, 0);
    st_diags_file(&a->diags, path, file, (size_t)(text.p - file.p), false);
}

/* NULL: there is something to tell, or no memory. */
static st_loaded *parse(st_ahead *a, const st_rules *r, const st_language *l, st_str path,
                        st_str file, st_str text, unsigned line)
{
    st_loaded *one = ST_NEW(&a->arena, st_loaded);
    if (!one)
        return NULL;
    begin_text(a, path, file, text);
    st_loaded_begin(one, l, path, file, text, line, false);
    bool read = l->parse(&a->arena, text, &r->settings, &a->diags, &one->rule, &one->parsed);
    one->parsed.library = one->rule.library;
    return read && is_silent(a) ? one : NULL;
}

/* Afterwards it is checked, or there may be something to tell. A library is checked before any
 * other query is on that thread: the check of one that uses it tells nothing of it. */
static void check(st_ahead *a, const st_rules *r, st_loaded *one)
{
    const st_checker checker = {
        &r->settings, r->regexes, &a->checking, &a->arena, &a->diags, false
    };
    begin_text(a, one->rule.path, one->file, one->text);
    st_rule_check(&checker, &one->parsed, &one->rule, &one->trigger);
    one->checked = is_silent(a) && one->rule.status != ST_RULE_BROKEN;
}

/* NULL: there is something to tell, or no memory. */
static st_loaded *understand(st_ahead *a, const st_rules *r, const st_language *l, st_str path,
                             st_str file, st_str text, unsigned line)
{
    st_loaded *one = parse(a, r, l, path, file, text, line);
    if (!one || one->parsed.correlation)
        return one;
    one->checked_servers = one->rule.marks_servers;
    check(a, r, one);
    return one->checked ? one : NULL;
}

static void understand_all(st_ahead *a, const st_rules *r, const st_language *l, st_str path,
                           st_ahead_file *out)
{
    st_documents documents = { out->text, 1 };
    st_loaded **end = &out->documents;
    st_str text;
    unsigned line;
    while (!a->arena.failed && st_documents_next(&documents, &text, &line)) {
        st_loaded *one = understand(a, r, l, path, out->text, text, line);
        if (!one)
            continue;
        *end = one;
        end = &one->next;
    }
}

static void read_file(st_ahead *a, st_str path, st_ahead_file *out)
{
    st_err err = { 0 };
    a->diags.arena = &a->arena;
    out->code = st_rule_file(&a->arena, path, &out->text, &err);
    if (out->code != ST_OK)
        out->why = st_arena_copy(&a->arena, st_str_of(err.text));
}

void st_ahead_read(st_ahead *a, const st_rules *r, st_str path, st_ahead_file *out)
{
    read_file(a, path, out);
    const st_language *l = out->code == ST_OK && st_rule_ending(path) == ST_RULE_YAML
                               ? st_language_of_documents(out->text)
                               : NULL;
    if (l && l->by_itself)
        understand_all(a, r, l, path, out);
}

/* queries */

enum { FEWEST_QUERIES = 16 }; /* so many that threads are worth it */

typedef struct queries {
    st_ahead_folder *folder;
    const st_rules *rules;
    st_loaded *found[ST_MAX_LIBRARIES]; /* libraries, each behind those that it uses */
    size_t nfound;
    st_loaded **others; /* all other queries, the longest first */
    size_t nothers;
} queries;

static bool holds_query(const st_rule_found *f)
{
    return !f->problem.n && st_rule_ending(f->path) == ST_RULE_KQL;
}

static void parse_query(void *ctx, unsigned thread, size_t i)
{
    const queries *q = ctx;
    const st_rule_found *found = &q->folder->found[i];
    st_ahead *a = &q->folder->workers[thread];
    st_ahead_file *file = holds_query(found) ? ST_NEW(&a->arena, st_ahead_file) : NULL;
    q->folder->queries[i] = file;
    if (!file)
        return;
    read_file(a, found->path, file);
    if (file->code == ST_OK)
        file->documents =
            parse(a, q->rules, st_language_of_queries(), found->path, file->text, file->text, 1);
}

/* A library is known by what it uses: its uses were found before those who use it. */
static const st_loaded *known_library(const st_ahead_folder *f, st_str path)
{
    const st_ahead_file *file = st_ahead_library(f, path);
    return file && file->documents->parsed.uses ? file->documents : NULL;
}

/* Finds what it uses among the folder's libraries. false: not there, or not known yet. */
static bool find_uses(const st_ahead_folder *f, st_arena *arena, st_loaded *one)
{
    const st_parsed *list[ST_MAX_LIBRARIES];
    size_t n = 0;
    for (size_t i = 0; i < one->rule.nuses; i++) {
        const st_loaded *used =
            known_library(f, st_path_beside(arena, one->rule.path, one->rule.uses[i]));
        if (!used || !st_join_uses(list, &n, used))
            return false;
    }
    const st_parsed **uses = ST_NEWN(arena, const st_parsed *, n + 1);
    for (size_t i = 0; uses && i < n; i++)
        uses[i] = list[i];
    one->parsed.uses = uses;
    one->parsed.nuses = uses ? n : 0;
    return uses;
}

static bool is_library(const st_ahead_file *file)
{
    return file && file->documents && file->documents->parsed.library;
}

/* Libraries, and what they use: of those that use others, in as many rounds as it takes. */
static void find_libraries(queries *q)
{
    st_ahead_folder *f = q->folder;
    st_arena *arena = &f->workers[0].arena;
    for (size_t i = 0; i < f->n && f->nlibraries < ST_MAX_LIBRARIES; i++)
        if (is_library(f->queries[i]))
            f->libraries[f->nlibraries++] = f->queries[i];
    for (bool more = true; more;) {
        more = false;
        for (size_t i = 0; i < f->nlibraries; i++) {
            st_loaded *l = f->libraries[i]->documents;
            if (l->parsed.uses || !find_uses(f, arena, l))
                continue;
            q->found[q->nfound++] = l;
            more = true;
        }
    }
}

/* Does it mark web servers, as far as can be said before all ids are known? */
static bool marks_servers(const st_loaded *one)
{
    const st_rule *rule = &one->rule;
    return rule->marks_servers ||
           st_names_servers(rule->id.n ? rule->id : st_rule_stem(rule->path), rule->path);
}

static void check_one(const queries *q, st_ahead *a, st_loaded *one)
{
    bool said = one->rule.marks_servers;
    a->diags.arena = &a->arena;
    one->checked_servers = one->rule.marks_servers = marks_servers(one);
    check(a, q->rules, one);
    one->rule.marks_servers = said;
}

/* All libraries in one go, which is begun first; then a query by itself. */
static void check_job(void *ctx, unsigned thread, size_t job)
{
    const queries *q = ctx;
    st_ahead *a = &q->folder->workers[thread];
    st_loaded *one = job ? q->others[job - 1] : NULL;
    for (size_t i = 0; !job && i < q->nfound; i++)
        check_one(q, a, q->found[i]);
    if (one && find_uses(q->folder, &a->arena, one))
        check_one(q, a, one);
}

static int by_length(const void *a, const void *b)
{
    const st_loaded *x = *(st_loaded *const *)a, *y = *(st_loaded *const *)b;
    return (x->text.n < y->text.n) - (x->text.n > y->text.n);
}

/* The last one to be checked is a short one, so that no thread waits long for another. */
static void find_others(queries *q)
{
    const st_ahead_folder *f = q->folder;
    q->others = ST_NEWN(&f->workers[0].arena, st_loaded *, f->n);
    for (size_t i = 0; q->others && i < f->n; i++)
        if (f->queries[i] && f->queries[i]->documents && !is_library(f->queries[i]) &&
            !f->queries[i]->documents->parsed.correlation)
            q->others[q->nothers++] = f->queries[i]->documents;
    if (q->nothers)
        /* NOLINTNEXTLINE(bugprone-sizeof-expression): an array of pointers is meant */
        qsort(q->others, q->nothers, sizeof *q->others, by_length);
}

void st_ahead_queries(st_ahead_folder *f, const st_rules *r, unsigned threads)
{
    queries q = { .folder = f, .rules = r };
    size_t n = 0;
    for (size_t i = 0; i < f->n; i++)
        n += holds_query(&f->found[i]);
    if (threads < 2 || n < FEWEST_QUERIES)
        return;
    /* NOLINTNEXTLINE(bugprone-sizeof-expression): an array of pointers is meant */
    f->queries = calloc(f->n, sizeof *f->queries);
    if (!f->queries)
        return;
    st_parallel(threads, f->n, parse_query, &q);
    find_libraries(&q);
    find_others(&q);
    st_parallel(threads, q.nothers + 1, check_job, &q);
}

const st_ahead_file *st_ahead_library(const st_ahead_folder *f, st_str path)
{
    for (size_t i = 0; f && i < f->nlibraries; i++)
        if (st_str_eq(f->libraries[i]->documents->rule.path, path))
            return f->libraries[i];
    return NULL;
}

void st_ahead_end(st_ahead *a)
{
    st_checking_free(&a->checking);
    st_diags_free(&a->diags);
}
