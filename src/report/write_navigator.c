/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * write_navigator.c - the techniques that were seen, as a layer (format 4.5) for MITRE's ATT&CK
 * Navigator: processes a technique as its score, the hosts as its comment. No tactic is named, so
 * that the Navigator marks a technique under every tactic it has.
 */
#include "internal.h"

#include "base/limits.h"

#include <string.h>

typedef struct layer {
    const st_case *c;
    st_groups g;
    st_technique_set all;
    st_buf comment;
} layer;

static void count(layer *l)
{
    st_technique_set t;
    for (uint32_t k = 0; k < l->c->nincidents; k++) {
        st_techniques_of(&t, l->c, &l->g, k);
        for (size_t i = 0; i < t.n; i++)
            st_technique_count(&l->all, st_str_of(t.ids[i]), t.hits[i]);
    }
}

/* The incidents that have it: hosts and ids, as long as a comment may be. */
static void make_comment(layer *l, const char *id)
{
    st_technique_set t;
    st_buf *b = &l->comment;
    size_t left = 0;
    st_buf_clear(b);
    for (uint32_t k = 0; k < l->c->nincidents; k++) {
        st_techniques_of(&t, l->c, &l->g, k);
        bool has = false;
        for (size_t i = 0; i < t.n && !has; i++)
            has = strcmp(t.ids[i], id) == 0;
        if (!has)
            continue;
        if (b->n > ST_MAX_LAYER_COMMENT) {
            left++;
            continue;
        }
        st_buf_str(b, b->n ? ST_STR("; ") : ST_STR(""));
        st_scrub(b, st_host_shown(l->c, l->c->incidents[k].host), false);
        st_buf_fmt(b, " %s", l->c->incidents[k].id);
    }
    if (left)
        st_buf_fmt(b, "; and %zu more", left);
}

static bool is_sub(const char *id)
{
    return strchr(id, '.') != NULL;
}

/* Does a sub-technique of it follow? They are sorted. */
static bool has_subs(const st_technique_set *t, size_t i)
{
    size_t n = strlen(t->ids[i]);
    return i + 1 < t->n && strncmp(t->ids[i + 1], t->ids[i], n) == 0 && t->ids[i + 1][n] == '.';
}

/* The parent of a sub-technique that has no row of its own, in front of its first: it has to be
 * there for them to be shown. */
static void put_parent(st_buf *b, const st_technique_set *t, size_t i, bool *more)
{
    const char *id = t->ids[i];
    size_t n = strcspn(id, ".");
    if (!is_sub(id) ||
        (i && strncmp(t->ids[i - 1], id, n) == 0 && (t->ids[i - 1][n] == '.' || !t->ids[i - 1][n])))
        return;
    bool inner = false;
    st_buf_put(b, ",{", *more ? 2 : 0);
    st_buf_put(b, "{", *more ? 0 : 1);
    *more = true;
    st_json_key(b, &inner, "techniqueID");
    st_json_str(b, (st_str){ id, n });
    st_json_bool(b, &inner, "showSubtechniques", true);
    st_buf_char(b, '}');
}

static void put_techniques(st_buf *b, layer *l)
{
    bool more = false;
    for (size_t i = 0; i < l->all.n; i++) {
        bool inner = false;
        put_parent(b, &l->all, i, &more);
        st_buf_put(b, ",{", more ? 2 : 0);
        st_buf_put(b, "{", more ? 0 : 1);
        more = true;
        st_json_text(b, &inner, "techniqueID", st_str_of(l->all.ids[i]));
        st_json_num(b, &inner, "score", l->all.hits[i]);
        make_comment(l, l->all.ids[i]);
        st_json_text(b, &inner, "comment", st_buf_slice(&l->comment));
        if (has_subs(&l->all, i))
            st_json_bool(b, &inner, "showSubtechniques", true);
        st_buf_char(b, '}');
    }
}

static uint32_t highest(const st_technique_set *t)
{
    uint32_t most = 2;
    for (size_t i = 0; i < t->n; i++)
        most = t->hits[i] > most ? t->hits[i] : most;
    return most;
}

static void put_layer(st_buf *b, layer *l)
{
    const st_case *c = l->c;
    bool more = false;
    st_buf said = { 0 };
    st_buf_fmt(&said, "%zu findings in %zu incidents on %zu hosts", c->nfindings, c->nincidents,
               c->forest->nhosts);
    st_buf_char(b, '{');
    st_json_text(b, &more, "name", ST_STR("shelltree"));
    st_json_key(b, &more, "versions");
    st_buf_str(b, ST_STR("{\"navigator\":\"5.1.0\",\"layer\":\"4.5\"}"));
    st_json_text(b, &more, "domain", ST_STR("enterprise-attack"));
    st_json_text(b, &more, "description", st_buf_slice(&said));
    st_json_key(b, &more, "techniques");
    st_buf_char(b, '[');
    put_techniques(b, l);
    st_buf_str(b, ST_STR("],\"gradient\":{\"colors\":[\"#fff3e0\",\"#b3261e\"],\"minValue\":0,"));
    st_buf_fmt(b, "\"maxValue\":%u},", highest(&l->all));
    st_buf_str(b, ST_STR("\"layout\":{\"layout\":\"side\",\"showID\":true,\"showName\":true,"
                         "\"expandedSubtechniques\":\"annotated\"},\"hideDisabled\":false,"
                         "\"sorting\":3}\n"));
    b->failed |= said.failed || l->comment.failed;
    st_buf_free(&said);
}

void st_write_navigator(st_out *o, const st_case *c)
{
    layer l = { .c = c };
    if (st_groups_make(&l.g, c)) {
        count(&l);
        put_layer(&o->buf, &l);
    } else {
        o->buf.failed = true;
    }
    st_out_tick(o);
    st_groups_free(&l.g);
    st_buf_free(&l.comment);
}
