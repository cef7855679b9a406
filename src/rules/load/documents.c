/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* documents.c - a YAML file whose documents are rules, document by document. */
#include "rules/load/load.h"

#include <string.h>

const st_language *st_language_of_documents(st_str file)
{
    const st_language *queries = st_language_of_queries(), *l;
    for (size_t i = 0; (l = st_language_at(i)) != NULL; i++)
        if (l != queries && l->tells(file))
            return l;
    return NULL;
}

/* Three dashes and then a blank or nothing: YAML 1.2, 9.1.2, c-directives-end. */
static bool begins_document(st_str line)
{
    return line.n > 2 && line.p[0] == '-' && st_str_starts(line, ST_STR("---")) &&
           (line.n == 3 || strchr(" \t\r", line.p[3]) != NULL);
}

static bool is_comment(st_str line)
{
    line = st_str_trim(line);
    return !line.n || line.p[0] == '#' || st_str_eq(line, ST_STR("..."));
}

/* The next document: up to the line that begins another, which is that many lines further on.
 * Directives (%YAML) stand in front of the line that begins their own. */
static bool next_document(st_str *rest, st_str *out, unsigned *lines)
{
    st_str line;
    if (!rest->p)
        return false;
    const char *start = rest->p, *end = rest->p + rest->n;
    bool first = true, said = false, directed = false;
    *lines = 0;
    for (; st_str_cut(rest, '\n', &line); first = false) {
        *lines += !first;
        if (!begins_document(line)) {
            directed = directed || (!said && line.n && line.p[0] == '%');
            said = said || (!directed && !is_comment(line));
        } else if (first || directed) {
            said = true;
            directed = false;
        } else {
            *rest = (st_str){ line.p, (size_t)(end - line.p) };
            end = line.p;
            break;
        }
    }
    *out = (st_str){ start, (size_t)(end - start) };
    return true;
}

/* Has it anything but comments and marks? */
static bool says_something(st_str document)
{
    st_str line, mark = ST_STR("\xEF\xBB\xBF");
    if (st_str_starts(document, mark))
        document = (st_str){ document.p + mark.n, document.n - mark.n };
    while (st_str_cut(&document, '\n', &line)) {
        line = st_str_trim(line);
        if (line.n && line.p[0] != '#' && !st_str_eq(line, ST_STR("---")) &&
            !st_str_eq(line, ST_STR("...")))
            return true;
    }
    return false;
}

bool st_documents_next(st_documents *d, st_str *text, unsigned *line)
{
    unsigned lines;
    while (next_document(&d->rest, text, &lines)) {
        *line = d->line;
        d->line += lines;
        if (says_something(*text))
            return true;
    }
    return false;
}
