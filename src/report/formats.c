/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * formats.c - one row a format: its name, the ending of its files, the verbs that give it, who
 * writes it for hunt, and its file in the set of a folder. What -f and -o take, what --help lists
 * and what a folder holds follow from here.
 */
#include "internal.h"

#include <string.h>

#define H ST_VERB_HUNT
#define T ST_VERB_TREE
#define Q ST_VERB_QUERY
#define X ST_VERB_EXTRACT
#define R ST_VERB_RULES
#define V ST_VERB_VERIFY

static void put_text(st_out *o, const st_job *j)
{
    st_write_text(o, j->found, &j->ro);
}

static void put_csv(st_out *o, const st_job *j)
{
    st_write_csv(o, j->found, &j->ro);
}

static void put_jsonl(st_out *o, const st_job *j)
{
    st_write_jsonl(o, j->found, &j->ro);
}

static void put_html(st_out *o, const st_job *j)
{
    st_write_html(o, j->found, &j->ro, &j->info);
}

static void put_timesketch(st_out *o, const st_job *j)
{
    st_write_timesketch(o, j->found);
}

static void put_ecs(st_out *o, const st_job *j)
{
    st_write_ecs(o, j->found);
}

static void put_navigator(st_out *o, const st_job *j)
{
    st_write_navigator(o, j->found);
}

static void put_dot(st_out *o, const st_job *j)
{
    st_write_dot(o, j->found);
}

static void put_l2tcsv(st_out *o, const st_job *j)
{
    st_write_l2tcsv(o, j->found);
}

static void put_bodyfile(st_out *o, const st_job *j)
{
    st_write_bodyfile(o, j->found);
}

static void put_xlsx(st_out *o, const st_job *j)
{
    st_write_xlsx(o, j->found, &j->ro, &j->info);
}

static void put_markdown(st_out *o, const st_job *j)
{
    st_write_markdown(o, j->found, &j->info);
}

static void put_hosts(st_out *o, const st_job *j)
{
    st_write_hosts_csv(o, j->found, &j->ro);
}

static void put_gaps(st_out *o, const st_job *j)
{
    st_write_gaps_csv(o, j->found, &j->ro);
}

static void put_tree(st_out *o, const st_job *j)
{
    st_write_tree_text(o, j->found->forest, NULL, j->found, &j->ro.look);
}

static void put_run(st_out *o, const st_job *j)
{
    st_write_run_json(o, j->found, &j->info);
}

/* clang-format off */
static const st_format formats[] = {
    { ST_F_TEXT, "text", ".txt", NULL, H|T|Q|R|V, H|T|Q|R|V, put_text, NULL, 0, true },
    { ST_F_CSV, "csv", ".csv", ".txt", H|T|Q|X|R, 0, put_csv, "timeline.csv", 0, false },
    { ST_F_JSONL, "jsonl", ".jsonl", ".txt", H|T|Q|X|R|V, X, put_jsonl, "findings.jsonl", 0, false },
    { ST_F_JSON, "json", ".json", NULL, Q|R, 0, NULL, NULL, 0, false },
    { ST_F_HTML, "html", ".html", NULL, H, 0, put_html, "report.html", 0, true },
    { ST_F_TIMESKETCH, "timesketch", NULL, ".jsonl .txt", H, 0, put_timesketch, NULL, 0, false },
    { ST_F_ECS, "ecs", ".ndjson", ".jsonl .txt", H, 0, put_ecs, NULL, 0, false },
    { ST_F_NAVIGATOR, "navigator", NULL, NULL, H, 0, put_navigator, NULL, 0, false },
    { ST_F_MARKDOWN, "markdown", ".md", ".txt", H, 0, put_markdown, "summary.md", 0, true },
    { ST_F_XLSX, "xlsx", ".xlsx", NULL, H, 0, put_xlsx, "timeline.xlsx", 1, true },
    { ST_F_DOT, "dot", ".dot", ".txt", H, 0, put_dot, NULL, 0, false },
    { ST_F_L2TCSV, "l2tcsv", NULL, ".csv .txt", H, 0, put_l2tcsv, NULL, 0, false },
    { ST_F_BODYFILE, "bodyfile", ".body", ".txt", H, 0, put_bodyfile, NULL, 0, false },
    { ST_F_CASEDB, "casedb", ".db", NULL, H|X, 0, st_write_casedb, "case.db", 2, true },
    /* files of the set that are no format of their own */
    { ST_F_NONE, NULL, NULL, NULL, 0, 0, put_hosts, "hosts.csv", 0, false },
    { ST_F_NONE, NULL, NULL, NULL, 0, 0, put_gaps, "gaps.csv", 0, false },
    { ST_F_NONE, NULL, NULL, NULL, 0, 0, put_tree, "tree.txt", 0, false },
    { ST_F_NONE, NULL, NULL, NULL, 0, 0, put_run, ST_SET_MARK, 0, false },
};
/* clang-format on */
enum { FORMATS = sizeof formats / sizeof formats[0] };

const st_format *st_format_at(size_t i)
{
    return i < FORMATS ? &formats[i] : NULL;
}

const st_format *st_format_named(const char *name, unsigned verb)
{
    for (size_t i = 0; i < FORMATS; i++)
        if ((formats[i].verbs & verb) && strcmp(formats[i].name, name) == 0)
            return &formats[i];
    return NULL;
}

const st_format *st_format_of_path(const char *path, unsigned verb)
{
    for (size_t i = 0; i < FORMATS; i++)
        if ((formats[i].verbs & verb) && formats[i].ending &&
            st_str_iends(st_str_of(path), st_str_of(formats[i].ending)))
            return &formats[i];
    return NULL;
}

bool st_format_takes(const st_format *f, const char *path)
{
    st_str rest = st_str_of(f->also ? f->also : ""), one;
    while (rest.n && st_str_cut(&rest, ' ', &one))
        if (st_str_iends(st_str_of(path), one))
            return true;
    return false;
}

const st_format *st_format_default(unsigned verb)
{
    for (size_t i = 0; i < FORMATS; i++)
        if (formats[i].first & verb)
            return &formats[i];
    return NULL;
}

void st_formats_put(st_buf *b, unsigned verb)
{
    const st_format *first = st_format_default(verb);
    st_buf_str(b, st_str_of(first->name));
    for (size_t i = 0; i < FORMATS; i++)
        if ((formats[i].verbs & verb) && &formats[i] != first)
            st_buf_fmt(b, " %s", formats[i].name);
}
