/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_hunt.c - the main job. */
#include "cli.h"

#include <string.h>

typedef struct job {
    const st_session *s;
    const char *format;
    st_report_options ro;
    st_run_note note;
} job;

static void put_text(st_out *o, const job *j)
{
    st_write_text(o, j->s->found, &j->ro);
}

static void put_csv(st_out *o, const job *j)
{
    st_write_csv(o, j->s->found, &j->ro);
}

static void put_jsonl(st_out *o, const job *j)
{
    st_write_jsonl(o, j->s->found, &j->ro);
}

static void put_html(st_out *o, const job *j)
{
    st_write_html(o, j->s->found, &j->ro, &j->note.info);
}

static void put_timesketch(st_out *o, const job *j)
{
    st_write_timesketch(o, j->s->found);
}

static const struct {
    const char *name;
    void (*put)(st_out *o, const job *j);
} writers[] = { { "text", put_text },
                { "csv", put_csv },
                { "jsonl", put_jsonl },
                { "html", put_html },
                { "timesketch", put_timesketch } };

static void write_rows(st_out *o, void *ctx)
{
    const job *j = ctx;
    for (size_t i = 0; i < sizeof writers / sizeof writers[0]; i++)
        if (strcmp(writers[i].name, j->format) == 0)
            writers[i].put(o, j);
}

/* What "nothing found" is worth: it is always said how much was read. */
static void summary(const st_session *s)
{
    const st_case *c = s->found;
    st_say(s->config, "%zu host%s, %zu process creations, %zu finding%s in %zu incident%s",
           s->forest->nhosts, s->forest->nhosts == 1 ? "" : "s", s->forest->observed, c->nfindings,
           c->nfindings == 1 ? "" : "s", c->nincidents, c->nincidents == 1 ? "" : "s");
    if (s->forest->stats.conflicts)
        st_say(s->config,
               "%llu records contradict another record of the same identity (Notes: conflict)",
               (unsigned long long)s->forest->stats.conflicts);
}

static int write_results(st_session *s, int status)
{
    job j = { .s = s, .format = st_output_format(s->config) };
    if (st_output_target(s->config) == ST_TO_DIR)
        return st_output_dir(s, status);
    j.ro.csv_raw = s->config->csv_raw;
    j.ro.confirmed = s->confirmed;
    st_output_look(s->config, &j.ro.look);
    st_run_note_fill(&j.note, s, status);
    int wrote = st_output_write(s->config, write_rows, &j);
    st_run_note_free(&j.note);
    return wrote;
}

static int hunt(st_session *s)
{
    int status;
    if (!st_output_format(s->config))
        return ST_EXIT_CANNOT;
    if ((status = st_session_rules(s)) || (status = st_session_evidence(s)) ||
        (status = st_output_check(s)) || (status = st_session_forest(s)) ||
        (status = st_session_match(s)) || (status = st_session_hunt(s)))
        return status;
    status = st_session_account(s);
    if (s->stopped)
        status = ST_EXIT_SHORT;
    if (status == ST_EXIT_OK && s->config->exit_code && s->found->nfindings)
        status = ST_EXIT_FINDINGS;
    bool confirm = s->config->confirm || st_output_target(s->config) == ST_TO_DIR;
    int confirmed = confirm ? st_session_confirm(s) : ST_EXIT_OK;
    if (confirmed != ST_EXIT_OK)
        return confirmed;
    int wrote = write_results(s, status);
    summary(s);
    return wrote != ST_EXIT_OK ? wrote : status;
}

int st_cmd_hunt(st_config *c)
{
    st_session s = { .config = c };
    int status = hunt(&s);
    st_session_free(&s);
    return status;
}
