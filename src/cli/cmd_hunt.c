/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_hunt.c - the main job. */
#include "cli.h"
#include "cli/heap.h"

#include "shelltree/verify.h"

#include <unistd.h>

typedef struct job {
    const st_format *format;
    st_job report;
} job;

static void write_rows(st_out *o, void *ctx)
{
    const job *j = ctx;
    j->format->hunt(o, &j->report);
}

/* What was read and says less than it should: no silence, and no finding. */
static void say_odd(const st_session *s)
{
    const st_oddities *o = &s->found->odd;
    const struct {
        uint64_t n;
        const char *one, *many;
    } all[] = {
        { o->bare, "process creation has no usable fields",
          "process creations have no usable fields" },
        { o->absurd, "process creation has a time before 1990 or after 2200",
          "process creations have times before 1990 or after 2200" },
        { o->untimed, "recovered process creation has no time",
          "recovered process creations have no time" },
    };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (all[i].n)
            st_say(s->config, "%llu %s", (unsigned long long)all[i].n,
                   all[i].n == 1 ? all[i].one : all[i].many);
    if (o->audited)
        st_say(s->config,
               "%llu process creations of Windows itself (Security 4688) on %llu host%s; %llu are "
               "Sysmon's, too",
               (unsigned long long)o->audited, (unsigned long long)o->audited_hosts,
               o->audited_hosts == 1 ? "" : "s", (unsigned long long)o->joined);
    for (size_t i = 0; i < s->forest->nhosts; i++) {
        st_str hint = s->found->coverage[i].hint;
        bool told = i && st_str_eq(hint, s->found->coverage[i - 1].hint);
        if (hint.n && !told)
            st_say(s->config, "%.*s", ST_FMT(hint));
    }
}

/* What "nothing found" is worth: it is always said how much was read. */
static void summary(const st_session *s)
{
    const st_case *c = s->found;
    st_session_rules_ran(s);
    st_say(s->config, "%zu host%s, %zu process creations, %zu finding%s in %zu incident%s",
           s->forest->nhosts, s->forest->nhosts == 1 ? "" : "s", s->forest->observed, c->nfindings,
           c->nfindings == 1 ? "" : "s", c->nincidents, c->nincidents == 1 ? "" : "s");
    st_session_oddities(s);
    if (s->forest->stats.conflicts)
        st_say(s->config,
               "%llu records contradict another record of the same identity (Notes: conflict)",
               (unsigned long long)s->forest->stats.conflicts);
}

static int write_results(st_session *s, int status)
{
    st_run_note note;
    if (st_output_target(s->config) == ST_TO_DIR)
        return st_output_dir(s, status);
    if (!st_run_note_fill(&note, s, status)) {
        st_run_note_free(&note);
        return st_cannot(&(st_err){ .code = ST_E_MEMORY });
    }
    job j = { .format = st_output_format(s->config),
              .report = { .found = s->found,
                          .ro = { .csv_raw = s->config->csv_raw,
                                  .confirmed = s->confirmed,
                                  .full = s->config->full,
                                  .threads = s->config->threads },
                          .info = note.info } };
    char tmp[4096];
    st_err why = { 0 };
    st_output_tmp(s->config, tmp);
    st_session_scan_options(s, &j.report.scan);
    j.report.evidence = s->evidence;
    j.report.err = &why;
    j.report.ro.tmp = tmp;
    st_output_look(s->config, &j.report.ro.look);
    j.report.ro.answer_last = st_output_target(s->config) == ST_TO_STDOUT &&
                              isatty(STDOUT_FILENO) && s->config->pager.fd < 0;
    int wrote = st_output_write(s->config, write_rows, &j);
    if (why.code)
        st_complain("%s", why.text);
    st_run_note_free(&note);
    return wrote;
}

static int hunt(st_session *s, const st_earlier *old)
{
    int status;
    const st_format *format = st_output_format(s->config);
    if (!format)
        return ST_EXIT_CANNOT;
    s->rows_alone = st_output_target(s->config) != ST_TO_DIR && !format->sums;
    if ((status = st_session_rules(s)) || (status = st_session_evidence(s)) ||
        (status = st_output_check(s)) || (status = st_session_forest(s)) ||
        (status = st_session_match(s)) || (status = st_session_hunt(s)))
        return status;
    status = st_session_account(s);
    if (s->stopped)
        status = ST_EXIT_SHORT;
    if (status == ST_EXIT_OK && s->config->exit_code && s->found->nfindings)
        status = ST_EXIT_FINDINGS;
    bool confirm = st_second_reader_version() &&
                   (s->config->confirm || st_output_target(s->config) == ST_TO_DIR ||
                    st_output_is_casedb(s->config));
    int confirmed = confirm ? st_session_confirm(s) : ST_EXIT_OK;
    if (confirmed != ST_EXIT_OK)
        return confirmed;
    st_heap_scattered();
    int wrote = write_results(s, status);
    say_odd(s);
    st_earlier_say(s, old);
    summary(s);
    return wrote != ST_EXIT_OK ? wrote : status;
}

int st_cmd_hunt(st_config *c)
{
    st_session s = { .config = c };
    st_earlier *old = NULL;
    int status = st_earlier_read(c, &old);
    if (status == ST_EXIT_OK)
        status = hunt(&s, old);
    st_earlier_free(old);
    st_session_free(&s);
    return status;
}
