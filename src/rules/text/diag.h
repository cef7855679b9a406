/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * diag.h - where the parser, the binder and the loader put what they have to say.
 *
 * A sink knows the file and where in it the query's text begins, so that callers speak in
 * byte offsets of the query and readers see the line and column of the file.
 *
 * Ownership  texts are copied into the arena; the array belongs to the sink's owner.
 * Errors     no memory: arena->failed, or failed; looked at once at the end.
 */
#ifndef ST_RULES_TEXT_DIAG_H
#define ST_RULES_TEXT_DIAG_H

#include "base/limits.h"
#include "shelltree/rules.h"

/* Byte offsets into the query's text; end is the first byte behind. */
typedef struct st_span {
    uint32_t start, end;
} st_span;

/* From this byte of a query's text on, it stands in the file from that byte on. */
typedef struct st_text_place {
    uint32_t text, file;
} st_text_place;

typedef struct st_diag_sink {
    st_arena *arena;
    st_str path;
    st_str file; /* the whole file's text */
    size_t base; /* where in it the query's text begins */
    const st_text_place
        *places; /* instead of base, rising, for a text that isn't copied as it stands */
    size_t nplaces;
    bool named; /* see st_diag */
    st_diag *items;
    size_t n, cap;
    size_t unread;   /* files and folders that couldn't be read, of all */
    size_t errors;   /* kept errors of this file, at most ST_MAX_DIAGS */
    size_t dropped;  /* more of them than that */
    size_t warnings; /* and notes; likewise */
    struct {
        size_t at; /* byte of the file */
        st_severity severity;
    } seen[2 * ST_MAX_DIAGS]; /* where there is something already */
    size_t nseen;
    bool failed;
} st_diag_sink;

/* Begins a text: later diagnostics are about it. Keeps the items there are; counts begin anew with
 * another file, and the places that have something with another text of it. */
void st_diags_file(st_diag_sink *d, st_str path, st_str file, size_t base, bool named);
/* The line of the file, from 1, that a byte of the query's text is in. */
unsigned st_diags_line(const st_diag_sink *d, uint32_t at);
/* code: Kusto's number ("KS142") or NULL. One error a place, and one warning: a second one that
 * begins at the same byte is dropped, so that follow-ups stay silent, and a table that is used
 * twice tells its errors once. */
void st_diag_at(st_diag_sink *d, st_severity severity, st_span where, const char *code,
                const char *fmt, ...) __attribute__((format(__printf__, 5, 6)));
/* About the file as a whole (line 0). */
void st_diag_file(st_diag_sink *d, st_severity severity, const char *fmt, ...)
    __attribute__((format(__printf__, 3, 4)));
/* Brings what was told from item `first` on, about one file, into the order of its lines. */
void st_diags_sort(st_diag_sink *d, size_t first);
/* What was told from item `first` on, about one file, wasn't told. */
void st_diags_back(st_diag_sink *d, size_t first);
void st_diags_free(st_diag_sink *d);

#endif
