/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* write_rules.c - the rules that were loaded, as a list. */
#include "internal.h"

#define WIDEST_ID 40

const char *st_rule_status_word(const st_rule *r)
{
    static const char *const words[] = { "ready", "broken", "not applicable" };
    if (r->marks_servers && r->status == ST_RULE_READY)
        return "marks servers";
    return words[r->status];
}

/* How wide ids are, where they stand in line: a few that are very long don't count. */
static size_t id_width_of(const st_rules *r)
{
    size_t width = 0;
    for (size_t i = 0; i < st_rules_count(r); i++) {
        size_t w = st_text_width(st_rules_at(r, i)->id);
        if (w > width && w <= WIDEST_ID)
            width = w;
    }
    return width;
}

static void put_techniques(st_buf *b, const st_rule *r)
{
    for (size_t i = 0; i < r->ntechniques; i++) {
        if (i)
            st_buf_str(b, ST_STR("; "));
        st_buf_str(b, r->techniques[i]);
    }
}

static void as_json(st_buf *b, const st_rule *r)
{
    bool more = false;
    st_buf_char(b, '{');
    st_json_text(b, &more, "id", r->id);
    st_json_text(b, &more, "title", r->title);
    st_json_text(b, &more, "level", st_str_of(st_level_word(r->level)));
    st_json_text(b, &more, "status", st_str_of(st_rule_status_word(r)));
    if (r->why.n)
        st_json_text(b, &more, "why", r->why);
    if (r->maturity.n)
        st_json_text(b, &more, "rule_status", r->maturity);
    if (r->date.n)
        st_json_text(b, &more, "date", r->date);
    if (r->source.n)
        st_json_text(b, &more, "source", r->source);
    st_json_strs(b, &more, "techniques", r->techniques, r->ntechniques);
    if (r->nfalsepositives)
        st_json_strs(b, &more, "falsepositives", r->falsepositives, r->nfalsepositives);
    if (r->authors.n)
        st_json_text(b, &more, "authors", r->authors);
    if (r->description.n)
        st_json_text(b, &more, "description", r->description);
    st_json_text(b, &more, "path", r->path);
    st_json_num(b, &more, "line", r->line);
    st_json_key(b, &more, "sha256");
    unsigned char digest[32];
    st_sha256(r->text.p, r->text.n, digest);
    st_buf_char(b, '"');
    st_buf_hex(b, digest, sizeof digest, false);
    st_buf_str(b, ST_STR("\"}"));
}

static void as_csv(st_buf *b, const st_rule *r)
{
    st_buf t = { 0 };
    put_techniques(&t, r);
    const st_str cells[] = { r->id,
                             r->title,
                             st_str_of(st_level_word(r->level)),
                             st_str_of(st_rule_status_word(r)),
                             r->why,
                             st_buf_slice(&t),
                             r->authors,
                             r->path,
                             r->maturity,
                             r->date,
                             r->source };
    for (size_t i = 0; i < sizeof cells / sizeof cells[0]; i++) {
        if (i)
            st_buf_char(b, ',');
        st_csv_field(b, cells[i], false, false, NULL);
    }
    st_buf_str(b, ST_STR("\r\n"));
    b->failed |= t.failed;
    st_buf_free(&t);
}

/* " (test, 2023-11-02; needs ...)": what its author says of it, and why it doesn't run. */
static void put_notes(st_buf *b, const st_rule *r, const st_look *look)
{
    const st_str notes[] = { r->maturity, r->date, r->why };
    const char *between = " (";
    for (size_t i = 0; i < sizeof notes / sizeof notes[0]; i++) {
        if (!notes[i].n)
            continue;
        st_buf_str(b, st_str_of(between));
        st_scrub(b, notes[i], look->ascii);
        between = i ? "; " : (r->date.n ? ", " : "; ");
    }
    if (between[0] != ' ')
        st_buf_char(b, ')');
}

static void as_text(st_buf *b, const st_rule *r, size_t id_width, const st_look *look)
{
    st_buf_fmt(b, "%-14s ", st_rule_status_word(r));
    st_color_level(b, look, r->level);
    st_buf_fmt(b, "%-13s ", st_level_word(r->level));
    st_color_end(b, look);
    size_t id = b->n;
    st_scrub(b, r->id, look->ascii);
    for (size_t w = st_text_width((st_str){ b->p + id, b->n - id }); w < id_width + 2; w++)
        st_buf_char(b, ' ');
    st_scrub(b, r->title, look->ascii);
    put_notes(b, r, look);
    st_buf_char(b, '\n');
}

static void put_text(st_buf *b, const st_rule *r, size_t id_width, const st_look *look,
                     const st_rule_lister *l)
{
    size_t from = b->n;
    l->text(b, r, id_width, look);
    st_clip(b, from, look);
}

void st_rules_write_each(st_out *o, const st_rules *r, st_format_id format, const st_look *look,
                         const st_rule_lister *l)
{
    st_buf *b = &o->buf;
    size_t id_width = id_width_of(r);
    if (format == ST_F_CSV)
        st_csv_head(b, l->names, l->nnames, false);
    for (size_t i = 0; i < st_rules_count(r); i++) {
        const st_rule *x = st_rules_at(r, i);
        if (format == ST_F_JSON)
            st_buf_put(b, ",\n", i ? 2 : 0);
        if (format == ST_F_JSON || format == ST_F_JSONL)
            l->json(b, x);
        else if (format == ST_F_CSV)
            l->csv(b, x);
        else
            put_text(b, x, id_width, look, l);
        if (format == ST_F_JSONL)
            st_buf_char(b, '\n');
        st_out_tick(o);
    }
}

void st_write_rules_list(st_out *o, const st_rules *r, st_format_id format, const st_look *look)
{
    static const char *const names[] = { "Id",         "Title",      "Level",   "Status",
                                         "Why",        "Techniques", "Authors", "Path",
                                         "RuleStatus", "Date",       "Source" };
    static const st_rule_lister lister = { names, sizeof names / sizeof names[0], as_json, as_csv,
                                           as_text };
    bool json = format == ST_F_JSON;
    st_buf_put(&o->buf, "[", json);
    st_rules_write_each(o, r, format, look, &lister);
    st_buf_put(&o->buf, "]\n", json ? 2 : 0);
    st_out_tick(o);
}
