/*
 * diag.h - where the parser, the binder and the loader put what they have to say.
 *
 * A sink knows the file and where in it the query's text begins, so that callers speak in
 * byte offsets of the query and readers see the line and column of the file.
 *
 * Ownership  texts are copied into the arena; the array belongs to the sink's owner.
 * Errors     no memory: arena->failed, or failed; looked at once at the end.
 */
#ifndef SHELLTREE_KQL_DIAG_H
#define SHELLTREE_KQL_DIAG_H

#include "base/limits.h"
#include "shelltree/rules.h"

/* Byte offsets into the query's text; end is the first byte behind. */
typedef struct st_span {
    uint32_t start, end;
} st_span;

/* From this byte of a query's text on, it stands in the file from that byte on. */
typedef struct st_kql_place {
    uint32_t text, file;
} st_kql_place;

typedef struct st_kql_diags {
    st_arena *arena;
    st_str path;
    st_str file; /* the whole file's text */
    size_t base; /* where in it the query's text begins */
    const st_kql_place
        *places; /* instead of base, rising, for a text that isn't copied as it stands */
    size_t nplaces;
    bool named; /* see st_diag */
    st_diag *items;
    size_t n, cap;
    size_t errors;   /* kept errors of this file, at most ST_MAX_DIAGS */
    size_t dropped;  /* more of them than that */
    size_t warnings; /* and notes; likewise */
    struct {
        size_t at; /* byte of the file */
        st_severity severity;
    } seen[2 * ST_MAX_DIAGS]; /* where there is something already */
    size_t nseen;
    bool failed;
} st_kql_diags;

/* Begins a text: later diagnostics are about it. Keeps the items there are; counts begin anew with
 * another file. */
void st_kql_diags_file(st_kql_diags *d, st_str path, st_str file, size_t base, bool named);
/* The line of the file, from 1, that a byte of the query's text is in. */
unsigned st_kql_diags_line(const st_kql_diags *d, uint32_t at);
/* code: Kusto's number ("KS142") or NULL. One error a place, and one warning: a second one that
 * begins at the same byte is dropped, so that follow-ups stay silent, and a table that is used
 * twice tells its errors once. */
void st_kql_diag(st_kql_diags *d, st_severity severity, st_span where, const char *code,
                 const char *fmt, ...) __attribute__((format(printf, 5, 6)));
/* About the file as a whole (line 0). */
void st_kql_diag_file(st_kql_diags *d, st_severity severity, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* Brings what was told from item `first` on, about one file, into the order of its lines. */
void st_kql_diags_sort(st_kql_diags *d, size_t first);
void st_kql_diags_free(st_kql_diags *d);

/* suggest.c: "did you mean" */

/* The best name seen so far. Start with { .want = name }, offer all, read best (p == NULL: none).
 */
typedef struct st_suggest {
    st_str want;
    st_str best;
    unsigned distance;
} st_suggest;
/* Taken if it is equal but for case, or within a Damerau-Levenshtein distance of 2 and a third
 * of the length. The first of equals stays. */
void st_suggest_offer(st_suggest *s, st_str name);
/* Taken, if nothing nearer is known, where the wanted name is the end of this one behind a `_`:
 * sha256 of hash_sha256. */
void st_suggest_part(st_suggest *s, st_str name);
/* Damerau-Levenshtein (optimal string alignment) over ASCII-folded bytes, at most `most` + 1. */
unsigned st_edit_distance(st_str a, st_str b, unsigned most);

/* foreign.c: words of other languages, and old names */

typedef enum st_foreign_kind {
    ST_FOREIGN_OPERATOR,
    ST_FOREIGN_FUNCTION,
    ST_FOREIGN_TABLE,
    ST_FOREIGN_COLUMN
} st_foreign_kind;
/* What to write instead of a word, whatever its case; NULL: it isn't known. */
const char *st_kql_foreign(st_foreign_kind kind, st_str word);

#endif
