/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * language.c - KQL as a language of rules: what its texts look like, what their comments say of
 * the rule, and calls to the parser and the binder.
 */
#include "rules/kql/bind/explain.h"
#include "rules/kql/query.h"
#include "rules/text/about.h"

#include <string.h>

/* telling */

static bool is_name(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
}

/* Behind a pipe: an operator, and nothing that a shell would have there. */
static bool operator_at(st_str s)
{
    size_t n = 0, next;
    while (n < s.n && is_name(s.p[n]))
        n++;
    for (next = n; next < s.n && (s.p[next] == ' ' || s.p[next] == '\t'); next++)
        ;
    return st_kql_is_operator((st_str){ s.p, n }) && (next == s.n || !strchr("-{$/>&", s.p[next]));
}

static bool line_tells(st_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] == '|' && (!i || s.p[i - 1] != '|') &&
            operator_at(st_str_trim((st_str){ s.p + i + 1, s.n - i - 1 })))
            return true;
    return st_str_starts(s, ST_STR("let ")) && memchr(s.p, '=', s.n);
}

/* Has the text a pipe before an operator, or a let? */
static bool tells(st_str text)
{
    st_str line;
    while (st_str_cut(&text, '\n', &line)) {
        line = st_str_trim(line);
        if (!st_str_starts(line, ST_STR("//")) && line_tells(line))
            return true;
    }
    return false;
}

/* the comments on top */

/* "// title: ..." and its like. */
static void comment(st_arena *a, st_str text, st_str line, st_diag_sink *d, st_rule *about)
{
    uint32_t start = (uint32_t)(line.p - text.p);
    st_str value = { line.p + 2, line.n - 2 }, key;
    if (memchr(value.p, ':', value.n) && st_str_cut(&value, ':', &key))
        st_rule_say(a, st_str_trim(key), st_str_trim(value),
                    (st_span){ start, start + (uint32_t)line.n }, d, about);
}

static void read_header(st_arena *a, st_str text, st_diag_sink *d, st_rule *about)
{
    st_str rest = text, line;
    if (st_str_starts(rest, ST_STR("\xEF\xBB\xBF")))
        rest = (st_str){ rest.p + 3, rest.n - 3 };
    while (st_str_cut(&rest, '\n', &line)) {
        line = st_str_trim(line);
        if (line.n && !st_str_starts(line, ST_STR("//")))
            return;
        if (line.n)
            comment(a, text, line, d, about);
    }
}

/* parsing and binding */

/* Names of declared parameters; false: no memory. */
static bool read_params(st_arena *a, const st_kql_script *script, st_parsed *out)
{
    size_t n = 0;
    for (const st_kql_stmt *s = script->first; s; s = s->next)
        n += s->kind == ST_KQL_STMT_DECLARE ? s->nparams : 0;
    st_str *names = ST_NEWN(a, st_str, n);
    out->params = names;
    for (const st_kql_stmt *s = script->first; names && s; s = s->next)
        for (size_t i = 0; s->kind == ST_KQL_STMT_DECLARE && i < s->nparams; i++)
            names[out->nparams++] = s->params[i].name.text;
    return names;
}

/* Behind a mistake there may have been a query: a `;` is missing. */
static bool only_lets(const st_kql_script *script)
{
    const st_kql_stmt *s = script->first;
    while (s && s->kind == ST_KQL_STMT_LET)
        s = s->next;
    return script->first && !s && !script->wrong;
}

static bool parse(st_arena *a, st_str text, const st_rule_settings *settings, st_diag_sink *d,
                  st_rule *about, st_parsed *out)
{
    (void)settings;
    st_kql_script *script = ST_NEW(a, st_kql_script);
    *out = (st_parsed){ .language = &st_language_kql, .tree = script, .text = text };
    if (!script)
        return false;
    if (about)
        read_header(a, text, d, about);
    script->library = about && about->library;
    bool ok = st_kql_parse(a, text, d, script);
    if (about)
        script->subject = about->process;
    out->part = only_lets(script);
    return read_params(a, script, out) && ok;
}

static void bind(st_run *r, const st_parsed *p, bool marks_servers, st_diag_sink *d, st_bound *out)
{
    st_bind_rule(r, p, marks_servers, d, out);
}

static void explain(st_run *r, const st_parsed *p, const st_bound *b, bool run, st_buf *out)
{
    const st_kql_script *script = p->tree;
    st_explain(r, script->text, b, run, out);
}

const st_language st_language_kql = {
    .name = "KQL", .tells = tells, .parse = parse, .bind = bind, .explain = explain
};
