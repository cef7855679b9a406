/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rules.c - a rule set: loads files and folders, names the rules, hands each text to its
 * language.
 */
#include "rules/load/load.h"
#include "rules/text/about.h"
#include "base/limits.h"

#include <stdlib.h>
#include <string.h>

/* the channels that rules need whole */

static void free_logs(st_rules *r)
{
    for (size_t i = 0; i < r->nlogs; i++)
        free(r->log_ids[i]);
    free(r->logs);
    free((void *)r->log_ids);
    r->logs = NULL;
    r->log_ids = NULL;
    r->nlogs = 0;
}

st_rules *st_rules_new(void)
{
    st_rules *r = calloc(1, sizeof *r);
    if (!r)
        return NULL;
    r->diags.arena = &r->arena;
    r->ids = st_pool_new();
    r->paths = st_pool_new();
    r->regexes = st_regexes_new();
    if (!r->ids || !r->paths || !r->regexes) {
        st_rules_free(r);
        return NULL;
    }
    return r;
}

void st_rules_free(st_rules *r)
{
    if (!r)
        return;
    free(r->items);
    free(r->id_owners);
    st_checking_free(&r->checking);
    st_regexes_free(r->regexes);
    free_logs(r);
    st_pool_free(r->ids);
    st_pool_free(r->paths);
    st_diags_free(&r->diags);
    st_arena_free(&r->arena);
    free(r);
}

void st_rules_set(st_rules *r, const st_rule_settings *s)
{
    r->settings = *s;
}

size_t st_rules_count(const st_rules *r)
{
    return r->n;
}

const st_rule *st_rules_at(const st_rules *r, size_t i)
{
    return &r->items[i]->rule;
}

st_event_set st_rules_events(const st_rules *r)
{
    return r->events;
}

size_t st_rules_libraries(const st_rules *r)
{
    size_t n = 0;
    for (const st_loaded *l = r->libraries; l; l = l->next)
        n++;
    return n;
}

const st_rule *st_rules_library(const st_rules *r, size_t i)
{
    const st_loaded *l = r->libraries;
    while (l && i--)
        l = l->next;
    return l ? &l->rule : NULL;
}

size_t st_rules_filters(const st_rules *r, size_t *errors)
{
    size_t n = 0;
    *errors = 0;
    for (const st_loaded *l = r->filters; l; l = l->next, n++)
        *errors += l->rule.errors;
    return n;
}

size_t st_rules_twice(const st_rules *r)
{
    return r->twice;
}

bool st_rules_table(size_t i, st_str *name)
{
    const st_table_def *t = st_table_def_at(i);
    if (t)
        *name = st_str_of(t->name);
    return t != NULL;
}

bool st_rules_table_column(st_str table, size_t i, st_rules_column *out)
{
    const st_table_def *t = st_table_def_find(table);
    if (!t || i >= t->n)
        return false;
    const st_getter *c = &t->columns[i];
    *out = (st_rules_column){ st_str_of(c->name), st_str_of(st_type_name(c->type)),
                              !(c->flags & ST_SRC_NEVER) };
    return true;
}

size_t st_rules_unread(const st_rules *r)
{
    return r->diags.unread;
}

/* One rule's wish joins those for the same channel. */
static bool join_log(st_rules *r, const st_log_wanted *w)
{
    size_t i = 0, n;
    while (i < r->nlogs && !st_str_ieq(r->logs[i].channel, w->channel))
        i++;
    bool fresh = i == r->nlogs;
    if (fresh)
        r->logs[r->nlogs++] = (st_log_wanted){ .channel = w->channel };
    st_log_wanted *to = &r->logs[i];
    if (!w->ids || (!fresh && !to->ids)) { /* all of its events */
        free(r->log_ids[i]);
        to->ids = r->log_ids[i] = NULL;
        to->nids = 0;
        return true;
    }
    uint32_t *ids = realloc(r->log_ids[i], (to->nids + w->nids) * sizeof *ids);
    if (!ids)
        return false;
    r->log_ids[i] = ids;
    to->ids = ids;
    for (size_t k = 0; k < w->nids; k++) {
        for (n = 0; n < to->nids && ids[n] != w->ids[k];)
            n++;
        if (n == to->nids)
            ids[to->nids++] = w->ids[k];
    }
    return true;
}

static bool join_keep(st_arena *a, st_log_keep *to, const st_log_keep *k)
{
    to->every_event |= k->every_event;
    to->every_field |= k->every_field;
    return (!k->nids && !k->nfields) ||
           st_log_keep_add(a, to, k->ids, k->nids, k->fields, k->nfields);
}

void st_rules_join_needs(st_rules *r, const st_rule_needs *needs)
{
    st_event_set_join(&r->events, &needs->events);
    if (!join_keep(&r->arena, &r->keep, &needs->keep))
        r->diags.failed = true;
}

bool st_rules_keep(const st_rules *r, st_arena *a, st_log_keep *out)
{
    return join_keep(a, out, &r->keep);
}

const st_log_wanted *st_rules_logs(st_rules *r, size_t *n, bool *failed)
{
    size_t most = 0;
    free_logs(r);
    for (size_t i = 0; i < r->n; i++)
        most += r->items[i]->rule.needs.nlogs;
    r->logs = calloc(most + 1, sizeof *r->logs);
    r->log_ids = calloc(most + 1, sizeof *r->log_ids);
    bool ok = r->logs && r->log_ids;
    for (size_t i = 0; ok && i < r->n; i++) {
        const st_rule_needs *needs = &r->items[i]->rule.needs;
        for (size_t k = 0; ok && k < needs->nlogs; k++)
            ok = join_log(r, &needs->logs[k]);
    }
    *failed = !ok;
    *n = ok ? r->nlogs : 0;
    return ok ? r->logs : NULL;
}

size_t st_rules_diags(const st_rules *r)
{
    return r->diags.n;
}

const st_diag *st_rules_diag(const st_rules *r, size_t i)
{
    return &r->diags.items[i];
}

/* ids */

static st_str numbered(st_rules *r, st_str id, unsigned number)
{
    st_buf b = { 0 };
    st_buf_fmt(&b, "%.*s#%u", ST_FMT(id), number);
    st_str out = st_arena_copy(&r->arena, st_buf_slice(&b));
    if (b.failed)
        r->arena.failed = true;
    st_buf_free(&b);
    return out;
}

/* Ids become names of files: what no file's name may hold, and a dot in front, which would hide it,
 * becomes a dash, and they end early. */
static st_str clean_id(st_rules *r, st_str id)
{
    st_str kept = { id.p, 0 };
    for (size_t next = 0; next < id.n && next <= ST_MAX_RULE_ID; st_utf8_next(id, &next))
        kept.n = next;
    if (id.n <= ST_MAX_RULE_ID)
        kept.n = id.n;
    st_str out = st_arena_copy(&r->arena, kept);
    for (size_t i = 0; out.p && i < out.n; i++)
        if ((unsigned char)out.p[i] < 0x20 || (i == 0 && out.p[i] == '.') ||
            strchr("/\\:*?\"<>|", out.p[i]))
            ((char *)(uintptr_t)out.p)[i] = '-';
    return out;
}

st_str st_rule_stem(st_str path)
{
    st_str name = st_str_basename(path);
    for (size_t i = name.n; i-- > 1;)
        if (name.p[i] == '.')
            return (st_str){ name.p, i };
    return name;
}

/* The id's owner; *fresh: nobody had it, and it is now this rule's. Ids that differ in case only
 * are one, as names of files are on some systems. NULL: no memory. */
static st_id_owner *own_id(st_rules *r, st_str id, const st_rule *rule, bool *fresh)
{
    st_buf folded = { 0 };
    st_fold_put(&folded, id);
    st_sid sid = folded.failed ? ST_ABSENT : st_pool_put(r->ids, st_buf_slice(&folded));
    st_buf_free(&folded);
    size_t had = r->nid_owners;
    if (sid == ST_ABSENT ||
        !st_grow(&r->id_owners, &r->id_owners_cap, (size_t)sid + 1, sizeof *r->id_owners)) {
        r->arena.failed = true;
        return NULL;
    }
    for (; r->nid_owners <= sid; r->nid_owners++)
        r->id_owners[r->nid_owners] = (st_id_owner){ 0 };
    *fresh = sid >= had || !r->id_owners[sid].path.p;
    if (*fresh)
        r->id_owners[sid] = (st_id_owner){ .path = rule->path, .text = rule->text, .next = 2 };
    return &r->id_owners[sid];
}

/* An id that is taken gets the first number behind it that is free. Each owner knows how far that
 * was tried, so that a thousand rules of one name cost a thousand steps. */
static void settle_id(st_rules *r, st_loaded *l, st_str fallback)
{
    bool said = l->rule.id.n > 0, fresh;
    st_str id = clean_id(r, said ? l->rule.id : fallback);
    l->rule.id = id;
    const st_id_owner *first = own_id(r, id, &l->rule, &fresh);
    if (!first || fresh)
        return;
    l->twice = said && !l->rule.library && st_str_eq(first->text, l->rule.text);
    if (l->twice)
        return;
    st_str other = first->path;
    for (unsigned n = first->next; !fresh && !r->arena.failed; n++) {
        l->rule.id = numbered(r, id, n);
        own_id(r, l->rule.id, &l->rule, &fresh);
        st_id_owner *again = own_id(r, id, &l->rule, &(bool){ false });
        if (again)
            again->next = n + 1;
    }
    if (said)
        st_diag_file(&r->diags, ST_SEV_WARNING,
                     "the id %.*s is %.*s's already; this rule becomes %.*s", ST_FMT(id),
                     ST_FMT(other), ST_FMT(l->rule.id));
}

/* one rule */

typedef struct piece {
    st_str path, file; /* the whole file */
    st_str text;       /* the query in it */
    st_str title;      /* a heading, or empty */
    unsigned line;
    unsigned number; /* of the block in its file, from 1 */
    bool named;
    const st_yaml_query *yaml; /* what else is said of it; NULL: no YAML */
    const st_language *language;
    st_loaded *ahead; /* the file's documents that were understood by now */
} piece;

/* What stands around a rule's text, and where that text is in its file. */
static void read_around(st_rules *r, st_loaded *l, const piece *from)
{
    const st_yaml_query *y = from->yaml;
    size_t base = y ? 0 : (size_t)(from->text.p - from->file.p);
    st_diags_file(&r->diags, from->path, from->file, base, from->named);
    for (size_t i = 0; y && i < y->nfields; i++)
        st_rule_say(&r->arena, y->fields[i].key, y->fields[i].value, y->fields[i].where, &r->diags,
                    &l->rule);
    if (y) {
        r->diags.places = y->places;
        r->diags.nplaces = y->nplaces;
    }
}

bool st_names_servers(st_str id, st_str path)
{
    return st_str_eq(id, ST_STR("web-servers")) ||
           st_str_eq(st_str_basename(path), ST_STR("web-servers.kql"));
}

/* What it is called, and whether it marks web servers. */
static void name_rule(st_rules *r, st_loaded *l, const piece *from)
{
    st_str name = st_rule_stem(from->path);
    settle_id(r, l, from->number > 1 ? numbered(r, name, from->number) : name);
    if (!l->rule.title.n)
        l->rule.title = from->title.n ? from->title : l->rule.id;
    if (st_names_servers(l->rule.id, from->path))
        l->rule.marks_servers = true;
}

/* libraries */

/* NOLINTBEGIN(misc-no-recursion): a library that uses a library; each is read once, and there are
 * at most ST_MAX_LIBRARIES */

static st_code add_text(st_rules *r, st_str path, st_str file, bool named, st_loaded *ahead,
                        st_err *err);
static bool met(st_rules *r, st_str path);

/* The library in that file; NULL: none. */
static st_loaded *library_at(st_rules *r, st_str path)
{
    for (st_loaded *l = r->libraries; l; l = l->next)
        if (st_str_eq(l->rule.path, path))
            return l;
    return NULL;
}

/* It is known from now on, and can be used when it was read. */
static void add_last(st_loaded **list, st_loaded *l)
{
    while (*list)
        list = &(*list)->next;
    *list = l;
}

static void open_library(st_rules *r, st_loaded *l)
{
    add_last(&r->libraries, l);
    l->open = true;
}

st_str st_path_beside(st_arena *a, st_str path, st_str name)
{
    st_str base = st_str_basename(path);
    st_buf b = { 0 };
    if (name.p[0] != '/')
        st_buf_str(&b, (st_str){ path.p, path.n - base.n });
    st_buf_str(&b, name);
    st_str out = st_arena_copy(a, st_buf_slice(&b));
    st_buf_free(&b);
    return out;
}

/* Is the file's rule being understood? Of files that are no libraries nothing else tells. */
static bool is_open(const st_rules *r, st_str path)
{
    const st_open_rule *o = r->open;
    while (o && !st_str_eq(o->path, path))
        o = o->in;
    return o != NULL;
}

/* Reads the file if that wasn't done. NULL, and why is set: it can't be used. */
static const st_loaded *library(st_rules *r, st_str path, st_err *why)
{
    const st_loaded *l = library_at(r, path);
    bool open = !l && is_open(r, path);
    if (!l && (st_rules_libraries(r) >= ST_MAX_LIBRARIES ||
               (!open && r->open && r->open->depth > ST_MAX_LIBRARIES))) {
        st_fail(why, ST_E_LIMIT, "more than %u libraries", ST_MAX_LIBRARIES);
        return NULL;
    }
    if (!l && !open) {
        const st_ahead_file *ahead = st_ahead_library(r->ahead, path);
        st_ahead_file now = { 0 };
        met(r, path);
        if (!ahead && st_rule_file(&r->arena, path, &now.text, why) != ST_OK)
            return NULL;
        if (!ahead)
            ahead = &now;
        if (add_text(r, path, ahead->text, true, ahead->documents, why) != ST_OK)
            return NULL;
        l = library_at(r, path);
    }
    if (!l)
        st_fail(why, ST_E_RULE, "%.*s: no library (its header has to say library: yes)",
                ST_FMT(path));
    else if (l->open)
        st_fail(why, ST_E_RULE, "%.*s uses itself", ST_FMT(path));
    else if (l->rule.status != ST_RULE_READY)
        st_fail(why, ST_E_RULE, "%.*s, which it uses, can't be used", ST_FMT(path));
    return why->code == ST_OK ? l : NULL;
}

bool st_join_uses(const st_parsed **list, size_t *n, const st_loaded *l)
{
    for (size_t i = 0; i <= l->parsed.nuses; i++) {
        const st_parsed *p = i < l->parsed.nuses ? l->parsed.uses[i] : &l->parsed;
        size_t k = 0;
        while (k < *n && list[k] != p)
            k++;
        if (k < *n)
            continue;
        if (*n == ST_MAX_LIBRARIES)
            return false;
        list[(*n)++] = p;
    }
    return true;
}

/* What its header names; false, and it is told, if something isn't there. */
static bool find_uses(st_rules *r, st_loaded *l, const piece *from)
{
    const st_parsed **list = ST_NEWN(&r->arena, const st_parsed *, ST_MAX_LIBRARIES);
    bool ok = list != NULL;
    size_t n = 0;
    for (size_t i = 0; ok && i < l->rule.nuses; i++) {
        st_err why = { 0 };
        const st_loaded *used =
            library(r, st_path_beside(&r->arena, from->path, l->rule.uses[i]), &why);
        st_diags_file(&r->diags, from->path, from->file,
                      from->yaml ? 0 : (size_t)(from->text.p - from->file.p), from->named);
        ok = used && st_join_uses(list, &n, used);
        if (used && !ok)
            st_diag_file(&r->diags, ST_SEV_ERROR, "more than %u libraries", ST_MAX_LIBRARIES);
        if (why.code != ST_OK)
            st_diag_file(&r->diags, ST_SEV_ERROR, "%s", why.text);
    }
    l->parsed.uses = list;
    l->parsed.nuses = n;
    return ok;
}

/* The errors from `first` on, in the rule's own list. */
static void keep_mistakes(st_rules *r, st_rule *rule, size_t first)
{
    st_str *texts = ST_NEWN(&r->arena, st_str, r->diags.n - first + 1);
    rule->mistakes = texts;
    for (size_t i = first; texts && i < r->diags.n; i++)
        if (r->diags.items[i].severity == ST_SEV_ERROR)
            texts[rule->nmistakes++] = r->diags.items[i].text;
}

/* Is it one of those that the settings leave out? Then it says why. */
static bool is_left_out(const st_rules *r, st_rule *rule)
{
    const st_rule_settings *s = &r->settings;
    st_str rest = s->maturities, one;
    for (size_t i = 0; i < s->nexclude; i++)
        if (st_str_ieq(s->exclude[i], rule->id)) {
            rule->why = ST_STR("is left out by its id");
            rule->left_out = true;
            return true;
        }
    if (!s->maturities.n || !rule->maturity.n)
        return false;
    while (st_str_cut(&rest, ',', &one))
        if (st_str_ieq(st_str_trim(one), rule->maturity))
            return false;
    rule->why = ST_STR("is left out by its status");
    rule->left_out = true;
    return true;
}

/* Parsed and checked by now? It is, of those that were, the next one. */
static st_loaded *take_ahead(piece *from)
{
    st_loaded *l = from->ahead;
    if (!l || l->text.p != from->text.p)
        return NULL;
    from->ahead = l->next;
    l->next = NULL;
    return l;
}

/* Finds what it uses, and checks it, unless that was done with the same. */
static void check(st_rules *r, st_loaded *l, const piece *from)
{
    const st_checker checker = st_rules_checker(r);
    const st_parsed before = l->parsed;
    bool found = find_uses(r, l, from);
    bool same = l->checked && found && l->checked_servers == l->rule.marks_servers &&
                before.nuses == l->parsed.nuses;
    for (size_t i = 0; same && i < before.nuses; i++)
        same = before.uses[i] == l->parsed.uses[i];
    if (same)
        return;
    l->rule.status = ST_RULE_BROKEN;
    l->rule.why = l->rule.stubs = (st_str){ 0 };
    l->rule.needs = (st_rule_needs){ 0 };
    l->trigger = (st_trigger){ 0 };
    if (found)
        st_rule_check(&checker, &l->parsed, &l->rule, &l->trigger);
}

static void understand(st_rules *r, st_loaded *l, const piece *from, bool ahead)
{
    size_t first = r->diags.n, before = r->diags.errors + r->diags.dropped;
    bool read = ahead || from->language->parse(&r->arena, l->text, &r->settings, &r->diags,
                                               &l->rule, &l->parsed);
    l->parsed.library = l->rule.library;
    if (l->rule.library)
        open_library(r, l);
    name_rule(r, l, from);
    if (l->twice) {
        st_diags_back(&r->diags, first);
        return;
    }
    if (l->parsed.correlation)
        l->rule.status = ST_RULE_READY; /* st_rules_link says whether it is */
    else
        check(r, l, from);
    if (l->rule.status == ST_RULE_READY && is_left_out(r, &l->rule))
        l->rule.status = ST_RULE_NOT_APPLICABLE;
    st_diags_sort(&r->diags, first);
    keep_mistakes(r, &l->rule, first);
    l->rule.errors = (unsigned)(r->diags.errors + r->diags.dropped - before);
    if (l->rule.status == ST_RULE_READY)
        st_rules_join_needs(r, &l->rule.needs);
    else
        l->rule.needs.nlogs = 0;
    if (!read || (l->rule.errors && l->rule.status == ST_RULE_READY)) {
        l->rule.status = ST_RULE_BROKEN;
        l->rule.why = ST_STR("");
    }
}

void st_loaded_begin(st_loaded *l, const st_language *language, st_str path, st_str file,
                     st_str text, unsigned line, bool named)
{
    l->text = text;
    l->file = file;
    l->named = named;
    l->rule = (st_rule){ .level = ST_LEVEL_MEDIUM,
                         .path = path,
                         .text = text,
                         .line = line,
                         .generic = language != st_language_of_queries() };
}

/* Room is made when the rule is understood: what it uses was added meanwhile, and may have turned
 * out to be no library but a rule of its own. */
static bool add_item(st_rules *r, st_loaded *l)
{
    /* NOLINTNEXTLINE(bugprone-sizeof-expression): an array of pointers is meant */
    if (!st_grow(&r->items, &r->cap, r->n + 1, sizeof *r->items))
        return false;
    r->items[r->n++] = l;
    return true;
}

static st_code add_rule(st_rules *r, piece *from, st_err *err)
{
    st_loaded *made = take_ahead(from), *l = made ? made : ST_NEW(&r->arena, st_loaded);
    if (!l)
        return st_fail(err, ST_E_MEMORY, "no memory for the rule %.*s", ST_FMT(from->path));
    if (!made)
        st_loaded_begin(l, from->language, from->path, from->file, from->text, from->line,
                        from->named);
    l->named = from->named;
    read_around(r, l, from);
    const st_open_rule here = { r->open, from->path, r->open ? r->open->depth + 1 : 1 };
    r->open = &here;
    understand(r, l, from, made != NULL);
    r->open = here.in;
    l->open = false;
    if (l->twice)
        r->twice++;
    else if (l->parsed.filter)
        add_last(&r->filters, l);
    else if (!l->rule.library && !add_item(r, l))
        return st_fail(err, ST_E_MEMORY, "no memory for the rule %.*s", ST_FMT(from->path));
    if (r->arena.failed || r->diags.failed)
        return st_fail(err, ST_E_MEMORY, "no memory for the rule %.*s", ST_FMT(from->path));
    return ST_OK;
}

/* files */

static st_code add_plain(st_rules *r, piece *from, st_err *err)
{
    from->text = from->file;
    from->line = from->number = 1;
    return add_rule(r, from, err);
}

static st_code add_markdown(st_rules *r, piece *from, st_err *err)
{
    st_markdown m;
    st_fence f;
    st_code code = ST_OK;
    st_markdown_begin(&m, from->file);
    while (code == ST_OK && st_markdown_next(&m, from->file, &f)) {
        from->text = f.text;
        from->title = f.title;
        from->line = f.line;
        from->number++;
        code = add_rule(r, from, err);
    }
    return code;
}

static st_code add_yaml(st_rules *r, piece *from, st_err *err)
{
    st_yaml_query q = { 0 };
    st_yaml_source source = { &r->arena, from->file, &r->diags };
    st_code code = ST_OK;
    st_diags_file(&r->diags, from->path, from->file, 0, from->named);
    st_yaml *y = st_yaml_open(&r->arena, from->file, &r->diags);
    while (y && code == ST_OK && st_yaml_next_query(y, &source, &q)) {
        piece one = *from;
        one.text = q.text;
        one.line = q.line;
        one.yaml = &q;
        one.number = ++from->number;
        code = add_rule(r, &one, err);
        st_diags_file(&r->diags, from->path, from->file, 0, from->named);
    }
    st_yaml_close(y);
    if (code == ST_OK && r->arena.failed)
        code = st_fail(err, ST_E_MEMORY, "no memory for the rules in %.*s", ST_FMT(from->path));
    return code;
}

/* A file whose documents are rules. */
static st_code add_documents(st_rules *r, piece *from, st_err *err)
{
    st_documents documents = { from->file, 1 };
    st_code code = ST_OK;
    while (code == ST_OK && st_documents_next(&documents, &from->text, &from->line)) {
        from->number++;
        code = add_rule(r, from, err);
    }
    return code;
}

/* Every key that a query stands under has that word in it. */
static bool mentions_query(st_str file)
{
    return file.n && (memmem(file.p, file.n, "query", 5) || memmem(file.p, file.n, "Query", 5));
}

static st_code add_any_yaml(st_rules *r, piece *from, st_err *err)
{
    const st_language *l =
        from->ahead ? from->ahead->parsed.language : st_language_of_documents(from->file);
    if (!l && !from->named && !mentions_query(from->file))
        return ST_OK; /* settings, workflows and the like, in a repository */
    if (!l)
        return add_yaml(r, from, err);
    from->language = l;
    return add_documents(r, from, err);
}

/* Rules, libraries and filters that were read. */
static size_t texts_in(const st_rules *r)
{
    size_t errors;
    return r->n + st_rules_libraries(r) + st_rules_filters(r, &errors) + r->twice;
}

/* ahead: its documents that were understood by now */
static st_code add_text(st_rules *r, st_str path, st_str file, bool named, st_loaded *ahead,
                        st_err *err)
{
    static const struct {
        st_code (*add)(st_rules *, piece *, st_err *);
        const char *none; /* what is missing if there is no rule in it */
    } kinds[] = {
        [ST_RULE_NONE] = { add_plain, "" },
        [ST_RULE_KQL] = { add_plain, "" },
        [ST_RULE_TEXT] = { add_plain, "" },
        [ST_RULE_MARKDOWN] = { add_markdown,
                               "no KQL in this document (a block between ```kql and ```)" },
        [ST_RULE_YAML] = { add_any_yaml,
                           "no Sigma rule (a key detection) and no query (a text under the "
                           "key query) in this YAML" },
    };
    piece from = { .path = path,
                   .file = file,
                   .named = named,
                   .language = st_language_of_queries(),
                   .ahead = ahead };
    if (file.n > ST_MAX_RULE_BYTES)
        return st_fail(err, ST_E_LIMIT, "%.*s: longer than %u bytes; that's no rule", ST_FMT(path),
                       ST_MAX_RULE_BYTES);
    st_rule_kind kind = st_rule_ending(path);
    if (kind == ST_RULE_NONE && st_language_of_documents(file)) /* JSON, say */
        kind = ST_RULE_YAML;
    if (kind == ST_RULE_TEXT && !named && !from.language->tells(file))
        return ST_OK;
    size_t before = texts_in(r);
    st_diags_file(&r->diags, path, file, 0, named);
    st_code code = kinds[kind].add(r, &from, err);
    if (code == ST_OK && texts_in(r) == before && named && !r->diags.errors)
        st_diag_file(&r->diags, ST_SEV_ERROR, "%s", kinds[kind].none);
    if (r->diags.dropped)
        st_diag_file(&r->diags, ST_SEV_NOTE, "%zu more errors aren't shown", r->diags.dropped);
    return code;
}

/* NOLINTEND(misc-no-recursion) */

static int by_id(const void *a, const void *b)
{
    const st_rule *x = &(*(st_loaded *const *)a)->rule, *y = &(*(st_loaded *const *)b)->rule;
    int order = st_str_cmp(x->id, y->id);
    return order ? order : st_str_cmp(x->path, y->path);
}

static void sort(st_rules *r)
{
    if (r->n)
        /* NOLINTNEXTLINE(bugprone-sizeof-expression): an array of pointers is meant */
        qsort(r->items, r->n, sizeof *r->items, by_id);
}

/* Was this path met before? From now on it was. Without memory it wasn't, and no rule is taken any
 * more: one that is passed over as known would be lost. */
static bool met(st_rules *r, st_str path)
{
    uint32_t before = st_pool_count(r->paths);
    st_sid id = st_pool_put(r->paths, path);
    r->arena.failed |= st_pool_failed(r->paths);
    return id != ST_ABSENT && id < before;
}

/* folders */

enum { FILES = 8, MANY_FILES = 128 }; /* of a job; of a folder that is worth a thread */

typedef struct folder_load {
    st_rules *rules;
    st_ahead_folder ahead;
    st_ahead_file *files; /* by file */
    st_code code;
    st_err *err;
} folder_load;

/* One file of a folder: what can't be read is told, and the others go on. */
static st_code visit(st_rules *r, const st_rule_found *f, const st_ahead_file *file, st_err *err)
{
    if (f->problem.n) {
        st_rule_unread(&r->diags, f);
        return ST_OK;
    }
    if (met(r, f->path))
        return ST_OK;
    if (file->code == ST_OK)
        return add_text(r, f->path, file->text, false, file->documents, err);
    if (file->code == ST_E_MEMORY)
        return st_fail(err, file->code, "%.*s", ST_FMT(file->why));
    st_rule_unread(&r->diags, &(st_rule_found){ f->path, file->why, ST_SEV_ERROR });
    return ST_OK;
}

static void read_ahead(void *ctx, unsigned thread, size_t job)
{
    folder_load *l = ctx;
    const st_ahead_folder *a = &l->ahead;
    for (size_t i = job * FILES, k = 0; i < a->n && k < FILES; i++, k++)
        if (!a->found[i].problem.n && !(a->queries && a->queries[i]))
            st_ahead_read(&a->workers[thread], l->rules, a->found[i].path, &l->files[i]);
}

static void take_files(void *ctx, unsigned thread, size_t job)
{
    folder_load *l = ctx;
    const st_ahead_folder *a = &l->ahead;
    (void)thread;
    for (size_t i = job * FILES, k = 0; i < a->n && k < FILES && l->code == ST_OK; i++, k++) {
        const st_ahead_file *query = a->queries ? a->queries[i] : NULL;
        l->code = visit(l->rules, &a->found[i], query ? query : &l->files[i], l->err);
    }
}

static st_code load_folder(st_rules *r, st_str path, st_err *err)
{
    folder_load l = { .rules = r, .err = err };
    st_ahead_folder *a = &l.ahead;
    l.code = st_rule_folder(&r->arena, path, &a->found, &a->n, err);
    unsigned threads = st_threads(r->settings.threads);
    a->workers = calloc(threads, sizeof *a->workers);
    l.files = calloc(a->n + 1, sizeof *l.files);
    if (!a->workers || !l.files) {
        l.code = ST_E_MEMORY;
    } else if (l.code == ST_OK) {
        st_ahead_queries(a, r, threads);
        r->ahead = a;
        st_parallel_collect(a->n < MANY_FILES ? 1 : threads, (a->n + FILES - 1) / FILES, read_ahead,
                            take_files, &l);
        r->ahead = NULL;
    }
    for (unsigned i = 0; a->workers && i < threads; i++) {
        st_arena_take(&r->arena, &a->workers[i].arena);
        st_ahead_end(&a->workers[i]);
    }
    if (l.code == ST_OK && r->arena.failed)
        l.code = ST_E_MEMORY;
    free((void *)a->queries);
    free(a->workers);
    free(l.files);
    free(a->found);
    return l.code == ST_E_MEMORY
               ? st_fail(err, l.code, "no memory for the rules in %.*s", ST_FMT(path))
               : l.code;
}

st_code st_rules_load(st_rules *r, st_str path, st_err *err)
{
    st_str own = st_arena_copy(&r->arena, path), file;
    bool exists;
    if (!own.p)
        return st_fail(err, ST_E_MEMORY, "no memory for the rules in %.*s", ST_FMT(path));
    st_code code;
    if (st_is_folder(own, &exists)) {
        code = load_folder(r, own, err);
    } else {
        if (met(r, own))
            return ST_OK;
        code = st_rule_file(&r->arena, own, &file, err);
        if (code == ST_OK)
            code = add_text(r, own, file, true, NULL, err);
    }
    sort(r);
    return code;
}

st_code st_rules_load_text(st_rules *r, st_str path, st_str text, st_err *err)
{
    st_str own = st_arena_copy(&r->arena, path), copy = st_arena_copy(&r->arena, text);
    if (!own.p || !copy.p)
        return st_fail(err, ST_E_MEMORY, "no memory for the rule %.*s", ST_FMT(path));
    st_code code = add_text(r, own, copy, true, NULL, err);
    sort(r);
    return code;
}
