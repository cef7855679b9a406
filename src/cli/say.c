/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* say.c - what is said to a person: one line, scrubbed, on standard error. */
#include "cli.h"

#include <langinfo.h>
#include <string.h>

static bool ascii_only(void)
{
    return strcmp(nl_langinfo(CODESET), "UTF-8") != 0;
}

static __attribute__((format(__printf__, 1, 0))) void say(const char *fmt, va_list ap)
{
    char line[4096];
    st_buf b = { 0 };
    vsnprintf(line, sizeof line, fmt, ap);
    st_scrub(&b, st_str_of(line), ascii_only());
    fprintf(stderr, "shelltree: %.*s\n", ST_FMT(st_buf_slice(&b)));
    st_buf_free(&b);
}

void st_say(const st_config *c, const char *fmt, ...)
{
    if (c->quiet)
        return;
    va_list ap;
    va_start(ap, fmt);
    say(fmt, ap);
    va_end(ap);
}

void st_complain(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    say(fmt, ap);
    va_end(ap);
}

int st_cannot(const st_err *e)
{
    st_complain("%s", e->text[0] ? e->text : "out of memory");
    return ST_EXIT_CANNOT;
}

void st_print_diag(const st_diag *d)
{
    st_buf whole = { 0 }, line = { 0 };
    st_diag_put(&whole, d);
    st_str rest = st_buf_slice(&whole), part;
    while (st_str_cut(&rest, '\n', &part)) {
        if (!part.n && !rest.p)
            break;
        st_buf_clear(&line);
        st_scrub(&line, part, ascii_only());
        fprintf(stderr, "%.*s\n", ST_FMT(st_buf_slice(&line)));
    }
    st_buf_free(&whole);
    st_buf_free(&line);
}
