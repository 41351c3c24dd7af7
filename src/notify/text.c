#include "notify/text.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/str.h"

#define WHO_MAX 400

/* What a kind says in front of its headline. */
static const char *const openings[] = {
    [MESSAGE_TRIGGER] = "",
    [MESSAGE_UPDATE] = "Update: ",
    [MESSAGE_REMINDER] = "Still open: ",
    [MESSAGE_RESOLVE] = "Resolved", /* and after how long */
    [MESSAGE_ANNOUNCE] = "Notice: ",
    [MESSAGE_TEST] = "Test: ",
    [MESSAGE_EMERGENCY] = "EMERGENCY: ",
    [MESSAGE_DIGEST] = "Digest: ",
};
static_assert(ARRAY_LENGTH(openings) == MESSAGE_KIND_COUNT, "an opening for every kind");

/* "Redis Service on 10.0.0.5" */
static void who(const struct message *m, char to[WHO_MAX])
{
    const char *name = m->service_name[0] != '\0' ? m->service_name : m->service;
    (void)str_copy(to, WHO_MAX, name);
    if (m->host[0] != '\0')
        (void)str_append(to, WHO_MAX, "%s%s", name[0] == '\0' ? "" : " on ", m->host);
}

static bool is_over(const struct message *m)
{
    return m->began.ms != 0 && m->ended.ms >= m->began.ms;
}

void text_headline(const struct message *m, char to[TEXT_HEADLINE_MAX])
{
    char subject[WHO_MAX], opening[64], length[DURATION_TEXT_SIZE];
    const char *what = m->title[0] != '\0' ? m->title : m->summary;
    who(m, subject);
    (void)str_copy(opening, sizeof opening, openings[m->kind]);
    if (m->kind == MESSAGE_RESOLVE && is_over(m))
        (void)str_append(opening, sizeof opening,
                         " after %s: ", duration_text(wall_since(m->ended, m->began), length));
    else if (m->kind == MESSAGE_RESOLVE)
        (void)str_append(opening, sizeof opening, ": ");
    to[0] = '\0';
    if (m->severity > 0 && m->kind != MESSAGE_TEST)
        (void)str_append(to, TEXT_HEADLINE_MAX, "P%d ", m->severity);
    (void)str_append(to, TEXT_HEADLINE_MAX, "%s%s%s%s%s", opening, subject,
                     subject[0] != '\0' && what[0] != '\0' ? ": " : "", what,
                     m->repeat ? " (may be a repeat)" : "");
}

static void add_fact(struct text *t, const char *label, const char *value)
{
    if (value[0] == '\0')
        return;
    struct text_fact *fact = &t->facts[t->fact_count++];
    fact->label = label;
    (void)str_copy(fact->value, sizeof fact->value, value);
}

/* "2026-11-30 02:10:03 UTC" */
static void people_time(wall_ms when, char to[WALL_TEXT_SIZE])
{
    char text[WALL_TEXT_SIZE];
    (void)wall_text(when, text);
    (void)str_format(to, WALL_TEXT_SIZE, "%.10s %.8s UTC", text, text + 11);
}

static void add_time(const struct message *m, struct text *t)
{
    char start[WALL_TEXT_SIZE], length[DURATION_TEXT_SIZE], both[sizeof start + sizeof length + 16];
    if (m->began.ms == 0)
        return;
    people_time(m->began, start);
    if (!is_over(m)) {
        add_fact(t, "Since", start);
        return;
    }
    (void)str_format(both, sizeof both, "%s, since %s",
                     duration_text(wall_since(m->ended, m->began), length), start);
    add_fact(t, "Lasted", both);
}

static void add_facts(const struct message *m, struct text *t)
{
    char name[192];
    (void)str_copy(name, sizeof name, m->service_name[0] != '\0' ? m->service_name : m->service);
    if (m->service[0] != '\0' && !str_equal(name, m->service))
        (void)str_append(name, sizeof name, " (%s)", m->service);
    add_fact(t, "Service", name);
    add_fact(t, "Host", m->host);
    add_time(m, t);
    add_fact(t, "Cause", m->cause);
    add_fact(t, "By", m->author);
    add_fact(t, "Instance", m->instance);
}

static void add_part(struct text *t, const char *heading, const char *text, bool code)
{
    if (text[0] != '\0')
        t->parts[t->part_count++] =
            (struct text_part){.heading = heading, .text = text, .code = code};
}

static void add_lines(struct text *t, const char *heading, const struct message_lines *lines,
                      size_t most, bool code)
{
    if (lines->count > 0)
        t->parts[t->part_count++] =
            (struct text_part){.heading = heading,
                               .lines = lines,
                               .line_count = lines->count < most ? lines->count : most,
                               .code = code};
}

static void say_stake(const struct message *m, struct text *t)
{
    if (m->unsaved_changes > 0)
        (void)str_append(t->stake, sizeof t->stake, "%" PRId64 " unsaved change%s",
                         m->unsaved_changes, m->unsaved_changes == 1 ? "" : "s");
    if (m->connections > 0)
        (void)str_append(t->stake, sizeof t->stake, "%s%" PRId64 " client connection%s",
                         t->stake[0] == '\0' ? "" : ", ", m->connections,
                         m->connections == 1 ? "" : "s");
    if (m->stake[0] != '\0')
        (void)str_append(t->stake, sizeof t->stake, "%s%s", t->stake[0] == '\0' ? "" : ". ",
                         m->stake);
    else if (t->stake[0] != '\0')
        (void)str_append(t->stake, sizeof t->stake, ".");
}

/* Of a P3 some of the evidence is enough, of a P4 the sentence and what to do. What is over needs
 * no evidence. */
void text_make(const struct message *m, bool log_lines, struct text *ret)
{
    bool page = m->severity == 0 || m->severity <= 2;
    bool over = m->kind == MESSAGE_RESOLVE;
    *ret = (struct text){0};
    add_facts(m, ret);
    say_stake(m, ret);
    if (m->title[0] != '\0') /* else the headline has it */
        add_part(ret, NULL, m->summary, false);
    add_part(ret, NULL, m->text, false);
    if (m->severity < 4 && !over)
        add_lines(ret, "Evidence", &m->evidence, page ? MESSAGE_EVIDENCE_MAX : TEXT_EVIDENCE_SHORT,
                  false);
    if (page && !over && log_lines)
        add_lines(ret, "Log of Redis", &m->log, MESSAGE_LOG_LINES_MAX, true);
    add_part(ret, "What Resus did", m->action, false);
    if (m->severity < 4 && !over)
        add_part(ret, "At stake", ret->stake, false);
    if (!over)
        add_part(ret, "Run this", m->command, true);
}

bool text_link_good(const char *link)
{
    if (!str_starts(link, "https://") && !str_starts(link, "http://"))
        return false;
    for (const char *p = link; *p != '\0'; p++)
        if ((unsigned char)*p <= ' ' || (unsigned char)*p >= 0x7F || strchr("<>|\"", *p) != NULL)
            return false;
    return true;
}

int text_append(struct buf *to, const char *text, size_t most)
{
    size_t left = strlen(text), count = 0;
    while (left > 0) {
        uint32_t code_point = 0;
        unsigned char lead = (unsigned char)text[0];
        size_t bytes = lead < 0x80 ? 1 : lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
        bool good = bytes <= left && str_utf8(text, bytes);
        if (good)
            (void)str_code_point(text, &code_point);
        else
            bytes = 1;
        if (count++ == most)
            return buf_printf(to, "...");
        bool kept = good && (code_point == '\n' || !str_misleading(code_point));
        int r = kept                         ? buf_append(to, text, bytes)
                : good && code_point == '\t' ? buf_append(to, " ", 1)
                                             : buf_append(to, "?", 1);
        if (r < 0)
            return r;
        text += bytes;
        left -= bytes;
    }
    return 0;
}

/* Each line of the text indented, so that headings stand out. */
static int append_indented(struct buf *to, const char *text, const char *indent)
{
    int r = 0;
    while (r == 0 && text[0] != '\0') {
        char line[MESSAGE_TEXT_MAX];
        size_t length = strcspn(text, "\n");
        (void)str_copy_clean(line, sizeof line, text, length);
        r = buf_printf(to, "%s%s\n", indent, line);
        text += length + (text[length] == '\n');
    }
    return r;
}

static int append_part(struct buf *to, const struct text_part *part)
{
    int r = buf_printf(to, "\n");
    if (r == 0 && part->heading != NULL)
        r = buf_printf(to, "%s:\n", part->heading);
    if (r == 0 && part->text != NULL)
        r = append_indented(to, part->text, part->heading == NULL ? "" : "  ");
    for (size_t i = 0; r == 0 && i < part->line_count; i++)
        r = append_indented(to, part->lines->lines[i], part->code ? "  " : "  - ");
    return r;
}

static int append_link(struct buf *to, const char *label, const char *link)
{
    char clean[MESSAGE_LINK_MAX];
    if (link[0] == '\0')
        return 0;
    (void)str_copy_clean(clean, sizeof clean, link, strlen(link));
    return buf_printf(to, "%s: %s\n", label, clean);
}

static int append_facts(struct buf *to, const struct text *text)
{
    int r = text->fact_count > 0 ? buf_printf(to, "\n") : 0;
    for (size_t i = 0; r == 0 && i < text->fact_count; i++) {
        const struct text_fact *fact = &text->facts[i];
        char value[sizeof fact->value];
        (void)str_copy_clean(value, sizeof value, fact->value, strlen(fact->value));
        r = buf_printf(to, "%s: %s\n", fact->label, value);
    }
    return r;
}

int text_plain(const struct message *m, bool log_lines, struct buf *to)
{
    struct text text;
    char line[TEXT_HEADLINE_MAX], clean[TEXT_HEADLINE_MAX];
    text_headline(m, line);
    (void)str_copy_clean(clean, sizeof clean, line, strlen(line));
    text_make(m, log_lines, &text);
    int r = buf_printf(to, "%s\n", clean);
    size_t next = text.part_count > 0 && text.parts[0].heading == NULL ? 1 : 0;
    if (next > 0)
        r = append_part(to, &text.parts[0]);
    if (r == 0)
        r = append_facts(to, &text);
    for (size_t i = next; r == 0 && i < text.part_count; i++)
        r = append_part(to, &text.parts[i]);
    if (r == 0 && (m->link[0] != '\0' || m->cause_link[0] != '\0' || m->acknowledge[0] != '\0' ||
                   m->war_room[0] != '\0'))
        r = buf_printf(to, "\n");
    if (r == 0)
        r = append_link(to, "Acknowledge", m->acknowledge);
    if (r == 0)
        r = append_link(to, "War room", m->war_room);
    if (r == 0)
        r = append_link(to, "Console", m->link);
    if (r == 0)
        r = append_link(to, "About this cause", m->cause_link);
    return r;
}
