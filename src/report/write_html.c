/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * write_html.c - the report as one page that needs nothing else: no script, nothing
 * fetched, nothing that evidence could make into markup. The policy in its head
 * forbids all but the one constant style sheet, which it names by its digest.
 */
#include "report/html.h"

#include "base/limits.h"

static void put_head(st_page *g)
{
    char digest[45];
    st_page_style_digest(digest);
    st_page_put(g, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
                   "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
                   "style-src 'sha256-");
    st_page_put(g, digest);
    st_page_put(g, "'; base-uri 'none'; form-action 'none'\"><meta name=\"referrer\" "
                   "content=\"no-referrer\"><meta name=\"viewport\" "
                   "content=\"width=device-width,initial-scale=1\">"
                   "<title>shelltree report</title><style>");
    st_page_put(g, st_page_style());
    st_page_put(g, "</style></head>\n<body><main>\n");
}

static void put_page(st_page *g)
{
    put_head(g);
    st_page_hosts(g);
    st_page_incidents(g);
    st_page_findings(g);
    st_page_tables(g);
    st_page_appendix(g);
    st_page_put(g, "</main></body></html>\n");
}

void st_write_html(st_out *o, const st_case *c, const st_report_options *ro,
                   const st_run_info *info)
{
    st_page g = {
        .c = c, .ro = ro, .info = info, .f = c->forest, .o = o, .left = ST_MAX_HTML_NODES
    };
    bool ok = st_answer_make(&g.answer, c);
    ok = st_groups_make(&g.groups, c) && ok;
    ok = st_fold_make(&g.fold, c) && ok;
    if (ok)
        put_page(&g);
    else
        o->buf.failed = true;
    o->buf.failed |= g.text.failed;
    st_out_tick(o);
    st_buf_free(&g.text);
    st_answer_free(&g.answer);
    st_groups_free(&g.groups);
    st_fold_free(&g.fold);
}
