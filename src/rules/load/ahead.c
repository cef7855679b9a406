/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ahead.c - what of a rule file doesn't depend on the files before it, done on any thread.
 *
 * A document that needs no other file is parsed and checked. One of which there is anything to tell
 * is left: when its turn has come, it is understood there, so that what is told has its order.
 */
#include "rules/load/load.h"

/* NULL: there is something to tell, or no memory. */
static st_loaded *understand(st_ahead *a, const st_rules *r, const st_language *l, st_str path,
                             st_str file, st_str text, unsigned line)
{
    const st_checker checker = {
        &r->settings, r->regexes, &a->checking, &a->arena, &a->diags, false
    };
    st_loaded *one = ST_NEW(&a->arena, st_loaded);
    if (!one)
        return NULL;
    st_loaded_begin(one, l, path, file, text, line, false);
    bool read = l->parse(&a->arena, text, &r->settings, &a->diags, &one->rule, &one->parsed);
    if (read && !one->parsed.correlation)
        st_rule_check(&checker, &one->parsed, &one->rule, &one->trigger);
    return read && !a->diags.n && !a->diags.failed && !a->arena.failed ? one : NULL;
}

static void understand_all(st_ahead *a, const st_rules *r, const st_language *l, st_str path,
                           st_ahead_file *out)
{
    st_documents documents = { out->text, 1 };
    st_loaded **end = &out->documents;
    st_str text;
    unsigned line;
    while (!a->arena.failed && st_documents_next(&documents, &text, &line)) {
        st_diags_back(&a->diags, 0);
        st_diags_file(&a->diags, path, out->text, (size_t)(text.p - out->text.p), false);
        st_loaded *one = understand(a, r, l, path, out->text, text, line);
        if (!one)
            continue;
        *end = one;
        end = &one->next;
    }
}

void st_ahead_read(st_ahead *a, const st_rules *r, st_str path, st_ahead_file *out)
{
    *out = (st_ahead_file){ 0 };
    a->diags.arena = &a->arena;
    out->code = st_rule_file(&a->arena, path, &out->text, &out->why);
    const st_language *l = out->code == ST_OK && st_rule_ending(path) == ST_RULE_YAML
                               ? st_language_of_documents(out->text)
                               : NULL;
    if (l && l->by_itself)
        understand_all(a, r, l, path, out);
}

void st_ahead_end(st_ahead *a)
{
    st_checking_free(&a->checking);
    st_diags_free(&a->diags);
}
