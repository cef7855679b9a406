/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * parse.c - the parser's cursor and its errors, and statements.
 */
#include "rules/kql/syntax/parse.h"
#include "base/limits.h"
#include "base/suggest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* the cursor */

void st_p_next(st_parser *p)
{
    if (p->i + 1 < p->tokens.n)
        p->i++;
}

bool st_p_take(st_parser *p, const char *punct)
{
    bool is = st_p_is(p, 0, punct);
    if (is)
        st_p_next(p);
    return is;
}

bool st_p_take_word(st_parser *p, const char *word)
{
    bool is = st_p_is_word(p, 0, word);
    if (is)
        st_p_next(p);
    return is;
}

bool st_p_glued(const st_parser *p, size_t ahead)
{
    return st_p_at(p, ahead)->span.end == st_p_at(p, ahead + 1)->span.start &&
           st_p_at(p, ahead + 1)->kind != ST_TOK_END;
}

uint32_t st_p_start(const st_parser *p)
{
    return st_p_at(p, 0)->span.start;
}

st_span st_p_since(const st_parser *p, uint32_t start)
{
    uint32_t end = p->i ? p->tokens.items[p->i - 1].span.end : start;
    return (st_span){ start, end > start ? end : start };
}

/* Just behind the last token taken: where something is missing. */
static st_span behind(const st_parser *p)
{
    uint32_t end = p->i ? p->tokens.items[p->i - 1].span.end : st_p_start(p);
    return (st_span){ end, end };
}

bool st_p_stops(const st_parser *p)
{
    const st_kql_token *t = st_p_at(p, 0);
    return t->kind == ST_TOK_END || (t->kind == ST_TOK_PUNCT && t->span.end == t->span.start + 1 &&
                                     strchr("|;,)]}", p->text.p[t->span.start]));
}

bool st_p_enter(st_parser *p)
{
    if (p->depth >= ST_MAX_KQL_DEPTH) {
        st_p_fail(p, st_p_at(p, 0)->span, NULL, "nested too deep (more than %u levels)",
                  ST_MAX_KQL_DEPTH);
        return false;
    }
    p->depth++;
    return true;
}

void st_p_leave(st_parser *p)
{
    p->depth--;
}

/* errors */

void st_p_wrong(st_parser *p)
{
    p->panic = p->wrong = true;
    p->mistakes++;
}

bool st_p_sound(const st_parser *p, unsigned before)
{
    return p->mistakes == before && !p->panic;
}

void st_p_fail(st_parser *p, st_span where, const char *code, const char *fmt, ...)
{
    char text[512];
    va_list args;
    if (p->panic)
        return;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    st_p_wrong(p);
    st_diag_at(p->diags, ST_SEV_ERROR, where, code, "%s", text);
}

/* Is what stands here glued to a text with a typographic quote in it? */
static bool behind_typographic(const st_parser *p)
{
    const st_kql_token *before = p->i ? &p->tokens.items[p->i - 1] : NULL;
    if (!before || before->kind != ST_TOK_LITERAL || before->span.end != st_p_start(p))
        return false;
    st_str text = st_p_text(p, before);
    return memmem(text.p, text.n, "\xE2\x80\x9C", 3) || memmem(text.p, text.n, "\xE2\x80\x9D", 3);
}

/* A comma before nothing: `project a, b, | ...`. */
static bool idle_comma(const st_parser *p)
{
    static const char *const ends[] = { ",", ")", "]", "}", "|", ";" };
    if (!p->i || !st_str_eq(st_p_text(p, st_p_at(p, 0) - 1), ST_STR(",")))
        return false;
    bool end = st_p_at(p, 0)->kind == ST_TOK_END;
    for (size_t i = 0; !end && i < sizeof ends / sizeof *ends; i++)
        end = st_p_is(p, 0, ends[i]);
    return end;
}

void st_p_expected(st_parser *p, const char *what)
{
    if (idle_comma(p)) {
        st_p_fail(p, (st_p_at(p, 0) - 1)->span, "KS005",
                  "nothing stands behind this comma; take it away");
        return;
    }
    const st_kql_token *t = st_p_at(p, 0);
    st_str text = st_p_text(p, t);
    if (t->kind == ST_TOK_BAD) {
        st_p_wrong(p); /* told already, by the lexer */
    } else if (t->kind == ST_TOK_END) {
        st_p_fail(p, behind(p), "KS006", "%s expected, but the text ends", what);
    } else if (t->kind == ST_TOK_LITERAL && t->value->hidden) {
        st_p_fail(p, t->span, "KS005", "%s expected, got a string", what);
    } else if (behind_typographic(p)) {
        st_p_fail(p, t->span, "KS005",
                  "the text before this holds a typographic quote, which doesn't end it");
    } else {
        st_str line = text;
        if (st_str_cut(&line, '\n', &text) && text.n > 40)
            text.n = 40;
        st_p_fail(p, t->span, "KS005", "%s expected, got %.*s", what, ST_FMT(text));
    }
}

bool st_p_need(st_parser *p, const char *punct, const char *where)
{
    char what[128];
    if (p->panic && !st_p_is(p, 0, punct))
        return false;
    if (st_p_take(p, punct)) {
        if (strchr(")]}", punct[0]))
            p->panic = false;
        return true;
    }
    snprintf(what, sizeof what, strchr(")]}", punct[0]) ? "`%s` to end %s" : "`%s` for %s", punct,
             where);
    st_p_expected(p, what);
    return false;
}

bool st_p_need_word(st_parser *p, const char *word, const char *where)
{
    char what[128];
    if (p->panic)
        return false;
    if (st_p_take_word(p, word))
        return true;
    snprintf(what, sizeof what, "`%s` in %s", word, where);
    st_p_expected(p, what);
    return false;
}

void st_p_skip(st_parser *p, bool comma)
{
    size_t open = 0;
    for (; st_p_at(p, 0)->kind != ST_TOK_END; st_p_next(p)) {
        bool opens = st_p_is(p, 0, "(") || st_p_is(p, 0, "[") || st_p_is(p, 0, "{");
        bool closes = st_p_is(p, 0, ")") || st_p_is(p, 0, "]") || st_p_is(p, 0, "}");
        if (opens)
            open++;
        else if (closes && open)
            open--;
        else if (closes || st_p_is(p, 0, ";"))
            return;
        else if (!open && (st_p_is(p, 0, "|") || (comma && st_p_is(p, 0, ","))))
            return;
    }
}

bool st_p_more(st_parser *p)
{
    if (p->panic)
        st_p_skip(p, true);
    if (!st_p_take(p, ","))
        return false;
    p->panic = false;
    return true;
}

/* lists */

void st_p_add(st_parser *p, st_p_list *l, void *item)
{
    if (!item)
        return;
    if (!st_grow(&l->items, &l->cap, l->n + 1, sizeof *l->items)) {
        p->arena->failed = true;
        st_p_wrong(p);
        return;
    }
    l->items[l->n++] = item;
}

st_kql_list st_p_exprs(st_parser *p, st_p_list *l)
{
    st_kql_list out = { ST_NEWN(p->arena, st_kql_expr *, l->n), l->n };
    if (!out.items)
        out.n = 0;
    for (size_t i = 0; i < out.n; i++)
        out.items[i] = l->items[i];
    free(l->items);
    *l = (st_p_list){ 0 };
    return out;
}

void *st_p_array(st_parser *p, st_p_list *l, size_t size)
{
    char *out = st_arena_alloc(p->arena, size, l->n);
    for (size_t i = 0; out && i < l->n; i++)
        memcpy(out + i * size, l->items[i], size);
    free(l->items);
    *l = (st_p_list){ 0 };
    return out;
}

/* statements */

static void param(st_parser *p, st_kql_param *out)
{
    if (!st_p_name(p, &out->name, "a parameter's name"))
        return;
    if (!st_p_take(p, ":")) {
        st_p_fail(p, out->name.span, "KS005", "a parameter needs a type: %.*s:string",
                  ST_FMT(out->name.text));
        return;
    }
    if (st_p_is(p, 0, "(")) {
        out->tabular = true;
        st_p_schema(p, &out->schema, false);
        return;
    }
    const st_kql_token *t = st_p_at(p, 0);
    out->type = t->kind == ST_TOK_NAME ? st_type_of(st_p_text(p, t)) : ST_TYPE_UNKNOWN;
    if (out->type == ST_TYPE_UNKNOWN) {
        st_p_expected(p, "a type (string, long, datetime, dynamic ...)");
        return;
    }
    st_p_next(p);
    if (st_p_take(p, "="))
        out->value = st_p_expr(p);
}

void st_p_params(st_parser *p, st_kql_param **params, size_t *n)
{
    st_p_list list = { 0 };
    *n = 0;
    if (st_p_need(p, "(", "parameters") && !st_p_is(p, 0, ")")) {
        do {
            st_kql_param *item = ST_NEW(p->arena, st_kql_param);
            if (!item)
                break;
            param(p, item);
            st_p_add(p, &list, item);
        } while (st_p_more(p));
    }
    st_p_need(p, ")", "the parameters");
    *n = list.n;
    *params = st_p_array(p, &list, sizeof **params);
    if (!*params)
        *n = 0;
}

/* (x:long) { , () {, view () { */
static bool lambda_begins(const st_parser *p)
{
    size_t i = st_p_is_word(p, 0, "view") && st_p_is(p, 1, "(") ? 1 : 0;
    if (!st_p_is(p, i, "("))
        return false;
    if (st_p_is(p, i + 1, ")"))
        return st_p_is(p, i + 2, "{");
    if (st_p_at(p, i + 1)->kind != ST_TOK_NAME)
        return false;
    while (st_p_at(p, i + 1)->kind == ST_TOK_NAME && st_p_is(p, i + 2, ","))
        i += 2;
    return st_p_is(p, i + 2, ":") || (st_p_is(p, i + 2, ")") && st_p_is(p, i + 3, "{"));
}

static st_kql_expr *lambda(st_parser *p)
{
    uint32_t start = st_p_start(p);
    st_kql_expr *e = st_p_node(p, ST_KQL_LAMBDA, (st_span){ start, start });
    if (!e || !st_p_enter(p))
        return e;
    uint32_t before = st_p_tall_begin(p);
    e->u.lambda.view = st_p_take_word(p, "view");
    st_p_params(p, &e->u.lambda.params, &e->u.lambda.nparams);
    if (st_p_need(p, "{", "the function's body")) {
        e->u.lambda.body = st_p_statements(p, true);
        st_p_need(p, "}", "the function's body");
    }
    e->span = st_p_since(p, start);
    st_p_tall_end(p, before, e);
    st_p_leave(p);
    return e;
}

static void let(st_parser *p, st_kql_stmt *s)
{
    s->kind = ST_KQL_STMT_LET;
    st_p_next(p);
    if (!st_p_name(p, &s->name, "a name behind let") || !st_p_need(p, "=", "the value of let"))
        return;
    s->value = lambda_begins(p) ? lambda(p) : st_p_value(p, true);
}

static void set(st_parser *p, st_kql_stmt *s)
{
    s->kind = ST_KQL_STMT_SET;
    st_p_next(p);
    if (st_p_name(p, &s->name, "the name of a setting") && st_p_take(p, "="))
        s->value = st_p_expr(p);
}

static void other(st_parser *p, st_kql_stmt *s)
{
    s->kind = ST_KQL_STMT_OTHER;
    s->name = (st_kql_name){ st_p_text(p, st_p_at(p, 0)), st_p_at(p, 0)->span };
    while (st_p_at(p, 0)->kind != ST_TOK_END && !st_p_is(p, 0, ";"))
        st_p_next(p);
}

static void declare(st_parser *p, st_kql_stmt *s)
{
    if (!st_p_is_word(p, 1, "query_parameters")) {
        other(p, s);
        return;
    }
    s->kind = ST_KQL_STMT_DECLARE;
    st_p_next(p);
    st_p_next(p);
    st_p_params(p, &s->params, &s->nparams);
}

static void query(st_parser *p, st_kql_stmt *s)
{
    s->kind = ST_KQL_STMT_QUERY;
    const st_kql_token *t = st_p_at(p, 0);
    if (st_p_is(p, 0, "|")) {
        st_p_fail(p, t->span, "KS005", "a table expected before `|`%s",
                  p->i && st_str_eq(st_p_text(p, t - 1), ST_STR(";")) ? "; the `;` ended the query"
                                                                      : "");
        return;
    }
    if (st_p_is(p, 0, "-") && st_p_is(p, 1, "-") && st_p_glued(p, 0)) {
        st_p_fail(p, t->span, "KS002", "a comment begins with `//` in KQL");
        return;
    }
    if (t->kind == ST_TOK_LITERAL && st_str_starts(st_p_text(p, t), ST_STR("```"))) {
        st_p_fail(p, (st_span){ t->span.start, t->span.start + 3 }, "KS002",
                  "a Markdown fence isn't KQL: keep what stands between, or name the file .md");
        return;
    }
    s->value = st_p_value(p, true);
}

static void statement(st_parser *p, st_kql_stmt *s)
{
    static const struct {
        const char *word, *second; /* second: what must follow, "" for any name */
        void (*read)(st_parser *, st_kql_stmt *);
    } table[] = { { "let", "", let },
                  { "set", "", set },
                  { "declare", "", declare },
                  { "alias", "database", other },
                  { "restrict", "access", other } };
    uint32_t start = st_p_start(p);
    void (*read)(st_parser *, st_kql_stmt *) = query;
    bool name = st_p_at(p, 1)->kind == ST_TOK_NAME || st_p_is(p, 1, "[");
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (st_p_is_word(p, 0, table[i].word) &&
            (table[i].second[0] ? st_p_is_word(p, 1, table[i].second) : name))
            read = table[i].read;
    read(p, s);
    s->span = st_p_since(p, start);
}

/* What a word may be meant for that stands behind an expression. */
static const char *instead(st_str word)
{
    st_suggest down = { .want = word }, up = { .want = word };
    st_suggest_offer(&down, ST_STR("desc"));
    st_suggest_offer(&up, ST_STR("asc"));
    if (down.best.p || st_str_eq(word, ST_STR("descending")))
        return "; did you mean desc?";
    if (up.best.p || st_str_eq(word, ST_STR("ascending")))
        return "; did you mean asc?";
    if (st_str_ieq(word, ST_STR("as")))
        return "; a name stands before its value: name = value";
    return "";
}

/* A query goes on where nothing separates: in its line a comma may be missing, or it is no query
 * but a sentence; in a later line a pipe, or another query begins. */
static void no_pipe(st_parser *p, const st_kql_stmt *s, const st_kql_token *t, st_str text)
{
    unsigned began = st_diags_line(p->diags, s->span.start),
             line = st_diags_line(p->diags, t->span.start),
             last = st_diags_line(p->diags, behind(p).start);
    static const char *const words[] = { "let", "set", "declare", "union", "print", "datatable" };
    for (size_t i = 0;
         s->value && s->value->kind == ST_KQL_NAME && i < sizeof words / sizeof *words; i++)
        if (st_str_ieq(s->value->u.name, st_str_of(words[i]))) {
            st_p_fail(p, s->value->span, "KS005", "keywords are lower case: %s", words[i]);
            return;
        }
    if (last == line && s->value && s->value->kind == ST_KQL_NAME)
        st_p_fail(p, t->span, "KS005",
                  "expected `|` before %.*s; if this is a sentence, put `//` in front of it",
                  ST_FMT(text));
    else if (last == line)
        st_p_fail(p, t->span, "KS005", "expected `,` or `|` before %.*s%s", ST_FMT(text),
                  instead(text));
    else
        st_p_fail(p, t->span, "KS005", "expected `|`, or `;` before %.*s (query began in line %u)",
                  ST_FMT(text), began);
}

/* Behind a statement stands neither `;` nor the end. */
static void no_separator(st_parser *p, const st_kql_stmt *s)
{
    static const char *const sql[] = { "from", "where", "join", "group", "limit" };
    const st_kql_token *t = st_p_at(p, 0);
    st_str text = st_p_text(p, t);
    if (p->panic || p->diags->errors >= ST_MAX_DIAGS) {
        st_p_wrong(p);
        return;
    }
    if (t->kind == ST_TOK_BAD || t->kind == ST_TOK_LITERAL ||
        (t->kind == ST_TOK_PUNCT && !st_p_is(p, 0, "("))) {
        if (st_p_is(p, 0, ":"))
            st_p_fail(
                p, t->span, "KS005",
                "`|`, `;` or the end expected, got :; if this is a title, put `//` in front of it");
        if (st_p_is(p, 0, "\\") && st_p_is(p, 1, "|"))
            st_p_fail(p, t->span, "KS002", "`\\|` is how a Markdown table writes `|`; write `|`");
        st_p_expected(p, s->kind == ST_KQL_STMT_QUERY ? "`|`, `;` or the end" : "`;`");
        return;
    }
    if (text.n > 40)
        text.n = 40;
    if (s->kind == ST_KQL_STMT_QUERY &&
        st_str_ieq((st_str){ p->text.p + s->span.start, s->span.end - s->span.start < 6 ? 0 : 6 },
                   ST_STR("select"))) {
        st_p_fail(p, s->span, "KS005",
                  "this looks like SQL; KQL begins with the table: T | where ...");
        return;
    }
    for (size_t i = 0; s->kind == ST_KQL_STMT_QUERY && i < sizeof sql / sizeof *sql; i++)
        if (st_str_ieq(text, st_str_of(sql[i]))) {
            st_p_fail(p, t->span, "KS005", "expected `|` before %.*s", ST_FMT(text));
            return;
        }
    if (s->kind == ST_KQL_STMT_QUERY)
        no_pipe(p, s, t, text);
    else
        st_p_fail(p, t->span, "KS005", "expected `;` before %.*s (statement began in line %u)",
                  ST_FMT(text), st_diags_line(p->diags, s->span.start));
}

/* Words that begin a statement, though some are operators, too. */
static bool begins_statement(st_str word)
{
    static const char *const first[] = { "let",          "set",   "declare",   "alias",
                                         "restrict",     "print", "datatable", "range",
                                         "externaldata", "union", "find",      "search" };
    for (size_t i = 0; i < sizeof first / sizeof *first; i++)
        if (st_str_ieq(word, st_str_of(first[i])))
            return true;
    return false;
}

/* How many tokens the line here has, if it is words and no query: two words one behind the other,
 * or a word and a colon, no sign of a statement, and something on the lines below. 0: it is KQL. */
static size_t title_here(const st_parser *p)
{
    if (st_p_at(p, 0)->kind != ST_TOK_NAME ||
        !(st_p_at(p, 1)->kind == ST_TOK_NAME || st_p_is(p, 1, ":")) ||
        st_kql_is_operator(st_p_text(p, st_p_at(p, 1))) || st_p_is_infix(p, 1))
        return 0;
    if (begins_statement(st_p_text(p, st_p_at(p, 0))))
        return 0;
    unsigned line = st_diags_line(p->diags, st_p_at(p, 0)->span.start);
    for (size_t n = 1;; n++) {
        const st_kql_token *t = st_p_at(p, n);
        if (t->kind == ST_TOK_END || st_p_is(p, n, "|") || st_p_is(p, n, ";") || st_p_is(p, n, "="))
            return 0;
        if (st_diags_line(p->diags, t->span.start) != line)
            return n;
    }
}

/* Tells of a title above a query, and goes on below it. */
static void skip_title(st_parser *p)
{
    size_t n = title_here(p);
    if (!n)
        return;
    st_p_fail(p, (st_span){ st_p_at(p, 0)->span.start, st_p_at(p, n - 1)->span.end }, "KS005",
              "this line isn't KQL; if it is a title, put `//` in front of it");
    while (n--)
        st_p_next(p);
    p->panic = false;
}

/* To the next statement: behind a `;`, or at the `}` of a body. */
static void to_next(st_parser *p, bool body)
{
    size_t open = 0;
    for (; p->panic && st_p_at(p, 0)->kind != ST_TOK_END; st_p_next(p)) {
        if (st_p_is(p, 0, "{"))
            open++;
        else if (st_p_is(p, 0, "}") && body && !open)
            break;
        else if (st_p_is(p, 0, "}") && open)
            open--;
        else if (st_p_is(p, 0, ";") && !open)
            break;
        else if (st_p_is_word(p, 0, "let") && st_p_is(p, 2, "=") && !open)
            break;
    }
    p->panic = false;
}

/* A statement that couldn't be read: its name is known, perhaps, and nothing else. What is
 * behind it is read as though it were sound. */
static void unread(st_parser *p, st_kql_stmt *s, unsigned before)
{
    bool kept = s->value && (s->value->kind == ST_KQL_QUERY || s->value->kind == ST_KQL_LAMBDA);
    if (s->kind == ST_KQL_STMT_LET && !s->name.text.p)
        s->kind = ST_KQL_STMT_SET;
    if (p->mistakes != before || !kept) {
        s->value = st_p_node(p, ST_KQL_ERROR, s->span);
        s->params = NULL;
        s->nparams = 0;
    }
    p->mistakes = before;
}

/* Does an empty line end the query before, as it does in the portals' editor? What follows begins
 * its line, and is no operator whose pipe was forgotten. */
static bool paragraph(const st_parser *p, const st_kql_stmt *s)
{
    const st_kql_token *t = st_p_at(p, 0);
    uint32_t low = behind(p).start;
    st_str between = { p->text.p + low, t->span.start - low }, line = between;
    bool empty = false;
    if (s->kind != ST_KQL_STMT_QUERY || p->panic || t->kind != ST_TOK_NAME || st_p_is_infix(p, 0) ||
        (st_kql_is_operator(st_p_text(p, t)) && !begins_statement(st_p_text(p, t))))
        return false;
    for (unsigned n = 0; st_str_cut(&between, '\n', &line) && between.p; n++)
        empty |= n && !st_str_trim(line).n;
    return empty && !st_str_trim(line).n;
}

st_kql_stmt *st_p_statements(st_parser *p, bool body)
{
    st_kql_stmt *first = NULL, **last = &first;
    bool fresh = false;
    for (;;) {
        while (st_p_take(p, ";"))
            ;
        if (!first && !body)
            skip_title(p);
        if (st_p_at(p, 0)->kind == ST_TOK_END || (body && st_p_is(p, 0, "}")))
            break;
        st_kql_stmt *s = ST_NEW(p->arena, st_kql_stmt);
        if (!s)
            break;
        size_t before = p->i;
        unsigned mistakes = p->mistakes;
        statement(p, s);
        s->fresh = fresh;
        fresh = !body && paragraph(p, s);
        if (!st_p_sound(p, mistakes))
            unread(p, s, mistakes);
        *last = s;
        last = &s->next;
        bool ends = fresh || st_p_is(p, 0, ";") || st_p_at(p, 0)->kind == ST_TOK_END ||
                    (body && st_p_is(p, 0, "}"));
        if (fresh)
            st_diag_at(p->diags, ST_SEV_WARNING, st_p_at(p, 0)->span, NULL,
                       "another query begins here, as an empty line stands before it; a `;` would "
                       "say so");
        if (!ends)
            no_separator(p, s);
        to_next(p, body);
        if (p->i == before)
            st_p_next(p);
    }
    return first;
}

/* A let alone is no query. */
static void check_result(st_parser *p, const st_kql_stmt *first)
{
    bool result = false;
    for (const st_kql_stmt *s = first; s; s = s->next)
        result = result || s->kind == ST_KQL_STMT_QUERY;
    if (result || p->wrong)
        return;
    st_p_fail(
        p, behind(p), "KS005",
        first ? "a query expected behind the statements, but the text ends; let only names a value"
              : "there is no query in this text");
}

bool st_kql_parse(st_arena *a, st_str text, st_diag_sink *d, st_kql_script *out)
{
    st_parser p = { .arena = a, .text = text, .diags = d };
    size_t errors = d->errors + d->dropped;
    *out = (st_kql_script){ .text = text, .library = out->library };
    if (text.n > ST_MAX_RULE_BYTES) {
        st_diag_file(d, ST_SEV_ERROR, "longer than %u bytes", ST_MAX_RULE_BYTES);
        return false;
    }
    if (st_kql_lex(a, text, (st_span){ 0, (uint32_t)text.n }, d, &p.tokens)) {
        out->first = st_p_statements(&p, false);
        out->wrong = p.wrong;
        if (!out->library || !out->first)
            check_result(&p, out->first);
    }
    free(p.tokens.items);
    if (a->failed)
        out->first = NULL;
    return !p.wrong && !a->failed && !d->failed && d->errors + d->dropped == errors;
}
