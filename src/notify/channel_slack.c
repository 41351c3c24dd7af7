/* Slack, incoming webhook: a line for the notification, and an attachment whose blocks hold the
 * rest. */
#include <errno.h>
#include <string.h>

#include "base/json.h"
#include "base/str.h"
#include "notify/channel.h"
#include "notify/text.h"

/* Slack's own limits are 3000 a section, 2000 a field, and some 13,000 in all. */
#define SECTION_MAX 2500
#define FIELD_MAX 300
#define TOTAL_MAX 8000

/* Text that Slack shows as it is: `<!channel>` in a log line would wake everybody. At most `most`
 * bytes come out, which the escapes count for, and then "...". */
static int escape(struct buf *to, const char *text, size_t most)
{
    struct buf clean = BUF_LIMIT(CHANNEL_BODY_MAX);
    int r = text_append(&clean, text, most);
    size_t begin = to->length;
    for (const char *p = buf_text(&clean); r == 0 && *p != '\0';) {
        uint32_t ignored;
        size_t bytes = str_code_point(p, &ignored);
        const char *out = *p == '&' ? "&amp;" : *p == '<' ? "&lt;" : *p == '>' ? "&gt;" : NULL;
        size_t length = out == NULL ? bytes : strlen(out);
        if (to->length - begin + length > most) {
            r = buf_append(to, "...", 3);
            break;
        }
        r = buf_append(to, out == NULL ? p : out, length);
        p += bytes;
    }
    buf_free(&clean);
    return r;
}

/* Takes the text over; its length counts for the whole. */
static json_t *mrkdwn(struct buf *text, size_t *total)
{
    *total += text->length;
    json_t *json = json_pack("{s:s, s:s}", "type", "mrkdwn", "text", buf_text(text));
    buf_free(text);
    return json;
}

static bool add_section(json_t *blocks, struct buf *text, size_t *total)
{
    if (*total + text->length > TOTAL_MAX) { /* the first blocks are the ones that matter */
        buf_free(text);
        return true;
    }
    json_t *block = json_pack("{s:s, s:o}", "type", "section", "text", mrkdwn(text, total));
    return block != NULL && json_array_append_new(blocks, block) == 0;
}

static int part_text(const struct text_part *part, struct buf *to)
{
    const char *fence = part->code && part->lines != NULL ? "```" : part->code ? "`" : "";
    int r = part->heading == NULL ? 0 : buf_printf(to, "*%s*\n%s", part->heading, fence);
    if (r == 0 && part->text != NULL)
        r = escape(to, part->text, SECTION_MAX);
    size_t each = part->line_count == 0 ? 0 : SECTION_MAX / part->line_count;
    for (size_t i = 0; r == 0 && i < part->line_count; i++) {
        r = buf_printf(to, "%s%s", i == 0 ? "" : "\n", part->code ? "" : "• ");
        if (r == 0)
            r = escape(to, part->lines->lines[i], each);
    }
    return r == 0 ? buf_printf(to, "%s", fence) : r;
}

static bool add_part(json_t *blocks, const struct text_part *part, size_t *total)
{
    struct buf text = BUF_LIMIT(CHANNEL_BODY_MAX);
    if (part_text(part, &text) == 0)
        return add_section(blocks, &text, total);
    buf_free(&text);
    return false;
}

static bool add_facts(json_t *blocks, const struct text *text, size_t *total)
{
    JSON_CLEANUP json_t *fields = json_array();
    for (size_t i = 0; i < text->fact_count; i++) {
        struct buf field = BUF_LIMIT(CHANNEL_BODY_MAX);
        if (buf_printf(&field, "*%s*\n", text->facts[i].label) < 0 ||
            escape(&field, text->facts[i].value, FIELD_MAX) < 0) {
            buf_free(&field);
            return false;
        }
        if (json_array_append_new(fields, mrkdwn(&field, total)) < 0)
            return false;
    }
    json_t *block = json_array_size(fields) == 0
                        ? NULL
                        : json_pack("{s:s, s:O}", "type", "section", "fields", fields);
    return json_array_size(fields) == 0 ||
           (block != NULL && json_array_append_new(blocks, block) == 0);
}

static int add_link(struct buf *to, const char *link, const char *text)
{
    if (!text_link_good(link))
        return 0;
    int r = buf_printf(to, "%s<", to->length == 0 ? "" : "   ");
    if (r == 0)
        r = escape(to, link, MESSAGE_LINK_MAX);
    return r == 0 ? buf_printf(to, "|%s>", text) : r;
}

static bool add_links(json_t *blocks, const struct message *m, size_t *total)
{
    struct buf links = BUF_LIMIT(CHANNEL_BODY_MAX);
    bool good = add_link(&links, m->acknowledge, "Acknowledge") == 0 &&
                add_link(&links, m->war_room, "War room") == 0 &&
                add_link(&links, m->link, "Console") == 0 &&
                add_link(&links, m->cause_link, "About this cause") == 0;
    if (good && links.length > 0)
        return add_section(blocks, &links, total);
    buf_free(&links);
    return good;
}

static const char *colour(const struct message *m)
{
    static const char *const colours[] = {"#607d8b", "#c62828", "#ef6c00", "#f9a825", "#607d8b"};
    return m->kind == MESSAGE_RESOLVE     ? "#2e7d32"
           : m->kind == MESSAGE_EMERGENCY ? colours[1]
                                          : colours[m->severity];
}

static json_t *blocks_of(const struct channel *c, const struct message *m, size_t total)
{
    struct text text;
    text_make(m, c->settings.log_lines, &text);
    json_t *blocks = json_array();
    bool good = blocks != NULL;
    for (size_t i = 0; i < text.part_count; i++) {
        good = good && add_part(blocks, &text.parts[i], &total);
        if (i == 0)
            good = good && add_facts(blocks, &text, &total) && add_links(blocks, m, &total);
    }
    if (text.part_count == 0)
        good = good && add_facts(blocks, &text, &total) && add_links(blocks, m, &total);
    if (good)
        return blocks;
    json_decref(blocks);
    return NULL;
}

static int render(const struct channel *c, const struct message *m, const char *delivery,
                  wall_ms now, struct buf *body, struct error *err)
{
    (void)delivery;
    (void)now;
    struct buf line = BUF_LIMIT(CHANNEL_BODY_MAX);
    char headline[TEXT_HEADLINE_MAX];
    text_headline(m, headline);
    json_t *blocks =
        escape(&line, headline, TEXT_HEADLINE_MAX) < 0 ? NULL : blocks_of(c, m, line.length);
    JSON_CLEANUP json_t *message =
        blocks == NULL ? NULL
                       : json_pack("{s:s, s:[{s:s, s:o}]}", "text", buf_text(&line), "attachments",
                                   "color", colour(m), "blocks", blocks);
    buf_free(&line);
    return message == NULL ? error_set(err, -ENOMEM, "out of memory")
                           : channel_write_json(message, body, err);
}

/* A proxy's page may come with 200, too. A body that was cut off is no contradiction. */
static void look(const struct http_answer *answer, const char *key, enum retry_end *end,
                 struct channel_verdict *verdict)
{
    (void)key;
    (void)verdict;
    if (answer->code == 200 && answer->whole && !str_equal(answer->body, "ok"))
        *end = RETRY_WRONG_BODY;
}

const struct channel_kind channel_slack = {
    .type = CHANNEL_SLACK,
    .timeout_ms = 15000,
    .render = render,
    .look = look,
    .repeats_are_seen = true,
};
