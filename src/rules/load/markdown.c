/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * markdown.c - finds the KQL in a document: fenced blocks that say kql or kusto, or, in a
 * document without such, blocks that say nothing (or name a language that is often put in for
 * its colours) and look like it.
 */
#include "rules/load/load.h"

#include <string.h>

typedef struct line {
    size_t start, end; /* end: before the line break */
    size_t next;
} line;

static line line_at(st_str doc, size_t at)
{
    const char *nl = memchr(doc.p + at, '\n', doc.n - at);
    line l = { .start = at, .end = nl ? (size_t)(nl - doc.p) : doc.n };
    l.next = nl ? l.end + 1 : doc.n;
    if (l.end > l.start && doc.p[l.end - 1] == '\r')
        l.end--;
    return l;
}

static st_str text_of(st_str doc, line l)
{
    return (st_str){ doc.p + l.start, l.end - l.start };
}

/* How many fence characters begin the line (three or more), 0 if it is no fence. */
static size_t fence(st_str s, char *mark, st_str *info)
{
    size_t blanks = 0, n = 0;
    while (blanks < s.n && (s.p[blanks] == ' ' || s.p[blanks] == '\t'))
        blanks++;
    s.p += blanks;
    s.n -= blanks;
    if (!s.n || (s.p[0] != '`' && s.p[0] != '~'))
        return 0;
    while (n < s.n && s.p[n] == s.p[0])
        n++;
    *mark = s.p[0];
    *info = st_str_trim((st_str){ s.p + n, s.n - n });
    bool code =
        *mark == '`' && info->n && memchr(info->p, '`', info->n); /* ```code``` within a line */
    return n >= 3 && !code ? n : 0;
}

/* Behind the mark of a list's item, if the line begins with one: "- ", "* ", "+ ", "2. ", "2) ". */
static st_str in_item(st_str s)
{
    size_t first = 0, i;
    while (first < s.n && (s.p[first] == ' ' || s.p[first] == '\t'))
        first++;
    for (i = first; i < s.n && s.p[i] >= '0' && s.p[i] <= '9'; i++)
        ;
    const char *marks = i > first ? ".)" : "-*+";
    bool item = i + 1 < s.n && s.p[i] && strchr(marks, s.p[i]) && s.p[i + 1] == ' ';
    return item ? (st_str){ s.p + i + 2, s.n - i - 2 } : s;
}

typedef enum saying { SAYS_KQL, SAYS_NOTHING, SAYS_OTHER } saying;

/* What the word behind a fence says of the block: ```kql, ```{.kusto title="x"}. */
static saying says(st_str info)
{
    static const struct {
        const char *word;
        saying what;
    } table[] = { { "kql", SAYS_KQL },           { "kusto", SAYS_KQL },
                  { "csl", SAYS_KQL },           { "kustoql", SAYS_KQL },
                  { "", SAYS_NOTHING },          { "none", SAYS_NOTHING },
                  { "text", SAYS_NOTHING },      { "txt", SAYS_NOTHING },
                  { "plaintext", SAYS_NOTHING }, { "c#", SAYS_NOTHING },
                  { "cs", SAYS_NOTHING },        { "csharp", SAYS_NOTHING },
                  { "sql", SAYS_NOTHING },       { "azurecli", SAYS_NOTHING } };
    size_t n = 0;
    while (info.n && (info.p[0] == '{' || info.p[0] == '.' || info.p[0] == ' '))
        info = (st_str){ info.p + 1, info.n - 1 };
    while (n < info.n && !strchr(" {},:", info.p[n]))
        n++;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (st_str_ieq((st_str){ info.p, n }, st_str_of(table[i].word)))
            return table[i].what;
    return SAYS_OTHER;
}

/* Is it a piece to be pasted before a query, and no query? */
static bool is_part(st_str block)
{
    st_arena a = { 0 };
    st_diag_sink quiet = { .arena = &a };
    st_parsed parsed;
    st_diags_file(&quiet, ST_STR(""), block, 0, false);
    st_language_of_queries()->parse(&a, block, &(st_rule_settings){ 0 }, &quiet, NULL, &parsed);
    st_diags_free(&quiet);
    st_arena_free(&a);
    return parsed.part;
}

/* "## KQL:" names the block, not what it is about. */
static bool is_generic(st_str heading)
{
    static const char *const words[] = { "kql",
                                         "kusto",
                                         "query",
                                         "queries",
                                         "hunting query",
                                         "kql query",
                                         "rule",
                                         "scenario",
                                         "description",
                                         "detection",
                                         "code",
                                         "example",
                                         "defender xdr",
                                         "defender for endpoint",
                                         "sentinel",
                                         "microsoft sentinel",
                                         "microsoft 365 defender",
                                         "microsoft defender xdr",
                                         "advanced hunting",
                                         "hunting",
                                         "kusto query",
                                         "detection query",
                                         "the query",
                                         "query information",
                                         "sentinel query",
                                         "defender for endpoint query",
                                         "mde",
                                         "m365d",
                                         "xdr" };
    while (heading.n && (heading.p[heading.n - 1] == ':' || heading.p[heading.n - 1] == ' '))
        heading.n--;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (st_str_ieq(heading, st_str_of(words[i])))
            return true;
    return heading.n == 0;
}

static void heading(st_markdown *m, st_str s)
{
    size_t level = 0;
    while (level < s.n && s.p[level] == '#')
        level++;
    if (!level || level > ST_HEADINGS || level == s.n || s.p[level] != ' ')
        return;
    st_str text = st_str_trim((st_str){ s.p + level, s.n - level });
    while (text.n && text.p[text.n - 1] == '#')
        text = st_str_trim((st_str){ text.p, text.n - 1 });
    bool generic = is_generic(text);
    if (level == 1 && !m->top.n && !generic)
        m->top = text;
    m->headings[level - 1] = generic ? ST_STR("") : text;
    for (size_t i = level; i < ST_HEADINGS; i++)
        m->headings[i] = ST_STR("");
}

/* The innermost heading around the place that says something. */
static st_str title_of(const st_markdown *m)
{
    for (size_t i = ST_HEADINGS; i-- > 0;)
        if (m->headings[i].n)
            return m->headings[i];
    return m->top;
}

/* m->at stands behind an opening fence: the block's text; m->at behind its closing one. */
static st_str block(st_markdown *m, st_str doc, size_t marks, char mark)
{
    size_t start = m->at;
    while (m->at < doc.n) {
        line l = line_at(doc, m->at);
        char c;
        st_str info;
        size_t n = fence(text_of(doc, l), &c, &info);
        m->at = l.next;
        m->line++;
        if (n >= marks && c == mark && !info.n)
            return (st_str){ doc.p + start, l.start - start };
    }
    return (st_str){ doc.p + start, doc.n - start };
}

static bool next(st_markdown *m, st_str doc, st_fence *out, saying *said)
{
    while (m->at < doc.n) {
        line l = line_at(doc, m->at);
        st_str s = text_of(doc, l), info;
        char mark;
        size_t marks = fence(in_item(s), &mark, &info);
        m->at = l.next;
        m->line++;
        if (!marks) {
            heading(m, s);
            continue;
        }
        *out = (st_fence){ .line = m->line + 1 };
        out->text = block(m, doc, marks, mark);
        out->title = title_of(m);
        *said = says(info);
        bool candidate = *said == SAYS_KQL || (*said == SAYS_NOTHING && !m->labelled &&
                                               st_language_of_queries()->tells(out->text));
        if (candidate && !is_part(out->text))
            return true;
    }
    return false;
}

void st_markdown_begin(st_markdown *m, st_str document)
{
    st_markdown look = { 0 };
    st_fence f;
    saying said = SAYS_OTHER;
    *m = (st_markdown){ 0 };
    while (said != SAYS_KQL && next(&look, document, &f, &said))
        ;
    m->labelled = said == SAYS_KQL;
}

bool st_markdown_next(st_markdown *m, st_str document, st_fence *out)
{
    saying said;
    return next(m, document, out, &said);
}
