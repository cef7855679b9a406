/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json.h - JSON text in, step by step; JSON text out, escaped. RFC 8259. The only reader and the
 * only writer of the program.
 *
 * Reader     A pull parser: each call of st_json_next gives one step - a bracket, a key, a scalar -
 *            and nothing is built, so a text of any size takes one window of it and the text of one
 *            string. There is no recursion; open brackets are a bit each.
 * Hostile    All sizes are bounded: brackets inside one another (ST_MAX_JSON_DEPTH), bytes of a
 *            string that are kept (max_text; the rest is passed over and `cut` set), digits of a
 *            number (ST_MAX_JSON_NUMBER). What is no JSON gives ST_J_BAD with a reason and a place;
 *            with ST_JSON_LINES, st_json_resync then goes on with the next line.
 * Texts      are UTF-8 always: invalid bytes and lone surrogates become U+FFFD, and `lossy` is set.
 * Ownership  `text` points into the reader and is good until the next step. st_json_close frees.
 * Threads    one per st_json.
 *
 *     st_json j;
 *     st_json_open(&j, ST_JSON_LINES, read, file);
 *     for (st_j step; (step = st_json_next(&j)) != ST_J_END;)
 *         if (step == ST_J_BAD) {
 *             tell(j.offset, j.why);
 *             if (!st_json_resync(&j))
 *                 break;
 *         } else ...
 *     st_json_close(&j);
 */
#ifndef SHELLTREE_JSON_H
#define SHELLTREE_JSON_H

#include "shelltree/base.h"

/* What a text is. */
typedef enum st_json_shape {
    ST_JSON_ONE,  /* one value and nothing behind it but white space */
    ST_JSON_MANY, /* values behind one another, with white space or without */
    ST_JSON_LINES /* a value a line: a line end within a value is an error there. Empty lines are
                   * passed over */
} st_json_shape;

typedef enum st_j {
    ST_J_END, /* of the text, where it may end */
    ST_J_BAD, /* see why, offset; until st_json_resync every step gives it again */
    ST_J_OBJECT,
    ST_J_OBJECT_END,
    ST_J_ARRAY,
    ST_J_ARRAY_END,
    ST_J_KEY, /* text; the next step is its value */
    ST_J_TEXT,
    ST_J_NUMBER, /* text: as written */
    ST_J_TRUE,
    ST_J_FALSE,
    ST_J_NULL
} st_j;

/* Gives up to n further bytes; 0: there are no more, for whatever reason (the caller knows). */
typedef size_t st_json_read(void *ctx, char *to, size_t n);

typedef struct st_json {
    /* of the last step */
    st_str text;
    uint64_t offset; /* where it begins, or what is wrong, in bytes from the start */
    unsigned depth;  /* brackets open, the one just opened included, the one just closed not */
    bool cut;        /* text is the first max_text bytes only */
    bool lossy;
    const char *why; /* of ST_J_BAD; static text */
    bool failed;     /* sticky: no memory; gives ST_J_BAD */

    /* to be set between open and the first step */
    size_t max_text;    /* bytes kept of a string; ST_MAX_JSON_STRING */
    bool loose_numbers; /* any run of digits, signs, dots and e: +1, .5, 007. The caller judges */
    bool controls;      /* control characters may stand in strings as they are (line ends too, but
                         * with ST_JSON_LINES) */

    /* the reader's own */
    st_json_shape shape;
    st_json_read *read;
    void *ctx;
    const char *p; /* window */
    char *own;
    size_t at, n;
    uint64_t base; /* of the window */
    st_buf made;
    uint64_t objects[2]; /* a bit a level: an object */
    uint8_t state;
    bool over, skipping;
} st_json;

/* A byte order mark at the start is passed over. */
void st_json_open(st_json *j, st_json_shape shape, st_json_read *read, void *ctx);
/* The same over text in memory, which must stay. */
void st_json_open_text(st_json *j, st_json_shape shape, st_str text);
st_j st_json_next(st_json *j);
/* Behind ST_J_OBJECT or ST_J_ARRAY: passes over the rest of it, its end too; keeps no text.
 * Behind ST_J_KEY: over its value. false: there is something wrong in it. */
bool st_json_skip(st_json *j);
/* Behind ST_J_BAD: to the start of the next line, outside all brackets. false: there is none. */
bool st_json_resync(st_json *j);
void st_json_close(st_json *j);

/* writing */

/* A string with its quotes, that any parser reads and any terminal survives: control characters,
 * DEL and what is invisible or changes direction are \u escapes, invalid bytes are U+FFFD. */
void st_json_str(st_buf *b, st_str s);
/* The same, but only what JSON itself wants escaped; bytes are kept as they are. */
void st_json_exact(st_buf *b, st_str s);
/* The same of n bytes of UTF-16LE, as st_utf16le_put would write them, in one step; returns how
 * many characters were replaced. */
unsigned st_json_exact_utf16le(st_buf *b, const unsigned char *p, size_t n);
/* JSON that is valid already, made safe for a terminal as above, and put on one line. */
void st_json_safe(st_buf *b, st_str json);
/* Of an object that is being written: the comma that is due, and "key": *more says if one is. */
void st_json_key(st_buf *b, bool *more, const char *key);
void st_json_key_str(st_buf *b, bool *more, st_str key);
void st_json_text(st_buf *b, bool *more, const char *key, st_str v);
void st_json_num(st_buf *b, bool *more, const char *key, uint64_t v);
void st_json_bool(st_buf *b, bool *more, const char *key, bool v);
/* ["a","b"] */
void st_json_strs(st_buf *b, bool *more, const char *key, const st_str *v, size_t n);
/* Decimal digits, perhaps behind a minus, as a number; past 2^53-1, where readers lose digits, as a
 * string. st_json_num does the same. */
void st_json_digits(st_buf *b, st_str digits);

#endif
