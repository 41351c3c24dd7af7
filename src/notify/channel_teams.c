/* Microsoft Teams, a workflow that posts an Adaptive Card. Texts of others are in RichTextBlocks,
 * which know no Markdown; facts are names of the settings. */
#include <errno.h>
#include <string.h>

#include "base/json.h"
#include "base/str.h"
#include "notify/channel.h"
#include "notify/text.h"

/* Teams takes 28 KB as it counts them, which is more than is sent. */
#define CARD_MAX (16 * 1024)
#define PART_MAX 1500

/* A block of text; takes `run` over. */
static json_t *rich(json_t *run)
{
    return run == NULL ? NULL : json_pack("{s:s, s:[o]}", "type", "RichTextBlock", "inlines", run);
}

static json_t *run_of(const char *text, size_t most, const char *weight, bool code)
{
    json_t *shown = channel_json_text(text, most);
    json_t *run = shown == NULL ? NULL : json_pack("{s:s, s:o}", "type", "TextRun", "text", shown);
    if (run != NULL && weight != NULL)
        (void)json_put_text(run, "weight", weight);
    if (run != NULL && code)
        (void)json_put_text(run, "fontType", "Monospace");
    return run;
}

static bool add(json_t *body, json_t *block)
{
    return block != NULL && json_array_append_new(body, block) == 0;
}

static bool add_part(json_t *body, const struct text_part *part)
{
    bool good = true;
    if (part->heading != NULL)
        good = add(body, rich(run_of(part->heading, PART_MAX, "Bolder", false)));
    if (part->text != NULL)
        return good && add(body, rich(run_of(part->text, PART_MAX, NULL, part->code)));
    for (size_t i = 0; i < part->line_count; i++) {
        char line[MESSAGE_LINE_MAX + 8];
        (void)str_format(line, sizeof line, "%s%s", part->code ? "" : "• ", part->lines->lines[i]);
        good = good && add(body, rich(run_of(line, PART_MAX / part->line_count, NULL, part->code)));
    }
    return good;
}

static bool add_facts(json_t *body, const struct text *text)
{
    json_t *facts = json_array();
    for (size_t i = 0; i < text->fact_count; i++) {
        json_t *value = channel_json_text(text->facts[i].value, PART_MAX);
        json_t *fact = value == NULL
                           ? NULL
                           : json_pack("{s:s, s:o}", "title", text->facts[i].label, "value", value);
        if (!add(facts, fact)) {
            json_decref(facts);
            return false;
        }
    }
    if (json_array_size(facts) == 0) {
        json_decref(facts);
        return true;
    }
    return add(body, json_pack("{s:s, s:o}", "type", "FactSet", "facts", facts));
}

static bool add_action(json_t *actions, const char *url, const char *title)
{
    return !text_link_good(url) ||
           add(actions,
               json_pack("{s:s, s:s, s:s}", "type", "Action.OpenUrl", "title", title, "url", url));
}

static json_t *headline_block(const struct message *m)
{
    static const char *const colours[] = {"Default", "Attention", "Attention", "Warning",
                                          "Default"};
    char headline[TEXT_HEADLINE_MAX];
    text_headline(m, headline);
    json_t *run = run_of(headline, TEXT_HEADLINE_MAX, "Bolder", false);
    if (run != NULL) {
        (void)json_put_text(run, "size", "Large");
        (void)json_put_text(run, "color",
                            m->kind == MESSAGE_RESOLVE     ? "Good"
                            : m->kind == MESSAGE_EMERGENCY ? "Attention"
                                                           : colours[m->severity]);
    }
    return rich(run);
}

static json_t *card(const struct channel *c, const struct message *m)
{
    struct text text;
    char headline[TEXT_HEADLINE_MAX];
    JSON_CLEANUP json_t *body = json_array();
    JSON_CLEANUP json_t *actions = json_array();
    text_make(m, c->settings.log_lines, &text);
    text_headline(m, headline);
    bool good = add(body, headline_block(m));
    for (size_t i = 0; i < text.part_count; i++) {
        good = good && add_part(body, &text.parts[i]);
        if (i == 0)
            good = good && add_facts(body, &text);
    }
    if (text.part_count == 0)
        good = good && add_facts(body, &text);
    good = good && add_action(actions, m->acknowledge, "Acknowledge") &&
           add_action(actions, m->war_room, "War room") &&
           add_action(actions, m->link, "Console") &&
           add_action(actions, m->cause_link, "About this cause");
    json_t *fallback = channel_json_text(headline, TEXT_HEADLINE_MAX);
    if (!good || fallback == NULL) {
        json_decref(fallback);
        return NULL;
    }
    json_t *made = json_pack("{s:s, s:s, s:s, s:o, s:{s:s}, s:O}", "$schema",
                             "http://adaptivecards.io/schemas/adaptive-card.json", "type",
                             "AdaptiveCard", "version", "1.2", "fallbackText", fallback, "msteams",
                             "width", "full", "body", body);
    if (made != NULL && json_array_size(actions) > 0)
        (void)json_object_set(made, "actions", actions);
    return made;
}

static int render(const struct channel *c, const struct message *m, const char *delivery,
                  wall_ms now, struct buf *body, struct error *err)
{
    (void)delivery;
    (void)now;
    json_t *content = card(c, m);
    JSON_CLEANUP json_t *message =
        content == NULL ? NULL
                        : json_pack("{s:s, s:[{s:s, s:n, s:o}]}", "type", "message", "attachments",
                                    "contentType", "application/vnd.microsoft.card.adaptive",
                                    "contentUrl", "content", content);
    if (message == NULL)
        return error_set(err, -ENOMEM, "out of memory");
    int r = channel_write_json(message, body, err);
    if (r == 0 && body->length > CARD_MAX)
        return error_set(err, -EINVAL, "the card is longer than %d bytes", CARD_MAX);
    return r;
}

const struct channel_kind channel_teams = {
    .type = CHANNEL_TEAMS,
    .timeout_ms = 15000,
    .render = render,
    .repeats_are_seen = true,
};
