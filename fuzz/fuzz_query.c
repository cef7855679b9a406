/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_query.c - any bytes as a query: parsed, bound and run over a small forest, with little
 * memory and few rows allowed. Asserts that a query that can't run says why, and that a result
 * is a table of UTF-8.
 */
#include "shelltree/rules.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAX_ROWS = 2000, MAX_MEMORY = 32 << 20, MAX_TEXT = 8192 };

#define T0 (ST_TICKS_UNIX + UINT64_C(1767323045) * ST_TICKS_SECOND) /* 2026-01-02 03:04:05 */

typedef struct process {
    unsigned id, parent; /* of the GUIDs; an id that isn't here is a placeholder */
    const char *image, *command;
} process;

static const process processes[] = {
    { 1, 9, "C:\\Windows\\System32\\inetsrv\\w3wp.exe", "w3wp.exe -ap \"DefaultAppPool\"" },
    { 2, 1, "C:\\Windows\\System32\\cmd.exe", "cmd.exe /c \"whoami & ver\"" },
    { 3, 2, "C:\\Windows\\System32\\whoami.exe", "whoami /all" },
    { 4, 2, "C:\\Windows\\System32\\WindowsPowerShell\\v1.0\\powershell.exe",
      "powershell -enc SQBFAFgA http://198.51.100.7/a.ps1?x=1&y=%41" },
    { 5, 4, "C:\\Users\\Public\\sv\xc3\xa9.exe", "{\"a\":[1,2,{\"b\":null}],\"c\":0.5}" },
    { 6, 8, "C:\\Windows\\explorer.exe", "" },
    { 7, 6, "C:\\Windows\\System32\\CMD.EXE", "cmd a=1, b=2; c = \"x y\"" },
};

static st_guid guid_of(unsigned n)
{
    st_guid g = { { 0x5f } };
    g.b[15] = (unsigned char)n;
    return g;
}

static bool add_process(st_store *s, const process *p)
{
    size_t i = st_store_add(s);
    st_creations *c = &s->creations;
    if (i == SIZE_MAX || !st_grow(&s->seen, &s->seen_cap, s->nseen + 1, sizeof *s->seen))
        return false;
    c->computer[i] = st_pool_put(s->pool, p->id < 6 ? ST_STR("web01.corp.example") : ST_STR("WS2"));
    c->image[i] = st_pool_put(s->pool, st_str_of(p->image));
    c->command_line[i] = c->command_line_recorded[i] = st_pool_put(s->pool, st_str_of(p->command));
    c->user[i] = st_pool_put(s->pool, ST_STR("CORP\\ann"));
    c->hashes[i] = st_pool_put(s->pool, ST_STR("MD5=0123456789ABCDEF0123456789ABCDEF"));
    c->guid[i] = guid_of(p->id);
    c->parent_guid[i] = guid_of(p->parent);
    c->pid[i] = 1000 + p->id;
    c->parent_pid[i] = 1000 + p->parent;
    c->utc[i] = c->created[i] = T0 + p->id * 60 * ST_TICKS_SECOND;
    c->event_record_id[i] = c->record_number[i] = c->offset[i] = i + 1;
    s->seen[s->nseen++] = (st_seen){ .computer = c->computer[i],
                                     .event_id = 1,
                                     .event_record_id = i + 1,
                                     .created = c->created[i] };
    return true;
}

static st_store *store_of(void)
{
    st_store *s = st_store_new();
    for (size_t i = 0; s && i < sizeof processes / sizeof processes[0]; i++) {
        if (!add_process(s, &processes[i])) {
            st_store_free(s);
            s = NULL;
        }
    }
    return s;
}

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void check_table(const st_table *t)
{
    for (size_t i = 0; i < t->ncolumns; i++)
        require(st_utf8_valid(t->columns[i].name));
    for (size_t i = 0; i < t->nrows * t->ncolumns; i++)
        require(st_utf8_valid(t->cells[i].text));
}

static void check_words(const st_rules *r, const st_err *e)
{
    st_buf b = { 0 };
    require(e->text[0] || st_rules_diags(r));
    for (size_t i = 0; i < st_rules_diags(r); i++)
        st_diag_put(&b, st_rules_diag(r, i));
    require(st_utf8_valid(st_buf_slice(&b)));
    st_buf_free(&b);
}

static void run(st_forest *f, st_str text)
{
    static const char servers[] = "Processes | where FileName =~ 'w3wp.exe'";
    const st_rule_settings settings = { .limits = { .rows = MAX_ROWS, .memory = MAX_MEMORY } };
    st_run_options o = { .threads = 1 };
    st_table *t = NULL;
    st_err e = { 0 };
    st_rules *r = st_rules_new();
    if (r)
        st_rules_set(r, &settings);
    if (r && st_rules_load_text(r, ST_STR("web-servers.kql"), st_str_of(servers), &e) == ST_OK) {
        if (st_query_run(r, ST_STR("query"), text, f, &o, &t, &e) == ST_OK)
            check_table(t);
        else
            check_words(r, &e);
    }
    st_table_free(t);
    st_rules_free(r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t n = size < MAX_TEXT ? size : MAX_TEXT;
    char *text = malloc(n ? n : 1); /* its own block, so that a byte too far is seen */
    st_store *s = store_of();
    st_forest *f = NULL;
    st_err e = { 0 };
    if (text && n)
        memcpy(text, data, n);
    if (text && s && st_tree_build(NULL, s, NULL, &f, &e) == ST_OK)
        run(f, (st_str){ text, n });
    st_tree_free(f);
    st_store_free(s);
    free(text);
    return 0;
}
