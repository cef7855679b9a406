/*
 * markdown.c - finds the KQL in a document: fenced blocks that say kql or kusto, or, in a
 * document without such, blocks that say nothing and look like it.
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
    while (blanks < s.n && s.p[blanks] == ' ')
        blanks++;
    s.p += blanks;
    s.n -= blanks;
    if (!s.n || (s.p[0] != '`' && s.p[0] != '~'))
        return 0;
    while (n < s.n && s.p[n] == s.p[0])
        n++;
    *mark = s.p[0];
    *info = st_str_trim((st_str){ s.p + n, s.n - n });
    return n >= 3 ? n : 0;
}

static bool says_kql(st_str info)
{
    static const char *const words[] = { "kql", "kusto", "csl" };
    size_t n = 0;
    while (n < info.n && info.p[n] != ' ' && info.p[n] != '{' && info.p[n] != ',')
        n++;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (st_str_ieq((st_str){ info.p, n }, st_str_of(words[i])))
            return true;
    return false;
}

/* A line that begins with a pipe, or with let. */
static bool looks_kql(st_str block)
{
    for (size_t at = 0; at < block.n;) {
        line l = line_at(block, at);
        st_str s = st_str_trim(text_of(block, l));
        if ((s.n > 1 && s.p[0] == '|' && s.p[1] != '-') || st_str_starts(s, ST_STR("let ")))
            return true;
        at = l.next;
    }
    return false;
}

/* "## KQL:" names the block, not what it is about. */
static bool is_generic(st_str heading)
{
    static const char *const words[] = { "kql", "kusto", "query", "queries", "hunting query", "kql query",
                                         "rule", "scenario", "description", "detection", "code", "example",
                                         "defender xdr", "defender for endpoint", "sentinel",
                                         "microsoft sentinel", "microsoft 365 defender",
                                         "microsoft defender xdr", "advanced hunting", "hunting" };
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
    if (!level || level > 6 || level == s.n || s.p[level] != ' ')
        return;
    st_str text = st_str_trim((st_str){ s.p + level, s.n - level });
    while (text.n && text.p[text.n - 1] == '#')
        text = st_str_trim((st_str){ text.p, text.n - 1 });
    if (is_generic(text))
        return;
    if (level == 1 && !m->top.n) {
        m->top = text;
        return;
    }
    m->heading = text;
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

static bool next(st_markdown *m, st_str doc, st_fence *out, bool *labelled)
{
    while (m->at < doc.n) {
        line l = line_at(doc, m->at);
        st_str s = text_of(doc, l), info;
        char mark;
        size_t marks = fence(s, &mark, &info);
        m->at = l.next;
        m->line++;
        if (!marks) {
            heading(m, s);
            continue;
        }
        *out = (st_fence){ .line = m->line + 1 };
        out->text = block(m, doc, marks, mark);
        out->title = m->heading.n ? m->heading : m->top;
        *labelled = says_kql(info);
        if (*labelled || (!info.n && !m->labelled && looks_kql(out->text)))
            return true;
    }
    return false;
}

void st_markdown_begin(st_markdown *m, st_str document)
{
    st_markdown look = { 0 };
    st_fence f;
    bool labelled = false;
    *m = (st_markdown){ 0 };
    while (!labelled && next(&look, document, &f, &labelled))
        ;
    m->labelled = labelled;
}

bool st_markdown_next(st_markdown *m, st_str document, st_fence *out)
{
    bool labelled;
    return next(m, document, out, &labelled);
}
