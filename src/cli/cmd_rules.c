/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_rules.c - list the rules, check rule files, run what tests them. */
#include "cli.h"

#include <string.h>

typedef struct job {
    const st_rules *rules;
    st_format_id format;
    st_look look;
} job;

static void write_list(st_out *o, void *ctx)
{
    const job *j = ctx;
    st_write_rules_list(o, j->rules, j->format, &j->look);
}

static void write_check(st_out *o, void *ctx)
{
    const job *j = ctx;
    st_write_rules_check(o, j->rules, j->format, &j->look);
}

static int put(const st_session *s, void (*write)(st_out *o, void *ctx))
{
    const st_format *format = st_output_format(s->config);
    if (!format)
        return ST_EXIT_CANNOT;
    job j = { .rules = s->rules, .format = format->id };
    st_output_look(s->config, &j.look);
    return st_output_write(s->config, write, &j);
}

static int list(st_session *s)
{
    int status = st_session_rules(s);
    status = status == ST_EXIT_OK ? put(s, write_list) : status;
    return status == ST_EXIT_OK ? st_session_unread_rules(s) : status;
}

/* Every error is fatal here, wherever the file was found, and what was named is all that counts. */
static int check(st_session *s)
{
    s->config->strict_rules = true;
    s->only_named = true;
    size_t fatal, skipped;
    if (!st_output_format(s->config) || st_session_load(s, &fatal, &skipped) != ST_EXIT_OK)
        return ST_EXIT_CANNOT;
    int wrote = put(s, write_check);
    if (fatal)
        return ST_EXIT_CANNOT;
    return wrote == ST_EXIT_OK ? st_session_unread_rules(s) : wrote;
}

int st_cmd_rules(st_config *c)
{
    static const struct {
        const char *name;
        int (*run)(st_session *s);
    } commands[] = { { "list", list }, { "check", check }, { "test", st_rules_test } };
    const char *word = c->evidence.n ? c->evidence.items[0].p : "";
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        if (strcmp(word, commands[i].name) != 0)
            continue;
        for (size_t k = 1; k < c->evidence.n; k++)
            if (!st_list_add(&c->rules, c->evidence.items[k]))
                return ST_EXIT_CANNOT;
        st_session s = { .config = c };
        int status = commands[i].run(&s);
        st_session_free(&s);
        return status;
    }
    st_complain("rules: say list, check or test; shelltree rules --help tells more");
    return ST_EXIT_CANNOT;
}
