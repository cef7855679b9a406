/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* html.h - what the files of the HTML page share. */
#ifndef SHELLTREE_REPORT_HTML_H
#define SHELLTREE_REPORT_HTML_H

#include "report/internal.h"

typedef struct st_page {
    const st_case *c;
    const st_report_options *ro;
    const st_run_info *info;
    const st_forest *f;
    st_out *o;
    st_groups groups;
    st_answer answer;
    st_folding fold;
    st_buf text; /* a sentence in the making */
    size_t left; /* processes that may still be drawn */
    bool bound;  /* inside a link or a summary, where nothing else may be operated */
} st_page;

/* html_put.c */

void st_page_put(st_page *g, const char *s); /* markup of the program's own */
void st_page_fmt(st_page *g, const char *fmt, ...) __attribute__((format(__printf__, 2, 3)));
/* Text of a rule or of the program: scrubbed and escaped. */
void st_page_text(st_page *g, st_str s);
/* Evidence's text, isolated from the direction of what stands around it; long text folded, or,
 * where g->bound, cut with a count. */
void st_page_evidence(st_page *g, st_str s);
/* What g->text holds, as evidence; it is empty then. */
void st_page_made(st_page *g);
void st_page_name(st_page *g, const st_proc *p); /* "cmd.exe (2404)" */
void st_page_host(st_page *g, uint32_t host);
void st_page_level(st_page *g, st_level level);
void st_page_time(st_page *g, st_ticks t); /* <time>, to the second, unbroken */
/* From, and to if that is later; without its day if that is the same. */
void st_page_span(st_page *g, st_ticks from, st_ticks to);
void st_page_count(st_page *g, uint64_t n, const char *one, const char *many);
/* A part of a URL's path: all but letters, digits and a few signs as %XX. */
void st_page_url(st_page *g, st_str s);
/* Opens a table that may be wider than the screen, with its heading row; names end with NULL. */
void st_page_table(st_page *g, const char *caption, const char *const *names);
void st_page_table_end(st_page *g);

/* html_style.c */

const char *st_page_style(void);
/* Its SHA-256 in base64: 44 characters and a NUL. */
void st_page_style_digest(char out[45]);

/* The parts of the page, in their order. */
void st_page_hosts(st_page *g);     /* html_hosts.c */
void st_page_incidents(st_page *g); /* html_incident.c */
void st_page_findings(st_page *g);  /* html_appendix.c: this and what follows */
void st_page_tables(st_page *g);
void st_page_unread(st_page *g);
void st_page_appendix(st_page *g);

#endif
