/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_tree.c - draw the forests, or a part of them. */
#include "cli.h"

#include <stdlib.h>
#include <string.h>

typedef struct job {
    const st_session *s;
    st_format_id format;
    const bool *shown;
    st_report_options ro;
} job;

static void write_tree(st_out *o, void *ctx)
{
    const job *j = ctx;
    if (j->format == ST_F_JSONL)
        st_write_tree_jsonl(o, j->s->forest, j->shown);
    else if (j->format == ST_F_CSV)
        st_write_tree_csv(o, j->s->forest, j->shown, &j->ro);
    else
        st_write_tree_text(o, j->s->forest, j->shown, NULL, &j->ro.look);
}

/* The incident's processes, and what they hang under. */
static int select_incident(st_session *s, bool **shown)
{
    const st_forest *f = s->forest;
    uint8_t *rows = NULL;
    int status = st_session_shown(s, &rows);
    if (status != ST_EXIT_OK)
        return status;
    *shown = calloc(f->n + 1, sizeof **shown);
    for (size_t i = 0; *shown && rows && i < f->n; i++)
        if (rows[i])
            for (st_node n = (st_node)i; n != ST_NO_NODE && !(*shown)[n]; n = f->procs[n].parent)
                (*shown)[n] = true;
    free(rows);
    return *shown ? ST_EXIT_OK
                  : st_cannot(&(st_err){ .code = ST_E_MEMORY, .text = "out of memory" });
}

/* Only what was asked for; everything (NULL) if nothing was. */
static int select_nodes(st_session *s, bool **shown)
{
    const st_config *c = s->config;
    if (c->incident && !c->has_guid && c->pid == ST_NO_U32 && !c->image && !c->around)
        return select_incident(s, shown);
    if (c->incident) {
        st_complain("--incident: not together with --guid, --pid, --image or --around");
        return ST_EXIT_CANNOT;
    }
    st_err e = { 0 };
    st_tree_filter f = { .hosts = c->hosts.items,
                         .nhosts = c->hosts.n,
                         .by_guid = c->has_guid,
                         .guid = c->guid,
                         .pid = c->pid,
                         .image = st_str_of(c->image),
                         .around = c->around,
                         .window = 600 * ST_TICKS_SECOND };
    *shown = NULL;
    if (!c->hosts.n && !c->has_guid && c->pid == ST_NO_U32 && !c->image && !c->around)
        return ST_EXIT_OK;
    return st_tree_select(s->forest, &f, shown, &e) == ST_OK ? ST_EXIT_OK : st_cannot(&e);
}

/* A selection that matches nothing is no tree without findings, but a mistake to be told. */
static void says_what_fits_nothing(const st_config *c)
{
    st_buf b = { 0 };
    for (size_t i = 0; i < c->hosts.n; i++)
        st_buf_fmt(&b, " --host %.*s", ST_FMT(c->hosts.items[i]));
    if (c->has_guid) {
        st_buf_str(&b, ST_STR(" --guid "));
        st_buf_guid(&b, &c->guid);
    }
    if (c->pid != ST_NO_U32)
        st_buf_fmt(&b, " --pid %u", (unsigned)c->pid);
    if (c->image)
        st_buf_fmt(&b, " --image %s", c->image);
    if (c->around) {
        st_buf_str(&b, ST_STR(" --around "));
        st_buf_time_iso(&b, c->around);
    }
    st_complain("no process fits%.*s: nothing is drawn", ST_FMT(st_buf_slice(&b)));
    st_buf_free(&b);
}

static int tree(st_session *s)
{
    const st_format *format = st_output_format(s->config);
    bool *shown = NULL;
    int status;
    if (!format)
        return ST_EXIT_CANNOT;
    job j = { .s = s, .format = format->id };
    if (s->config->incident && (status = st_session_rules(s)))
        return status;
    if ((status = st_session_evidence(s)) || (status = st_output_check(s)) ||
        (status = st_session_forest(s)) || (status = select_nodes(s, &shown)))
        return status;
    status = st_session_account(s);
    st_session_oddities(s);
    j.shown = shown;
    if (shown && !memchr(shown, 1, s->forest->n)) {
        says_what_fits_nothing(s->config);
        free(shown);
        return ST_EXIT_CANNOT;
    }
    j.ro.csv_raw = s->config->csv_raw;
    st_output_look(s->config, &j.ro.look);
    int wrote = st_output_write(s->config, write_tree, &j);
    free(shown);
    return wrote != ST_EXIT_OK ? wrote : status;
}

int st_cmd_tree(st_config *c)
{
    st_session s = { .config = c };
    int status = tree(&s);
    st_session_free(&s);
    return status;
}
