/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* example.c - who started what: cc example.c $(pkg-config --cflags --libs shelltree) */
#include <shelltree/tree.h>

#include <stdio.h>

int main(int argc, char **argv)
{
    st_evidence *evidence = st_evidence_new();
    st_store *store = NULL;
    st_forest *f = NULL;
    st_err e = { 0 };
    for (int i = 1; i < argc && !e.code; i++)
        st_evidence_add(evidence, st_str_of(argv[i]), &e);
    if (!e.code && st_evidence_seal(evidence, true, false, &e) == ST_OK &&
        st_events_read(evidence, &(st_scan_options){ .slack = true, .carve = true }, NULL, NULL, 0,
                       NULL, NULL, NULL, &store, &e) == ST_OK &&
        st_tree_build(evidence, store, &(st_tree_options){ 0 }, &f, &e) == ST_OK)
        for (size_t i = 0; i < f->n; i++) {
            const st_proc *p = &f->procs[i];
            if (p->parent == ST_NO_NODE)
                continue;
            st_str from = st_str_basename(st_pool_get(f->pool, f->procs[p->parent].image));
            st_str to = st_str_basename(st_pool_get(f->pool, p->image));
            st_str host = st_pool_get(f->pool, f->hosts[p->host].shown);
            printf("%.*s: %.*s -> %.*s\n", ST_FMT(host), ST_FMT(from), ST_FMT(to));
        }
    if (e.code)
        fprintf(stderr, "%s\n", e.text);
    st_tree_free(f);
    st_store_free(store);
    st_evidence_free(evidence);
    return e.code != ST_OK;
}
