/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * own.c - checks the lists of the user's own (--servers, --known) before anything is read: their
 * heading, and in each record the words, the pattern and the level. The rules of the pack read
 * them by externaldata; here they are read the same way.
 */
#include "rules/rules_private.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum { SERVER, CHILD, PATTERN, REASON, LEVEL, FIELDS };

typedef struct list {
    const char *address;
    bool children; /* a child is needed */
} list;

static const list lists[] = { { "own:servers", false }, { "own:known", true } };

/* "Command pattern" and "command_pattern" are one. */
static bool heads(st_str cell, const char *word)
{
    st_str s = st_str_trim(cell);
    size_t n = strlen(word);
    if (s.n != n)
        return false;
    for (size_t i = 0; i < n; i++) {
        char c = st_ascii_lower(s.p[i]);
        if ((c == '_' ? ' ' : c) != word[i])
            return false;
    }
    return true;
}

static st_code check_heading(const st_cell *cells, st_str file, st_err *err)
{
    static const char *const words[FIELDS] = { "server", "child", "command pattern", "reason",
                                               "level" };
    for (size_t i = 0; i < FIELDS; i++)
        if (!heads(cells[i].text, words[i]))
            return st_fail(err, ST_E_RULE,
                           "%.*s: its first record must be the heading server,child,command "
                           "pattern,reason,level",
                           ST_FMT(file));
    return ST_OK;
}

static st_code check_pattern(st_str pattern, st_str file, size_t record, st_err *err)
{
    size_t offset = 0;
    st_err why = { 0 };
    st_regex *r = st_regex_new(pattern, &offset, &why);
    st_regex_free(r);
    return r ? ST_OK
             : st_fail(err, ST_E_RULE, "%.*s: record %zu: the command pattern: %s", ST_FMT(file),
                       record, why.text);
}

static st_code check_record(const list *l, const st_cell *cells, st_str file, size_t record,
                            st_err *err)
{
    st_level level;
    st_str said = st_str_trim(cells[LEVEL].text);
    if (!st_str_trim(cells[SERVER].text).n)
        return st_fail(err, ST_E_RULE, "%.*s: record %zu names no server (* is any)", ST_FMT(file),
                       record);
    if (l->children && !st_str_trim(cells[CHILD].text).n)
        return st_fail(err, ST_E_RULE, "%.*s: record %zu names no child", ST_FMT(file), record);
    if (said.n && !st_str_ieq(said, ST_STR("none")) && !st_level_parse(said, &level))
        return st_fail(err, ST_E_RULE,
                       "%.*s: record %zu: no level %.*s; expected none, informational, low, "
                       "medium, high or critical",
                       ST_FMT(file), record, ST_FMT(said));
    return check_pattern(cells[PATTERN].text, file, record, err);
}

static st_code check_list(st_rules *r, const list *l, const st_named *own, st_err *err)
{
    st_str file = own->value;
    if (!own->text.n && access(file.p, R_OK) != 0)
        return st_fail(err, ST_E_IO, "%.*s: %s", ST_FMT(file), strerror(errno));
    st_buf text = { 0 };
    st_table *t = NULL;
    const st_run_options o = { .now = ST_TICKS_UNIX };
    st_buf_fmt(&text,
               "externaldata(Server:string, Child:string, CommandPattern:string, Reason:string, "
               "Level:string)[\"%s\"] with (format=\"csv\")",
               l->address);
    st_code code = text.failed ? st_fail(err, ST_E_MEMORY, "no memory for %.*s", ST_FMT(file))
                               : st_query_run(r, st_str_of(l->address), st_buf_slice(&text), NULL,
                                              &o, &t, err);
    if (code == ST_OK && (!t || !t->nrows))
        code = st_fail(err, ST_E_RULE, "%.*s is empty; it needs a heading", ST_FMT(file));
    if (code == ST_OK && t)
        code = check_heading(t->cells, file, err);
    for (size_t i = 1; code == ST_OK && t && i < t->nrows; i++)
        code = check_record(l, t->cells + i * t->ncolumns, file, i + 1, err);
    st_table_free(t);
    st_buf_free(&text);
    return code;
}

st_code st_rules_check_own(st_rules *r, st_err *err)
{
    st_code code = ST_OK;
    for (size_t i = 0; code == ST_OK && i < r->settings.nexternal; i++)
        for (size_t k = 0; code == ST_OK && k < sizeof lists / sizeof *lists; k++)
            if (st_str_eq(r->settings.external[i].name, st_str_of(lists[k].address)))
                code = check_list(r, &lists[k], &r->settings.external[i], err);
    return code;
}
