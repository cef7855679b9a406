/* SPDX-FileCopyrightText: The shelltree authors */
/* SPDX-License-Identifier: Apache-2.0 */
/* test_xml.c - records as XML: what is written, that it parses, and says what the fields say. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "evtx/engine.h"
#include "evtx/value.h"
#include "evtx/xml.h"
#include "support/evtxgen.h"

#include <libxml/parser.h>
#include <libxml/tree.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* escapes */

static void assert_put(void (*put)(st_buf *, st_str), st_str in, const char *want)
{
    st_buf b = { 0 };
    put(&b, in);
    st_buf_char(&b, '\0');
    assert_string_equal(b.p, want);
    st_buf_free(&b);
}

static void put_text__each_kind__escaped(void **state)
{
    (void)state;
    static const struct {
        st_str in;
        const char *want;
    } cases[] = {
        { { "plain", 5 }, "plain" },
        { { "<a b='c' d=\"e\">&", 16 }, "&lt;a b=&apos;c&apos; d=&quot;e&quot;&gt;&amp;" },
        { { "a\tb\r\nc", 6 }, "a&#9;b&#13;&#10;c" },
        { { "\x01\x1f\0\x7f", 4 }, "_x0001__x001F__x0000_\x7f" },
        { { "_x0001_", 7 }, "_x005F_x0001_" },
        { { "_x01_ _y0001_ _x0001", 20 }, "_x01_ _y0001_ _x0001" },
        { { "\xef\xbf\xbe\xef\xbf\xbf", 6 }, "_xFFFE__xFFFF_" },
        { { "\xc3\xa9\xf0\x9f\x98\x80", 6 }, "\xc3\xa9\xf0\x9f\x98\x80" },
        { { "\xff", 1 }, "\xef\xbf\xbd" },
        { { "C:\\Windows\\u0041", 16 }, "C:\\Windows\\u0041" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_put(st_xml_put_text, cases[i].in, cases[i].want);
}

static void put_name__each_kind__a_name(void **state)
{
    (void)state;
    static const struct {
        const char *in, *want;
    } cases[] = {
        { "Data", "Data" },
        { "", "_x0000_" },
        { "1a", "_x0031_a" },
        { "a b", "a_x0020_b" },
        { "a:b", "a:b" },
        { ":a", "_x003A_a" },
        { "a:", "a_x003A_" },
        { "a:b:c", "a_x003A_b_x003A_c" },
        { "a:1", "a_x003A_1" },
        { "a><b", "a_x003E__x003C_b" },
        { "\xc3\xa9", "\xc3\xa9" },
        { "\xe4\xb8\xad\xed\x95\x9c", "\xe4\xb8\xad\xed\x95\x9c" },
        /* of the fifth edition alone */
        { "\xf0\x9f\x98\x80", "_x1F600_" },
        { "\xef\xbf\xbd", "_xFFFD_" },
        { "\xc7\x84\xc7\x8d\xc7\xb1", "_x01C4_\xc7\x8d_x01F1_" },
        { "a\xcd\x85\xcd\x86", "a\xcd\x85_x0346_" },
        { "\xe2\x80\xa6", "_x2026_" },
        { "_x0041_", "_x005F_x0041_" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_put(st_xml_put_name, st_str_of(cases[i].in), cases[i].want);
}

static void put_data__end_of_instruction__escaped(void **state)
{
    (void)state;
    assert_put(st_xml_put_data, ST_STR("a & b > c ?> d\n"), "a & b > c ?_x003E_ d_x000A_");
}

/* generated logs */

#define HEAD                                                                                   \
    "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System>"            \
    "<Provider Name='P&amp;Q'/><EventID>7</EventID><Version>0</Version><Level>4</Level>"       \
    "<Task>1</Task><Opcode>0</Opcode><Keywords>0x8000000000000000</Keywords>"                  \
    "<TimeCreated SystemTime='2026-01-02T03:04:05.0060000Z'/><EventRecordID>1</EventRecordID>" \
    "<Correlation/><Execution ProcessID='4' ThreadID='8'/><Channel>C</Channel>"                \
    "<Computer>host</Computer><Security"

static void add_line(void *job, const st_record *r)
{
    st_buf_str(job, r->xml);
    st_buf_char(job, '\n');
}

static void render_with(st_native *s, const unsigned char *p, size_t n, bool xml, st_buf *out)
{
    st_source source = { .kind = ST_STR("evtx") };
    st_report report = { 0 };
    st_scan_options o = { .slack = true, .xml = xml };
    st_scan_ops ops = { .record = add_line };
    unsigned char *copy = malloc(n); /* of just that size, so that a read past it is seen */
    assert_non_null(copy);
    memcpy(copy, p, n);
    st_chunk c = { .bytes = copy,
                   .n = n,
                   .source = &source,
                   .options = &o,
                   .ops = &ops,
                   .job = out,
                   .report = &report };
    assert_int_equal(st_native_chunk(s, &c, NULL), ST_OK);
    free(copy);
    st_report_free(&report);
}

static void assert_renders(const unsigned char *p, size_t n, const char *want)
{
    st_buf out = { 0 };
    st_native *s = st_native_new();
    assert_non_null(s);
    render_with(s, p, n, true, &out);
    st_buf_char(&out, '\0');
    assert_string_equal(out.p, want);
    st_buf_free(&out);
    st_native_free(s);
}

static void assert_event(const gen_event *ev, const char *want)
{
    gen_log *log = gen_new(NULL);
    st_buf file = { 0 };
    assert_non_null(log);
    assert_true(gen_add(log, ev));
    assert_true(gen_finish(log, &file));
    assert_renders((const unsigned char *)file.p + 4096, 65536, want);
    st_buf_free(&file);
}

static gen_event event_of(const gen_field *fields, size_t n)
{
    st_ticks at = 0;
    assert_true(st_time_iso(ST_STR("2026-01-02T03:04:05.006Z"), &at));
    return (gen_event){ .provider = "P&Q",
                        .channel = "C",
                        .computer = "host",
                        .event_id = 7,
                        .task = 1,
                        .level = 4,
                        .keywords = UINT64_C(1) << 63,
                        .created = at,
                        .pid = 4,
                        .tid = 8,
                        .fields = fields,
                        .field_count = n };
}

static const gen_field varied[] = {
    { "Name", "<a>\r\n\x01_x0001_", GEN_STRING, 0 }, { "Null", NULL, GEN_STRING, 0 },
    { NULL, "one\ntwo", GEN_STRINGS, GEN_STRING },   { "Number", "0x3e7", GEN_HEX64, 0 },
    { "Declared", "12", GEN_U32, GEN_STRING },
};

static void generated__templates__as_the_vendor_shows_it(void **state)
{
    (void)state;
    gen_event ev = event_of(varied, 5);
    ev.user_sid = "S-1-5-18";
    assert_event(&ev, HEAD " UserID='S-1-5-18'/></System><EventData>"
                           "<Data Name='Name'>&lt;a&gt;&#13;&#10;_x0001__x005F_x0001_</Data>"
                           "<Data Name='Null'></Data><Data>one</Data><Data>two</Data>"
                           "<Data Name='Number'>0x3e7</Data><Data Name='Declared'>12</Data>"
                           "</EventData></Event>\n");
}

static void generated__literal_with_rendering__kept(void **state)
{
    (void)state;
    gen_event ev = event_of(varied, 1);
    ev.literal = true;
    ev.rendering = "it's <done>";
    assert_event(&ev,
                 HEAD "/></System><EventData>"
                      "<Data Name='Name'>&lt;a&gt;&#13;&#10;_x0001__x005F_x0001_</Data></EventData>"
                      "<RenderingInfo Culture='en-US'><Message>it&apos;s &lt;done&gt;</Message>"
                      "<Level>Information</Level><Opcode>Info</Opcode><Channel>C</Channel>"
                      "<Keywords/></RenderingInfo></Event>\n");
}

static void generated__not_asked_for__no_xml(void **state)
{
    (void)state;
    gen_event ev = event_of(varied, 1);
    gen_log *log = gen_new(NULL);
    st_buf file = { 0 }, out = { 0 };
    st_native *s = st_native_new();
    assert_true(log && s && gen_add(log, &ev) && gen_finish(log, &file));
    render_with(s, (const unsigned char *)file.p + 4096, 65536, false, &out);
    assert_int_equal(out.n, 1);
    st_native_free(s);
    st_buf_free(&file);
    st_buf_free(&out);
}

/* streams made by hand */

typedef struct maker {
    unsigned char b[65536];
    size_t n, record;
    bool dep; /* elements carry dependency ids */
} maker;

static void le(maker *m, uint64_t v, size_t bytes)
{
    assert_true(m->n + bytes <= sizeof m->b);
    for (size_t i = 0; i < bytes; i++)
        m->b[m->n++] = (unsigned char)(i < 8 ? v >> (8 * i) : 0);
}

static void poke(maker *m, size_t at, uint64_t v, size_t bytes)
{
    size_t n = m->n;
    m->n = at;
    le(m, v, bytes);
    m->n = n;
}

static void wide(maker *m, const char *s)
{
    for (; *s; s++)
        le(m, (unsigned char)*s, 2);
}

static void name(maker *m, const char *s)
{
    le(m, m->n + 4, 4);
    le(m, 0, 6);
    le(m, strlen(s), 2);
    wide(m, s);
    le(m, 0, 2);
}

static void text(maker *m, unsigned token, const char *s)
{
    le(m, token, 1);
    if (token == 5)
        le(m, 1, 1);
    le(m, strlen(s), 2);
    wide(m, s);
}

static void sub(maker *m, unsigned token, unsigned index)
{
    le(m, token, 1);
    le(m, index, 2);
    le(m, 1, 1);
}

/* "<tag" alone; returns what tail wants. attributes: a list follows. */
static size_t head(maker *m, const char *tag, unsigned dep, bool attributes)
{
    le(m, attributes ? 0x41 : 0x01, 1);
    if (m->dep)
        le(m, dep, 2);
    size_t size = m->n;
    le(m, 0, 4);
    name(m, tag);
    return size;
}

static size_t start(maker *m, const char *tag, unsigned dep)
{
    size_t at = head(m, tag, dep, false);
    le(m, 2, 1);
    return at;
}

static void tail(maker *m, size_t at)
{
    le(m, 4, 1);
    poke(m, at, m->n - at - 4, 4);
}

static void leaf(maker *m, const char *tag, const char *value)
{
    size_t at = start(m, tag, 0xffff);
    text(m, 5, value);
    tail(m, at);
}

static size_t begin_event(maker *m)
{
    size_t event = start(m, "Event", 0xffff), system = start(m, "System", 0xffff);
    leaf(m, "EventID", "7");
    tail(m, system);
    return event;
}

static void begin_record(maker *m)
{
    memset(m, 0, sizeof *m);
    m->n = m->record = 512;
    le(m, 0x2a2a, 8);
    le(m, 1, 8);
    le(m, UINT64_C(133000000000000000), 8);
    le(m, 0x0001010f, 4);
}

static void end_record(maker *m)
{
    le(m, 0, 1);
    while ((m->n - m->record) % 8 != 4)
        le(m, 0xcc, 1);
    le(m, m->n - m->record + 4, 4);
    poke(m, m->record + 4, m->n - m->record, 4);
    poke(m, 48, m->n, 4);
}

#define SEVEN "<Event><System><EventID>7</EventID></System>"

static void attribute(maker *m, const char *key, const char *value)
{
    le(m, 6, 1);
    name(m, key);
    text(m, 5, value);
}

static void stream__every_token__written(void **state)
{
    (void)state;
    maker *m = malloc(sizeof *m);
    begin_record(m);
    size_t event = begin_event(m), data = start(m, "UserData", 0xffff);
    size_t at = head(m, "A b", 0xffff, true), list = m->n;
    le(m, 0, 4);
    attribute(m, "k", "<'\">");
    attribute(m, "k", "again");
    attribute(m, "k#2", "not the same");
    attribute(m, "k", "a third");
    poke(m, list, m->n - list - 4, 4);
    le(m, 2, 1);
    text(m, 5, "x\n");
    le(m, 8, 1);
    le(m, 0xe9, 2);
    le(m, 8, 1);
    le(m, 0xd800, 2); /* half a pair */
    le(m, 9, 1);
    name(m, "lt");
    le(m, 9, 1);
    name(m, "nbsp");
    text(m, 7, "]]>");
    tail(m, at);
    le(m, 0x0a, 1); /* an instruction */
    name(m, "XML");
    text(m, 0x0b, "a?>b");
    le(m, 0x0a, 1);
    name(m, "alone");
    at = head(m, "Empty", 0xffff, false);
    le(m, 3, 1);
    poke(m, at, m->n - at - 4, 4);
    tail(m, data);
    tail(m, event);
    end_record(m);
    assert_renders(m->b, sizeof m->b,
                   SEVEN "<UserData><A_x0020_b k='&lt;&apos;&quot;&gt;' k_x0023_2='again' "
                         "k_x0023_2_x0023_2='not the same' k_x0023_3='a third'>"
                         "x&#10;\xc3\xa9\xef\xbf\xbd&lt;&amp;nbsp;]]&gt;</A_x0020_b>"
                         "<?_x0058_ML a?_x003E_b?><?alone?><Empty/></UserData></Event>\n");
    free(m);
}

static void stream__split_escape__can_be_told_apart(void **state)
{
    (void)state;
    maker *m = malloc(sizeof *m);
    begin_record(m);
    size_t event = begin_event(m), data = start(m, "EventData", 0xffff);
    size_t at = start(m, "Data", 0xffff);
    text(m, 5, "_x00");
    text(m, 5, "41_");
    tail(m, at);
    tail(m, data);
    tail(m, event);
    end_record(m);
    assert_renders(m->b, sizeof m->b,
                   SEVEN "<EventData><Data>_x005F_x0041_</Data></EventData></Event>\n");
    free(m);
}

static void stream__token_without_sense__said_and_closed(void **state)
{
    (void)state;
    maker *m = malloc(sizeof *m);
    begin_record(m);
    size_t event = begin_event(m), data = start(m, "EventData", 0xffff);
    size_t at = start(m, "Data", 0xffff);
    le(m, 0x1f, 1);
    tail(m, at);
    leaf(m, "Data", "after");
    tail(m, data);
    tail(m, event);
    end_record(m);
    assert_renders(m->b, sizeof m->b,
                   SEVEN "<EventData><Data><?shelltree damage=\"bad-token\"?></Data>"
                         "<Data>after</Data></EventData></Event>\n");
    free(m);
}

/* An instance of a template: values 0 null, 1 u16 5, 2 a stream, 3 an array of u16. */
static void template_record(maker *m, void (*body)(maker *))
{
    begin_record(m);
    le(m, 0x010c, 2);
    le(m, 0x77, 4);
    le(m, m->n + 4, 4);
    le(m, 0, 4);
    le(m, 0x77, 16);
    size_t size = m->n;
    le(m, 0, 4);
    le(m, 0x0001010f, 4);
    m->dep = true;
    size_t event = begin_event(m);
    body(m);
    tail(m, event);
    m->dep = false;
    le(m, 0, 1);
    poke(m, size, m->n - size - 4, 4);
    le(m, 4, 4);
    size_t specs = m->n;
    le(m, 0, 16);
    poke(m, specs + 4, 2 | ST_V_U16 << 16, 4);
    poke(m, specs + 12, 6 | (unsigned)(ST_V_ARRAY | ST_V_U16) << 16, 4);
    le(m, 5, 2);
    size_t inner = m->n;
    le(m, 0x0001010f, 4);
    leaf(m, "Inner", "in");
    le(m, 0, 1);
    poke(m, specs + 8, (m->n - inner) | ST_V_BINXML << 16, 4);
    le(m, 1, 2);
    le(m, 2, 2);
    le(m, 3, 2);
    end_record(m);
}

static void with_sub(maker *m, const char *tag, unsigned token, unsigned index, unsigned dep)
{
    size_t at = start(m, tag, dep);
    sub(m, token, index);
    tail(m, at);
}

static void body_of_nulls(maker *m)
{
    size_t data = start(m, "UserData", 0xffff), at, list;
    with_sub(m, "Normal", 0x0d, 0, 0xffff);
    with_sub(m, "Optional", 0x0e, 0, 0xffff);
    with_sub(m, "Depends", 0x0d, 1, 0);
    with_sub(m, "There", 0x0e, 1, 1);
    at = head(m, "Attributes", 0xffff, true);
    list = m->n;
    le(m, 0, 4);
    for (unsigned i = 0; i < 3; i++) {
        le(m, 6, 1);
        name(m, (const char *const[]){ "gone", "here", "empty" }[i]);
        sub(m, i < 2 ? 0x0e : 0x0d, i == 1);
    }
    poke(m, list, m->n - list - 4, 4);
    le(m, 3, 1);
    poke(m, at, m->n - at - 4, 4);
    at = start(m, "Mixed", 0xffff);
    text(m, 5, "n=");
    sub(m, 0x0e, 0);
    sub(m, 0x0d, 1);
    sub(m, 0x0d, 99);
    tail(m, at);
    tail(m, data);
}

static void body_of_streams(maker *m)
{
    size_t data = start(m, "UserData", 0xffff), at;
    with_sub(m, "Nested", 0x0d, 2, 0xffff);
    with_sub(m, "Item", 0x0d, 3, 0xffff);
    at = start(m, "Joined", 0xffff);
    text(m, 5, "all: ");
    sub(m, 0x0d, 3);
    tail(m, at);
    tail(m, data);
}

static void template__nulls_and_dependencies__by_the_rules(void **state)
{
    (void)state;
    maker *m = malloc(sizeof *m);
    template_record(m, body_of_nulls);
    assert_renders(m->b, sizeof m->b,
                   SEVEN
                   "<UserData><Normal></Normal><There>5</There><Attributes here='5' empty=''/>"
                   "<Mixed>n=5</Mixed></UserData></Event>\n");
    free(m);
}

static void template__streams_and_arrays__nested_and_repeated(void **state)
{
    (void)state;
    maker *m = malloc(sizeof *m);
    template_record(m, body_of_streams);
    assert_renders(m->b, sizeof m->b,
                   SEVEN "<UserData><Nested><Inner>in</Inner></Nested><Item>1</Item><Item>2</Item>"
                         "<Item>3</Item><Joined>all: 1, 2, 3</Joined></UserData></Event>\n");
    free(m);
}

/* what is written, read back */

/* Undoes _xHHHH_. */
static void decode(st_buf *out, st_str s)
{
    for (size_t i = 0; i < s.n;) {
        unsigned cp = 0;
        int used = 0;
        char c[5], part[12] = "";
        memcpy(part, s.p + i, s.n - i < 11 ? s.n - i : 11);
        if (sscanf(part, "_x%8X_%n", &cp, &used) == 1 && used >= 7) {
            st_buf_put(out, c, st_utf8_put(c, cp));
            i += (size_t)used;
        } else {
            st_buf_char(out, s.p[i++]);
        }
    }
}

/* The text of the next leaf below Event but for System and RenderingInfo; NULL: none left. */
static const xmlNode *next_leaf(const xmlNode *root, const xmlNode *at)
{
    for (;;) {
        const xmlNode *down = at->type == XML_ELEMENT_NODE ? at->children : NULL;
        if (at->parent == root && (strcmp((const char *)at->name, "System") == 0 ||
                                   strcmp((const char *)at->name, "RenderingInfo") == 0))
            down = NULL;
        if (!down) {
            while (at != root && !at->next)
                at = at->parent;
            if (at == root)
                return NULL;
            at = at->next;
        } else {
            at = down;
        }
        bool skipped = at->parent == root;
        bool leaf_of = at->type == XML_ELEMENT_NODE && !skipped;
        for (const xmlNode *c = at->children; leaf_of && c; c = c->next)
            leaf_of = c->type != XML_ELEMENT_NODE;
        if (leaf_of)
            return at;
    }
}

typedef struct tally {
    size_t records, fields, borrowed;
    bool compare;
} tally;

static void expect_leaf(const xmlNode *leaf_of, const st_value *v, const st_record *r)
{
    st_buf want = { 0 }, got = { 0 };
    assert_non_null(leaf_of);
    st_value_text(v, &want);
    for (const xmlNode *c = leaf_of->children; c; c = c->next)
        if (c->type == XML_TEXT_NODE)
            decode(&got, st_str_of((const char *)c->content));
    if (!st_str_eq(st_buf_slice(&got), st_buf_slice(&want)))
        fail_msg("at %llu: '%.*s' in the field, '%.*s' in XML", (unsigned long long)r->offset,
                 (int)want.n, want.p ? want.p : "", (int)got.n, got.p ? got.p : "");
    st_buf_free(&want);
    st_buf_free(&got);
}

/* The next node of a document, in the order of its text. */
static const xmlNode *next_node(const xmlNode *root, const xmlNode *n)
{
    if (n->children)
        return n->children;
    while (n != root && !n->next)
        n = n->parent;
    return n == root ? NULL : n->next;
}

/* Below UserData a field may be an attribute, ELEMENT.ATTRIBUTE: is there such a one, of this
 * value? */
static bool is_attribute(const xmlNode *root, const st_field *f)
{
    st_buf want = { 0 };
    bool found = false;
    st_value_text(&f->value, &want);
    for (const xmlNode *n = root; n && !found; n = next_node(root, n))
        for (const xmlAttr *a = n->type == XML_ELEMENT_NODE ? n->properties : NULL; a && !found;
             a = a->next) {
            st_buf name = { 0 }, got = { 0 };
            st_buf_fmt(&name, "%s.%s", (const char *)n->name, (const char *)a->name);
            if (a->children)
                decode(&got, st_str_of((const char *)a->children->content));
            found = st_str_eq(st_buf_slice(&name), f->name) &&
                    st_str_eq(st_buf_slice(&got), st_buf_slice(&want));
            st_buf_free(&name);
            st_buf_free(&got);
        }
    st_buf_free(&want);
    return found;
}

static void check_fields(tally *t, const xmlNode *root, const st_record *r)
{
    const xmlNode *at = root;
    for (size_t i = 0; i < r->nfields; i++) {
        if (r->user_data && memchr(r->fields[i].name.p, '.', r->fields[i].name.n) &&
            is_attribute(root, &r->fields[i]))
            continue;
        st_value v = r->fields[i].value, item;
        uint32_t pos = 0;
        bool any = false;
        while ((v.type & ST_V_ARRAY) && st_value_item(&v, &pos, &item)) {
            any = true;
            expect_leaf(at = next_leaf(root, at), &item, r);
        }
        if (!any)
            expect_leaf(at = next_leaf(root, at), &v, r);
        t->fields++;
    }
}

static void check_record(void *job, const st_record *r)
{
    tally *t = job;
    assert_true(r->xml.n > 0);
    assert_null(memchr(r->xml.p, '\n', r->xml.n));
    xmlDoc *doc = xmlReadMemory(r->xml.p, (int)r->xml.n, NULL, "UTF-8",
                                XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
    if (!doc)
        fail_msg("at %llu: no XML: %.*s", (unsigned long long)r->offset, ST_FMT(r->xml));
    if (t->compare)
        check_fields(t, xmlDocGetRootElement(doc), r);
    xmlFreeDoc(doc);
    t->records++;
}

static void *same_job(void *ctx, unsigned thread, size_t source)
{
    (void)thread;
    (void)source;
    return ctx;
}

static void scan_with(const char *path, st_engine engine, void (*record)(void *, const st_record *),
                      tally *t)
{
    st_evidence *e = st_evidence_new();
    st_scan_options o = { .engine = engine, .threads = 1, .slack = true, .xml = true };
    st_scan_ops ops = { .begin = same_job, .record = record };
    assert_int_equal(st_evidence_add(e, st_str_of(path), NULL), ST_OK);
    assert_int_equal(st_evidence_seal(e, false, false, NULL), ST_OK);
    assert_int_equal(st_evtx_scan(e, &o, &ops, t, NULL), ST_OK);
    st_evidence_free(e);
}

static void scan_all(const char *path, st_engine engine, tally *t)
{
    scan_with(path, engine, check_record, t);
}

/* Gives every definition of a chunk that stands where it is used another id, so that it is lost. */
static size_t lose_templates(unsigned char *c)
{
    size_t lost = 0;
    for (size_t at = 512; at + 38 < 65536; at++) {
        uint32_t off = (uint32_t)(c[at + 6] | c[at + 7] << 8);
        if (c[at] != 0x0c || c[at + 1] != 1 || c[at + 8] || c[at + 9] || off != at + 10 ||
            memcmp(c + at + 2, c + at + 14, 4) != 0)
            continue;
        c[at + 14] ^= 0x55;
        lost++;
    }
    return lost;
}

static void check_borrowed(void *job, const st_record *r)
{
    tally *t = job;
    if (!(r->flags & ST_R_BORROWED))
        return;
    assert_null(memmem(r->xml.p, r->xml.n, "damage=", 7));
    assert_non_null(memmem(r->xml.p, r->xml.n, "<Data Name='Declared'>12</Data>", 31));
    check_record(job, r);
    t->borrowed++;
}

static void scan__templates_lost__borrowed_from_another_chunk(void **state)
{
    (void)state;
    char path[] = "/tmp/st_xml_XXXXXX";
    gen_event ev = event_of(varied, 5);
    gen_log *log = gen_new(NULL);
    st_buf file = { 0 };
    tally t = { .compare = true };
    for (int i = 0; i < 6; i++)
        assert_true(gen_add(log, &ev) && (i != 2 || gen_close_chunk(log, 0)));
    assert_true(gen_finish(log, &file));
    assert_int_equal(lose_templates((unsigned char *)file.p + 4096 + 65536), 2);
    int fd = mkstemp(path);
    assert_int_equal(write(fd, file.p, file.n), (ssize_t)file.n);
    close(fd);
    scan_with(path, ST_ENGINE_NATIVE, check_borrowed, &t);
    unlink(path);
    st_buf_free(&file);
    assert_int_equal(t.borrowed, 3);
    assert_int_equal(t.fields, 18);
}

static void below_srcdir(char *to, size_t n, const char *path)
{
    const char *srcdir = getenv("srcdir");
    snprintf(to, n, "%s/%s", srcdir ? srcdir : ".", path);
}

static void testdata__every_record__parses_and_agrees(void **state)
{
    (void)state;
    char path[4096];
    for (int engine = ST_ENGINE_NATIVE; engine <= ST_ENGINE_LIBEVTX; engine++) {
        tally t = { .compare = engine == ST_ENGINE_NATIVE };
        below_srcdir(path, sizeof path, "testdata");
        scan_all(path, (st_engine)engine, &t);
        below_srcdir(path, sizeof path, "tests/damaged");
        scan_all(path, (st_engine)engine, &t);
        assert_true(t.records > 200);
        assert_true(t.compare == (t.fields > 1000));
    }
}

static void real_logs__every_record__parses_and_agrees(void **state)
{
    (void)state;
    char path[4096];
    below_srcdir(path, sizeof path, "../shared/data/evtx");
    if (access(path, R_OK) != 0) {
        print_message("no real logs here\n");
        skip();
    }
    tally t = { .compare = true };
    scan_all(path, ST_ENGINE_NATIVE, &t);
    assert_true(t.records > 1000);
}

static void random_bytes__still_xml(void **state)
{
    (void)state;
    static const unsigned char common[] = { 0x0f, 0x01, 0x41, 0x0c, 0x05, 0x06, 0x0d,
                                            0x0e, 0x00, 0x0a, 0x0b, 0x04, 0x46, 0x3c };
    gen_event ev = event_of(varied, 5);
    gen_log *log = gen_new(NULL);
    st_buf file = { 0 };
    st_native *s = st_native_new();
    uint32_t seed = 7;
    for (int i = 0; i < 8; i++) {
        ev.literal = i % 3 == 2;
        assert_true(gen_add(log, &ev));
    }
    assert_true(gen_finish(log, &file));
    size_t used = 512;
    unsigned char *c = (unsigned char *)file.p + 4096, *hurt = malloc(65536);
    for (size_t i = 512; i < 65536; i++)
        used = c[i] ? i : used;
    for (int round = 0; round < 300; round++) {
        st_buf out = { 0 };
        memcpy(hurt, c, 65536);
        for (int i = 0; i < 30; i++) {
            seed = seed * 1664525u + 1013904223u;
            size_t at = 512 + (seed >> 8) % (used - 512);
            seed = seed * 1664525u + 1013904223u;
            hurt[at] = common[(seed >> 8) % sizeof common];
        }
        st_buf_str(&out, ST_STR("<Events>"));
        render_with(s, hurt, 65536, true, &out);
        st_buf_str(&out, ST_STR("</Events>"));
        xmlDoc *doc = xmlReadMemory(out.p, (int)out.n, NULL, "UTF-8",
                                    XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
        if (!doc)
            fail_msg("round %d: %.*s", round, (int)out.n, out.p);
        xmlFreeDoc(doc);
        st_buf_free(&out);
    }
    st_native_free(s);
    st_buf_free(&file);
    free(hurt);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(put_text__each_kind__escaped),
        cmocka_unit_test(put_name__each_kind__a_name),
        cmocka_unit_test(put_data__end_of_instruction__escaped),
        cmocka_unit_test(generated__templates__as_the_vendor_shows_it),
        cmocka_unit_test(generated__literal_with_rendering__kept),
        cmocka_unit_test(generated__not_asked_for__no_xml),
        cmocka_unit_test(stream__every_token__written),
        cmocka_unit_test(stream__split_escape__can_be_told_apart),
        cmocka_unit_test(stream__token_without_sense__said_and_closed),
        cmocka_unit_test(template__nulls_and_dependencies__by_the_rules),
        cmocka_unit_test(template__streams_and_arrays__nested_and_repeated),
        cmocka_unit_test(testdata__every_record__parses_and_agrees),
        cmocka_unit_test(real_logs__every_record__parses_and_agrees),
        cmocka_unit_test(scan__templates_lost__borrowed_from_another_chunk),
        cmocka_unit_test(random_bytes__still_xml),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
