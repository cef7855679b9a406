/*
 * confirm.c - single records read again, by libevtx in a child process.
 *
 * The parent finds the chunk and reads it with the native reader; for each record that was asked
 * for it sends the record's place (and, once, the chunk) to the child, which answers with what
 * libevtx makes of it: names and texts. The comparison is the parent's. What the child says is
 * believed as little as the evidence is: lengths are checked, and an answer that doesn't
 * come in time, or isn't one, ends the child.
 */
#include "shelltree/verify.h"
#include "evtx/classes.h"
#include "evtx/confine.h"
#include "evtx/engine.h"
#include "base/limits.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { HEADER = 4096, SLOT = 65536, SECTOR = 512, FIRST = 512 };

/* Parent to child; behind it the chunk's bytes, if n isn't 0. */
typedef struct question {
    uint32_t at, n;
    uint64_t offset; /* of the chunk in the source */
    uint32_t header_bad;
} question;

/* Child to parent; behind it two lengths an item, then all names and texts. */
typedef struct answer {
    uint32_t items, bytes; /* no items: it couldn't be read */
} answer;

const char *st_confirmed_word(st_confirmed c)
{
    static const char *const words[] = { "unreadable", "yes", "no" };
    return words[c];
}

/* ---- the child ---------------------------------------------------------------------------- */

static bool get_all(int fd, void *to, size_t n)
{
    for (size_t got = 0; got < n;) {
        ssize_t k = read(fd, (char *)to + got, n - got);
        if (k < 0 && errno == EINTR)
            continue;
        if (k <= 0)
            return false;
        got += (size_t)k;
    }
    return true;
}

static bool put_all(int fd, const void *from, size_t n)
{
    for (size_t put = 0; put < n;) {
        ssize_t k = write(fd, (const char *)from + put, n - put);
        if (k < 0 && errno == EINTR)
            continue;
        if (k <= 0)
            return false;
        put += (size_t)k;
    }
    return true;
}

typedef struct reader {
    st_libevtx *libevtx;
    unsigned char chunk[SLOT];
    uint32_t n;
    uint64_t want; /* offset in the source */
    st_items items;
    bool found;
} reader;

static void read_record(void *arg, const st_record *r)
{
    reader *x = arg;
    if (r->offset != x->want || x->found)
        return;
    st_items_of(&x->items, r);
    x->found = !x->items.failed;
}

static bool say(const reader *x)
{
    st_buf b = { 0 };
    answer a = { 0, 0 };
    size_t n = x->found ? x->items.n : 0, bytes = 0;
    st_buf_put(&b, &a, sizeof a);
    for (size_t i = 0; i < n; i++) {
        uint32_t lengths[2] = { (uint32_t)x->items.at[i].name_n, (uint32_t)x->items.at[i].text_n };
        st_buf_put(&b, lengths, sizeof lengths);
    }
    for (size_t i = 0; i < n; i++) {
        st_buf_str(&b, st_item_name(&x->items, i));
        st_buf_str(&b, st_item_text(&x->items, i));
        bytes += x->items.at[i].name_n + x->items.at[i].text_n;
    }
    a = (answer){ (uint32_t)n, (uint32_t)bytes };
    if (b.n >= sizeof a)
        memcpy(b.p, &a, sizeof a);
    bool ok = !b.failed && b.n <= ST_MAX_CONFIRM_ANSWER && put_all(0, b.p, b.n);
    st_buf_free(&b);
    return ok;
}

static bool answer_one(reader *x, const question *q)
{
    static const st_scan_ops ops = { .record = read_record };
    static const st_scan_options options = { .engine = ST_ENGINE_LIBEVTX, .slack = true };
    st_report report = { 0 };
    st_chunk c = { .bytes = x->chunk, .n = x->n, .offset = q->offset, .header_bad = q->header_bad != 0,
                   .options = &options, .ops = &ops, .job = x, .report = &report };
    x->found = false;
    x->want = q->offset + q->at;
    st_libevtx_begin(x->libevtx);
    st_code code = st_libevtx_one(x->libevtx, &c, q->at, NULL);
    st_report_free(&report);
    return code == ST_OK && say(x);
}

static void serve(int fd)
{
    reader *x = calloc(1, sizeof *x);
    question q;
    if (!x || !(x->libevtx = st_libevtx_new()))
        return;
    st_confine(fd);
    while (get_all(0, &q, sizeof q)) {
        if (q.n > SLOT || (q.n && !get_all(0, x->chunk, q.n)))
            return;
        x->n = q.n ? q.n : x->n;
        if (!answer_one(x, &q))
            return;
    }
}

/* ---- the parent's end of it ------------------------------------------------------------------- */

typedef struct helper {
    pid_t pid; /* 0: none */
    int fd;
    bool has_chunk;
    unsigned asked;
} helper;

static void dismiss(helper *h)
{
    if (!h->pid)
        return;
    close(h->fd);
    kill(h->pid, SIGKILL);
    while (waitpid(h->pid, NULL, 0) < 0 && errno == EINTR)
        ;
    *h = (helper){ 0 };
}

static bool hire(helper *h)
{
    int pair[2];
    if (h->pid && h->asked < ST_MAX_CONFIRM_ASKED)
        return true;
    dismiss(h);
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
        return false;
    pid_t pid = fork();
    if (pid == 0) {
        close(pair[0]);
        serve(pair[1]);
        _exit(0);
    }
    close(pair[1]);
    if (pid < 0) {
        close(pair[0]);
        return false;
    }
    *h = (helper){ .pid = pid, .fd = pair[0] };
    return true;
}

static bool send_all(helper *h, const void *from, size_t n)
{
    for (size_t put = 0; put < n;) {
        struct pollfd p = { .fd = h->fd, .events = POLLOUT };
        int ready = poll(&p, 1, ST_MAX_CONFIRM_WAIT_MS);
        ssize_t k = ready > 0 ? send(h->fd, (const char *)from + put, n - put, MSG_NOSIGNAL | MSG_DONTWAIT)
                              : -1;
        if ((ready < 0 || (ready > 0 && k < 0)) && (errno == EINTR || errno == EAGAIN))
            continue;
        if (k <= 0)
            return false;
        put += (size_t)k;
    }
    return true;
}

static bool receive_all(helper *h, void *to, size_t n)
{
    for (size_t got = 0; got < n;) {
        struct pollfd p = { .fd = h->fd, .events = POLLIN };
        int ready = poll(&p, 1, ST_MAX_CONFIRM_WAIT_MS);
        ssize_t k = ready > 0 ? recv(h->fd, (char *)to + got, n - got, MSG_DONTWAIT) : -1;
        if ((ready < 0 || (ready > 0 && k < 0)) && (errno == EINTR || errno == EAGAIN))
            continue;
        if (k <= 0)
            return false;
        got += (size_t)k;
    }
    return true;
}

/* Lengths and bytes into items; false: they don't fit each other. */
static bool unpack(st_items *x, const answer *a, const uint32_t *lengths)
{
    size_t at = 0;
    if (!st_grow(&x->at, &x->cap, a->items, sizeof *x->at))
        return false;
    for (size_t i = 0; i < a->items; i++) {
        size_t name = lengths[2 * i], text = lengths[2 * i + 1];
        if (name > a->bytes - at || text > a->bytes - at - name)
            return false;
        x->at[i] = (st_item){ .name = at, .name_n = name, .text = at + name, .text_n = text };
        at += name + text;
    }
    x->n = a->items;
    return at == a->bytes;
}

/* What libevtx makes of the record; no items: nothing. False: the child is of no use any more. */
static bool receive(helper *h, st_items *x)
{
    answer a;
    st_buf_clear(&x->bytes);
    x->n = 0;
    if (!receive_all(h, &a, sizeof a) || a.items > ST_MAX_CONFIRM_ANSWER / 8 ||
        a.bytes > ST_MAX_CONFIRM_ANSWER)
        return false;
    if (!a.items)
        return a.bytes == 0;
    uint32_t *lengths = calloc(a.items, 2 * sizeof *lengths);
    char *bytes = st_buf_room(&x->bytes, a.bytes);
    bool ok = lengths && bytes && receive_all(h, lengths, (size_t)a.items * 2 * sizeof *lengths) &&
              receive_all(h, bytes, a.bytes) && unpack(x, &a, lengths);
    if (ok)
        x->bytes.n = a.bytes;
    else
        x->n = 0;
    free(lengths);
    return ok;
}

/* ---- one chunk ------------------------------------------------------------------------------------ */

typedef struct asked {
    uint64_t offset;
    size_t place; /* in the caller's arrays */
} asked;

typedef struct confirmer {
    helper h;
    st_file *file;
    st_native *native;
    unsigned char chunk[SLOT];
    st_chunk c;
    const asked *want; /* those of this chunk */
    size_t nwant;
    st_confirmed *out;
    st_items ours, theirs;
    bool failed;
} confirmer;

static bool has_magic(const unsigned char *p, size_t n)
{
    return n >= 8 && memcmp(p, "ElfChnk", 8) == 0;
}

static size_t read_at(confirmer *x, uint64_t offset, unsigned char *to, size_t n)
{
    size_t got = 0;
    return st_file_read(x->file, offset, to, n, &got, NULL) == ST_OK ? got : 0;
}

/* The start of the chunk that holds the byte: on the grid, else at the nearest magic before it,
 * else a chunk on the grid that has lost its magic. */
static uint64_t chunk_of(confirmer *x, uint64_t offset)
{
    unsigned char head[8] = { 0 };
    uint64_t grid = offset < HEADER ? 0 : HEADER + (offset - HEADER) / SLOT * SLOT;
    if (has_magic(head, read_at(x, grid, head, sizeof head)))
        return grid;
    for (uint64_t at = offset / SECTOR * SECTOR, k = 0; k <= SLOT / SECTOR; k++, at -= SECTOR) {
        if (has_magic(head, read_at(x, at, head, sizeof head)))
            return at;
        if (!at)
            break;
    }
    return grid;
}

static void found(void *ctx, const st_look_at *l, int why)
{
    st_confirmed *c = ctx;
    (void)l;
    *c = why < 0 || *c == ST_CONFIRM_NO ? ST_CONFIRM_NO : ST_CONFIRM_UNREADABLE;
}

static st_confirmed ask(confirmer *x, const st_record *r)
{
    st_confirmed c = ST_CONFIRM_YES;
    if (!hire(&x->h))
        return ST_CONFIRM_UNREADABLE;
    question q = { .at = (uint32_t)(r->offset - x->c.offset), .n = x->h.has_chunk ? 0 : (uint32_t)x->c.n,
                   .offset = x->c.offset, .header_bad = x->c.header_bad };
    x->h.asked++;
    if (!send_all(&x->h, &q, sizeof q) || (q.n && !send_all(&x->h, x->c.bytes, q.n)) ||
        !receive(&x->h, &x->theirs)) {
        dismiss(&x->h);
        return ST_CONFIRM_UNREADABLE;
    }
    x->h.has_chunk = true;
    if (!x->theirs.n)
        return ST_CONFIRM_UNREADABLE;
    st_items_of(&x->ours, r);
    x->failed |= x->ours.failed;
    st_judge_fields(r, &x->ours, &x->theirs, found, &c);
    return c;
}

static void record(void *arg, const st_record *r)
{
    confirmer *x = arg;
    bool asked_yet = false;
    st_confirmed c = ST_CONFIRM_UNREADABLE;
    for (size_t i = 0; i < x->nwant; i++) {
        if (x->want[i].offset != r->offset)
            continue;
        if (!asked_yet)
            c = ask(x, r);
        asked_yet = true;
        x->out[x->want[i].place] = c;
    }
}

static st_code one_chunk(confirmer *x, uint64_t at, st_err *err)
{
    static const st_scan_ops ops = { .record = record };
    static const st_scan_options options = { .slack = true };
    st_report report = { 0 };
    size_t n = read_at(x, at, x->chunk, SLOT);
    if (n <= FIRST)
        return ST_OK;
    x->c = (st_chunk){ .bytes = x->chunk, .n = n, .offset = at, .header_bad = !has_magic(x->chunk, n),
                       .options = &options, .ops = &ops, .job = x, .report = &report };
    x->h.has_chunk = false;
    st_native_begin(x->native);
    st_code code = st_native_chunk(x->native, &x->c, err);
    st_report_free(&report);
    if (!code && x->failed)
        code = st_fail(err, ST_E_MEMORY, "no memory to compare records");
    return code;
}

/* ---- the door ---------------------------------------------------------------------------------------- */

static int by_offset(const void *a, const void *b)
{
    const asked *x = a, *y = b;
    return (x->offset > y->offset) - (x->offset < y->offset);
}

static st_code all_chunks(confirmer *x, const asked *list, size_t n, st_err *err)
{
    st_code code = ST_OK;
    for (size_t i = 0; !code && i < n;) {
        uint64_t at = chunk_of(x, list[i].offset);
        x->want = &list[i];
        for (x->nwant = 0; i < n && (!x->nwant || chunk_of(x, list[i].offset) == at); i++)
            x->nwant++;
        code = one_chunk(x, at, err);
    }
    return code;
}

st_code st_confirm(const st_source *s, const uint64_t *offsets, size_t n, st_confirmed *out,
                   st_err *err)
{
    confirmer *x = calloc(1, sizeof *x);
    asked *list = calloc(n + 1, sizeof *list);
    st_code code = ST_OK;
    for (size_t i = 0; i < n; i++) {
        out[i] = ST_CONFIRM_UNREADABLE;
        if (list)
            list[i] = (asked){ offsets[i], i };
    }
    if (x)
        x->native = st_native_new();
    if (!x || !list || !x->native)
        code = st_fail(err, ST_E_MEMORY, "no memory to confirm records");
    if (!code && x && list && st_file_open(s, &x->file, NULL) == ST_OK) {
        x->out = out;
        qsort(list, n, sizeof *list, by_offset);
        code = all_chunks(x, list, n, err);
        st_file_close(x->file);
    }
    if (x) {
        dismiss(&x->h);
        st_native_free(x->native);
        st_items_free(&x->ours);
        st_items_free(&x->theirs);
    }
    free(x);
    free(list);
    return code;
}
