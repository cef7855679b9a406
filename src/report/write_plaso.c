/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * write_plaso.c - the rows for timeline tools that read old forms: plaso's l2t_csv, with 17 columns
 * and whole seconds, and mactime's body file (The Sleuth Kit 3), a line a time with bars between.
 */
#include "internal.h"

#include <string.h>

typedef struct line {
    const st_view *v;
    st_buf cell, text;
} line;

static st_str column(line *l, const char *name)
{
    const st_column *col = st_column_named(name);
    return col ? st_dashless(st_column_text(col, l->v, &l->cell)) : ST_STR("");
}

/* Appends text without a sign that would end the cell; what controls is a picture already. */
static void put_clean(st_buf *b, st_str s, char sign, char instead)
{
    st_buf t = { 0 };
    st_scrub(&t, s, false);
    for (size_t i = 0; i < t.n; i++)
        st_buf_put(b, t.p[i] == sign ? &instead : t.p + i, 1);
    b->failed |= t.failed;
    st_buf_free(&t);
}

/* What happened, in a line: the rules, then the chain or what was acted on, then the command. */
static void make_message(line *l)
{
    st_buf *t = &l->text;
    st_buf_clear(t);
    st_str rules = column(l, "Rules");
    st_buf_str(t, rules);
    st_str event = column(l, "Event");
    if (!rules.n)
        st_buf_str(t, event.n ? event : ST_STR("process"));
    st_buf_str(t, ST_STR(": "));
    st_buf_str(t, column(l, "Chain"));
    st_str target = column(l, "Target");
    if (target.n) {
        st_buf_str(t, ST_STR(" -> "));
        st_buf_str(t, target);
    }
    st_str cmd = column(l, "CommandLine");
    if (cmd.n) {
        st_buf_str(t, ST_STR(": "));
        st_buf_str(t, cmd);
    }
}

static const char *time_means(line *l)
{
    st_str event = column(l, "Event");
    return !event.n || st_str_eq(event, ST_STR("process")) ? "Process created" : "Event recorded";
}

static st_ticks moment(line *l)
{
    st_ticks t = 0;
    return st_time_sysmon(column(l, "UtcTime"), &t) ? t : 0;
}

/* plaso */

static const char *const l2t_names[] = {
    "date",  "time", "timezone", "MACB",     "source", "sourcetype", "type",   "user",  "host",
    "short", "desc", "version",  "filename", "inode",  "notes",      "format", "extra",
};
enum { L2T = sizeof l2t_names / sizeof l2t_names[0] };

static void put_extra(st_buf *b, const char *name, st_str s)
{
    if (!s.n)
        return;
    st_buf_str(b, st_str_of(name));
    st_buf_str(b, s);
}

static void l2t_cell(line *l, size_t i, st_buf *b)
{
    st_civil c;
    st_buf raw = { 0 };
    switch (i) {
    case 0:
        st_ticks_civil(moment(l), &c);
        st_buf_fmt(b, "%02d/%02d/%04d", c.month, c.day, c.year);
        break;
    case 1:
        st_ticks_civil(moment(l), &c);
        st_buf_fmt(b, "%02d:%02d:%02d", c.hour, c.minute, c.second);
        break;
    case 2: st_buf_str(b, ST_STR("UTC")); break;
    case 3: st_buf_str(b, ST_STR("...B")); break;
    case 4: st_buf_str(b, ST_STR("EVT")); break;
    case 5: st_buf_str(b, ST_STR("WinEVTX")); break;
    case 6: st_buf_str(b, st_str_of(time_means(l))); break;
    case 7: put_clean(b, column(l, "User"), ',', ' '); break;
    case 8: put_clean(b, column(l, "Computer"), ',', ' '); break;
    case 9:
    case 10:
        make_message(l);
        if (i == 9)
            st_fit(&raw, st_buf_slice(&l->text), 80, false);
        put_clean(b, i == 9 ? st_buf_slice(&raw) : st_buf_slice(&l->text), ',', ' ');
        break;
    case 11: st_buf_char(b, '2'); break;
    case 12: put_clean(b, column(l, "Source"), ',', ' '); break;
    case 13: st_buf_str(b, ST_STR("-")); break;
    case 14: put_clean(b, column(l, "Techniques"), ',', ' '); break;
    case 15: st_buf_str(b, ST_STR("shelltree")); break;
    default:
        st_buf_str(b, ST_STR("EventRecordID: "));
        st_buf_str(b, column(l, "EventRecordID"));
        put_extra(b, "; Level: ", column(l, "Level"));
        put_extra(b, "; Incident: ", column(l, "Incident"));
    }
    b->failed |= raw.failed;
    st_buf_free(&raw);
}

static void l2t_line(st_buf *b, line *l)
{
    for (size_t i = 0; i < L2T; i++) {
        size_t from;
        if (i)
            st_buf_char(b, ',');
        from = b->n;
        l2t_cell(l, i, b);
        if (b->n == from)
            st_buf_char(b, '-');
    }
    st_buf_char(b, '\n');
}

/* the body file: MD5|name|inode|mode|UID|GID|size|atime|mtime|ctime|crtime */

static void body_line(st_buf *b, line *l)
{
    st_str md5 = column(l, "MD5");
    st_buf_str(b, md5.n ? md5 : ST_STR("0"));
    st_buf_char(b, '|');
    make_message(l);
    st_buf_char(b, '[');
    put_clean(b, column(l, "Computer"), '|', ' ');
    st_buf_str(b, ST_STR("] "));
    put_clean(b, st_buf_slice(&l->text), '|', ' ');
    st_buf_str(b, ST_STR("|0||0|0|0|0|0|0|"));
    st_buf_i64(b, ((int64_t)moment(l) - (int64_t)ST_TICKS_UNIX) / (int64_t)ST_TICKS_SECOND);
    st_buf_char(b, '\n');
}

static void each(st_out *o, const st_case *c, void (*put)(st_buf *b, line *l))
{
    st_view v;
    line l = { .v = &v };
    for (size_t i = 0; i < c->nrows && !o->error; i++) {
        if (!st_view_of(&v, c, &c->rows[i]) || moment(&l) < ST_TICKS_UNIX)
            continue;
        put(&o->buf, &l);
        o->buf.failed |= l.cell.failed || l.text.failed;
        st_out_tick(o);
    }
    st_buf_free(&l.cell);
    st_buf_free(&l.text);
}

void st_write_l2tcsv(st_out *o, const st_case *c)
{
    for (size_t i = 0; i < L2T; i++)
        st_buf_fmt(&o->buf, "%s%s", i ? "," : "", l2t_names[i]);
    st_buf_char(&o->buf, '\n');
    each(o, c, l2t_line);
}

void st_write_bodyfile(st_out *o, const st_case *c)
{
    each(o, c, body_line);
}
