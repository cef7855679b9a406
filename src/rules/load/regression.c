/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * regression.c - what repositories of Sigma rules expect of them.
 *
 * Two layouts are known. The public repository's: a rule says `regression_tests_path`, the path of
 * an info.yml below the repository's top; that lists samples, their paths from the top again, with
 * the least number of matches (https://github.com/SigmaHQ/sigma, regression_data/README.md). The
 * info.yml of a rule lies where the rule does, below `regression_data`. The other: a folder a case,
 * with rule.yml, evidence.evtx and expect.json, which has the matches' EventRecordIDs.
 */
#include "rules/load/load.h"

#include "shelltree/json.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct finder {
    st_rules *rules;
    st_case_list *out;
    st_buf text;
} finder;

/* paths */

static st_str kept(finder *x)
{
    st_str out = st_arena_copy(&x->rules->arena, st_buf_slice(&x->text));
    x->rules->arena.failed |= x->text.failed;
    st_buf_clear(&x->text);
    return out.p ? out : (st_str){ "", 0 };
}

static st_str folder_of(st_str path)
{
    return (st_str){ path.p, path.n - st_str_basename(path).n };
}

/* folder (which ends in a slash, or is empty) and name. */
static st_str in_folder(finder *x, st_str folder, st_str name)
{
    st_buf_str(&x->text, folder);
    st_buf_str(&x->text, name);
    return kept(x);
}

static bool exists(st_str path)
{
    return path.n && access(path.p, R_OK) == 0;
}

/* A path that counts from one of the folders above: the nearest where it is. Empty: nowhere. */
static st_str above(finder *x, st_str folder, st_str name)
{
    for (;;) {
        st_str path = in_folder(x, folder, name);
        if (exists(path))
            return path;
        if (!folder.n)
            return (st_str){ 0 };
        folder = folder_of((st_str){ folder.p, folder.n - 1 });
    }
}

/* cases */

static st_rule_case *add_case(finder *x, st_str path, st_str rule, st_str evidence)
{
    st_str *list = ST_NEWN(&x->rules->arena, st_str, 1);
    if (!list || !st_grow(&x->out->items, &x->out->cap, x->out->n + 1, sizeof *x->out->items)) {
        x->rules->arena.failed = true;
        return NULL;
    }
    list[0] = evidence;
    st_rule_case *c = &x->out->items[x->out->n++];
    *c = (st_rule_case){ .path = path, .line = 1, .rule = rule, .evidence = list, .nevidence = 1 };
    st_str folder = folder_of(path);
    c->name = folder.n ? st_str_basename((st_str){ folder.p, folder.n - 1 }) : path;
    return c;
}

/* info.yml */

typedef struct sample {
    st_str path, type;
    size_t place; /* in the list */
    uint64_t count;
} sample;

static void add_sample(finder *x, st_str info, st_str rule, st_str id, const sample *s)
{
    if (!s->path.n)
        return;
    st_str evidence = above(x, folder_of(info), s->path);
    st_rule_case *c = add_case(x, info, rule, evidence.n ? evidence : s->path);
    if (!c)
        return;
    c->id = id;
    c->has_count = c->at_least = true;
    c->count = s->count;
}

/* The samples that it lists; ids of rules stand in front of them. */
static void read_info(finder *x, st_str info, st_str file, st_str rule)
{
    st_arena *a = &x->rules->arena;
    st_str id = { 0 };
    sample now = { .place = SIZE_MAX, .count = 1 };
    st_yaml_item t;
    st_diags_file(&x->rules->diags, info, file, 0, false);
    st_yaml *y = st_yaml_open(a, file, &x->rules->diags);
    while (y && st_yaml_next(y, &t)) {
        if (t.what != ST_YAML_TEXT)
            continue;
        bool of_sample = st_str_starts(t.path, ST_STR("regression_tests_info."));
        if (of_sample && t.item != now.place) {
            add_sample(x, info, rule, id, &now);
            now = (sample){ .place = t.item, .count = 1 };
        }
        if (st_str_eq(t.path, ST_STR("rule_metadata.id")) && !id.n)
            id = st_arena_copy(a, t.text);
        else if (st_str_eq(t.path, ST_STR("regression_tests_info.path")))
            now.path = st_arena_copy(a, t.text);
        else if (st_str_eq(t.path, ST_STR("regression_tests_info.match_count")))
            (void)st_str_u64(t.text, &now.count);
    }
    add_sample(x, info, rule, id, &now);
    st_yaml_close(y);
}

/* A rule's info.yml, once: it is met as a file, and named by its rule. */
static void take_info(finder *x, st_str info, st_str rule)
{
    size_t before = st_pool_count(x->rules->paths);
    st_str file;
    st_err ignored = { 0 };
    st_pool_put(x->rules->paths, info);
    if (st_pool_count(x->rules->paths) == before)
        return;
    if (st_rule_file(&x->rules->arena, info, &file, &ignored) == ST_OK)
        read_info(x, info, file, rule);
    else if (ignored.code == ST_E_MEMORY)
        x->rules->arena.failed = true;
}

/* regression_data/rules/A/NAME/info.yml: rules/A/NAME.yml. */
static st_str rule_of_info(finder *x, st_str info)
{
    st_str mark = ST_STR("regression_data/"), folder = folder_of(info);
    const char *at = memmem(info.p, info.n, mark.p, mark.n);
    if (!at || !folder.n)
        return (st_str){ 0 };
    st_buf_put(&x->text, info.p, (size_t)(at - info.p));
    st_buf_put(&x->text, at + mark.n, (size_t)(folder.p + folder.n - 1 - (at + mark.n)));
    st_buf_str(&x->text, ST_STR(".yml"));
    return kept(x);
}

/* expect.json */

typedef struct text_left {
    st_str rest;
} text_left;

static size_t give(void *ctx, char *to, size_t n)
{
    text_left *t = ctx;
    n = n < t->rest.n ? n : t->rest.n;
    if (n)
        memcpy(to, t->rest.p, n);
    t->rest = (st_str){ t->rest.p + n, t->rest.n - n };
    return n;
}

typedef struct expected {
    uint64_t *v;
    size_t n, cap;
    uint64_t count;    /* as published, a lower bound */
    bool has, partial; /* matches; they were written without what this program reads */
    bool failed;
} expected;

static void add_match(expected *e, st_str number)
{
    uint64_t id;
    if (!st_str_u64(number, &id))
        return;
    if (!st_grow(&e->v, &e->cap, e->n + 1, sizeof *e->v))
        e->failed = true;
    else
        e->v[e->n++] = id;
}

static void read_expected(st_str file, expected *e)
{
    enum { OTHER, MATCHES, COUNT, UNSUPPORTED } key = OTHER;
    text_left left = { file };
    st_json j;
    e->count = 1;
    st_json_open(&j, ST_JSON_ONE, give, &left);
    for (st_j step; (step = st_json_next(&j)) != ST_J_END && step != ST_J_BAD;) {
        if (step == ST_J_KEY)
            key = st_str_eq(j.text, ST_STR("matches"))                 ? MATCHES
                  : st_str_eq(j.text, ST_STR("published_match_count")) ? COUNT
                  : st_str_eq(j.text, ST_STR("unsupported"))           ? UNSUPPORTED
                                                                       : OTHER;
        else if (step == ST_J_ARRAY && key == MATCHES)
            e->has = true;
        else if (step == ST_J_NUMBER && key == MATCHES)
            add_match(e, j.text);
        else if (step == ST_J_NUMBER && key == COUNT)
            (void)st_str_u64(j.text, &e->count);
        else if (step == ST_J_TEXT && key == UNSUPPORTED)
            e->partial = true;
    }
    st_json_close(&j);
}

static void take_expected(finder *x, st_str rule, st_str path)
{
    expected e = { 0 };
    st_str file;
    st_err why = { 0 };
    st_arena *a = &x->rules->arena;
    if (st_rule_file(a, path, &file, &why) != ST_OK) {
        a->failed |= why.code == ST_E_MEMORY;
        return;
    }
    read_expected(file, &e);
    st_str evidence = in_folder(x, folder_of(rule), ST_STR("evidence.evtx"));
    st_rule_case *c = add_case(x, path, rule, evidence);
    uint64_t *records = ST_NEWN(a, uint64_t, e.n);
    if (c && records && e.has && !e.partial) {
        if (e.n)
            memcpy(records, e.v, e.n * sizeof *records);
        c->records = records;
        c->nrecords = e.n;
        c->has_records = true;
    } else if (c) {
        c->has_count = c->at_least = true;
        c->count = e.count;
    }
    a->failed |= e.failed;
    free(e.v);
}

/* what a file is */

/* The value of a key at the beginning of a line; empty: there is none. */
static st_str value_of(st_str file, st_str key)
{
    st_str rest = file, line;
    while (st_str_cut(&rest, '\n', &line))
        if (st_str_starts(line, key))
            return st_str_trim((st_str){ line.p + key.n, line.n - key.n });
    return (st_str){ 0 };
}

static bool has_line(st_str file, st_str start)
{
    st_str rest = file, line;
    while (st_str_cut(&rest, '\n', &line))
        if (st_str_starts(line, start))
            return true;
    return false;
}

static bool is_rule(st_str file)
{
    const st_language *queries = st_language_of_queries(), *l;
    for (size_t i = 0; (l = st_language_at(i)) != NULL; i++)
        if (l != queries && l->tells(file))
            return true;
    return false;
}

/* A case says what it tests; settings and workflows of a repository don't. */
static bool may_be_case(st_str file)
{
    static const char *const keys[] = { "rule:", "query:", "count:", "rows:", "records:" };
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (memmem(file.p, file.n, keys[i], strlen(keys[i])))
            return true;
    return false;
}

st_code st_regression_cases(st_rules *r, st_str path, st_str file, st_case_list *out, bool *taken)
{
    finder x = { .rules = r, .out = out };
    bool info = has_line(file, ST_STR("regression_tests_info:"));
    *taken = info || is_rule(file) || !file.n || !may_be_case(file);
    if (info) {
        take_info(&x, path, rule_of_info(&x, path));
    } else if (*taken && is_rule(file)) {
        st_str expect = in_folder(&x, folder_of(path), ST_STR("expect.json"));
        st_str said = value_of(file, ST_STR("regression_tests_path:"));
        st_str found = said.n ? above(&x, folder_of(path), said) : (st_str){ 0 };
        if (exists(expect))
            take_expected(&x, path, expect);
        else if (found.n)
            take_info(&x, found, path);
    }
    st_buf_free(&x.text);
    return r->arena.failed ? ST_E_MEMORY : ST_OK;
}
