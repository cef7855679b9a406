/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * condition.c - the grammar of conditions.
 *
 *     or   = and { "or" and }
 *     and  = not { "and" not }
 *     not  = { "not" } part
 *     part = "(" or ")" | ( "1" | "any" | "all" ) "of" ( "them" | pattern ) | name
 *
 * Operators ignore case, names don't. A name may begin as an operator does: words are taken whole.
 */
#include "rules/sigma/sigma.h"

#include "base/limits.h"
#include "rules/engine/match/glob.h"

#include <stdlib.h>
#include <string.h>

typedef struct parser {
    st_sigma_reader *r;
    const st_doc *doc;
    const st_sigma_selection *selections;
    size_t n;
    size_t at;   /* behind the word at hand */
    st_str word; /* empty: the end */
    size_t words;
    unsigned depth;
    bool failed;
} parser;

/* words */

static bool is_name_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '*' || c == '.' || (unsigned char)c >= 0x80;
}

static void advance(parser *p)
{
    st_str t = p->doc->text;
    while (p->at < t.n && memchr(" \t\r\n", t.p[p->at], 4))
        p->at++;
    size_t end = p->at;
    while (end < t.n && is_name_char(t.p[end]))
        end++;
    if (end == p->at && end < t.n)
        end++; /* a bracket, or what means nothing */
    p->word = (st_str){ t.p + p->at, end - p->at };
    p->at = end;
    p->words++;
}

/* Where the word at hand stands in the file, if the text stands there as it is. */
static st_span place(const parser *p)
{
    if (!p->doc->direct)
        return p->doc->span;
    uint32_t end = p->doc->span.start + (uint32_t)p->at;
    return (st_span){ end - (uint32_t)p->word.n, p->word.n ? end : end + 1 };
}

static bool is(const parser *p, const char *word)
{
    return st_str_ieq(p->word, st_str_of(word));
}

static const st_sigma_cond *wrong(parser *p, const char *what)
{
    if (!p->failed)
        st_sigma_error(p->r, place(p), "%s", what);
    p->failed = true;
    return NULL;
}

/* names and patterns */

/* '*' stands for any run, and for nothing else. */
static st_str as_glob(parser *p, st_str pattern)
{
    st_str out = st_arena_copy(p->r->arena, pattern);
    for (size_t i = 0; out.p && i < out.n; i++)
        if (out.p[i] == '*')
            ((char *)(uintptr_t)out.p)[i] = ST_GLOB_ANY;
    return out;
}

static const st_sigma_cond *several(parser *p, bool all, st_str pattern)
{
    bool them = st_str_ieq(pattern, ST_STR("them"));
    bool hidden = !them && pattern.p[0] == '_';
    st_str glob = as_glob(p, pattern);
    const st_sigma_cond **parts = ST_NEWN(p->r->arena, const st_sigma_cond *, p->n);
    size_t n = 0;
    bool whole = parts != NULL;
    for (size_t i = 0; parts && i < p->n; i++) {
        st_str name = p->selections[i].name;
        if ((!hidden && name.n && name.p[0] == '_') || (!them && !st_glob_match(glob, name)))
            continue;
        parts[n++] = p->selections[i].cond;
        whole = whole && p->selections[i].cond;
    }
    if (!n)
        return wrong(p, "no selection has such a name");
    advance(p);
    return whole ? st_sigma_joined(p->r, all ? ST_SIGMA_AND : ST_SIGMA_OR, parts, n) : NULL;
}

static bool ends_or_joins(const parser *p)
{
    return !p->word.n || is(p, "and") || is(p, "or") || is(p, "not") || is(p, "of") ||
           !is_name_char(p->word.p[0]);
}

/* The word at hand is 1, any or all, and `of` is next; moves to the pattern. */
static bool is_count(parser *p, bool *all)
{
    *all = is(p, "all");
    if (!*all && !is(p, "1") && !is(p, "any"))
        return false;
    parser back = *p;
    advance(p);
    if (is(p, "of")) {
        advance(p);
        return true;
    }
    *p = back;
    return false;
}

static const st_sigma_cond *named(parser *p)
{
    for (size_t i = 0; i < p->n; i++)
        if (st_str_eq(p->selections[i].name, p->word)) {
            const st_sigma_cond *c = p->selections[i].cond;
            advance(p);
            return c;
        }
    if (!p->failed)
        st_sigma_error(p->r, place(p), "no selection %.*s", ST_FMT(p->word));
    p->failed = true;
    return NULL;
}

/* the grammar */

/* NOLINTBEGIN(misc-no-recursion): no deeper than ST_MAX_SIGMA_DEPTH */

static const st_sigma_cond *read_or(parser *p);

static const st_sigma_cond *read_part(parser *p)
{
    bool all;
    if (p->word.n && p->word.p[0] == '(') {
        if (++p->depth > ST_MAX_SIGMA_DEPTH)
            return wrong(p, "nested too deep");
        advance(p);
        const st_sigma_cond *c = read_or(p);
        if (!p->failed && !(p->word.n && p->word.p[0] == ')'))
            return wrong(p, "a closing bracket is missing");
        advance(p);
        p->depth--;
        return c;
    }
    if (p->word.n && p->word.p[0] == '|')
        return wrong(p,
                     "aggregations (| count() by ...) aren't supported: write a correlation rule");
    if (is_count(p, &all))
        return ends_or_joins(p) ? wrong(p, "`of` needs a pattern of names, or them")
                                : several(p, all, p->word);
    if (ends_or_joins(p))
        return wrong(p, p->word.n ? "the name of a selection is needed here"
                                  : "the condition ends too early");
    return named(p);
}

static const st_sigma_cond *read_not(parser *p)
{
    bool negate = false;
    while (is(p, "not") && !p->failed) {
        negate = !negate;
        advance(p);
        if (p->words > ST_MAX_SIGMA_WORDS)
            return wrong(p, "a condition that is longer than a rule may have");
    }
    const st_sigma_cond *c = read_part(p);
    return c && negate ? st_sigma_joined(p->r, ST_SIGMA_NOT, &c, 1) : c;
}

/* Parts joined by one operator; next reads each. However many they are, they are of one height. */
static const st_sigma_cond *read_joined(parser *p, const char *word, st_sigma_join join,
                                        const st_sigma_cond *(*next)(parser *))
{
    const st_sigma_cond **parts = NULL, *c = next(p);
    size_t n = 0, cap = 0;
    bool whole = c != NULL;
    for (bool more = !p->failed && is(p, word); more; more = !p->failed && is(p, word)) {
        if (!st_grow(&parts, &cap, n + 2, sizeof(const st_sigma_cond *)))
            p->failed = p->r->arena->failed = true;
        else if (p->words > ST_MAX_SIGMA_WORDS)
            wrong(p, "a condition that is longer than a rule may have");
        if (p->failed)
            break;
        if (!n)
            parts[n++] = c;
        advance(p);
        parts[n] = next(p);
        whole = whole && parts[n];
        n++;
    }
    if (n)
        c = whole && !p->failed ? st_sigma_joined(p->r, join, parts, n) : NULL;
    free(parts);
    return c;
}

static const st_sigma_cond *read_and(parser *p)
{
    return read_joined(p, "and", ST_SIGMA_AND, read_not);
}

static const st_sigma_cond *read_or(parser *p)
{
    return read_joined(p, "or", ST_SIGMA_OR, read_and);
}

/* NOLINTEND(misc-no-recursion) */

const st_sigma_cond *st_sigma_read_condition(st_sigma_reader *r, const st_doc *text,
                                             const st_sigma_selection *selections, size_t n)
{
    parser p = { .r = r, .doc = text, .selections = selections, .n = n };
    if (text->kind != ST_DOC_TEXT) {
        st_sigma_error(r, text->span, "a condition is text, or a list of texts");
        return NULL;
    }
    advance(&p);
    if (!p.word.n)
        return wrong(&p, "the condition is empty");
    const st_sigma_cond *c = read_or(&p);
    if (!p.failed && p.word.n && p.word.p[0] == '|')
        return wrong(&p,
                     "aggregations (| count() by ...) aren't supported: write a correlation rule");
    if (!p.failed && p.word.n)
        return wrong(&p, "and, or, or the end of the condition is needed here");
    return p.failed ? NULL : c;
}
