#include "notify/message.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "base/json.h"
#include "base/str.h"

static const char *const kind_words[] = {
    [MESSAGE_TRIGGER] = "trigger",     [MESSAGE_UPDATE] = "update",
    [MESSAGE_REMINDER] = "reminder",   [MESSAGE_RESOLVE] = "resolve",
    [MESSAGE_ANNOUNCE] = "announce",   [MESSAGE_TEST] = "test",
    [MESSAGE_EMERGENCY] = "emergency", [MESSAGE_DIGEST] = "digest",
};
static_assert(ARRAY_LENGTH(kind_words) == MESSAGE_KIND_COUNT, "a word for every kind");

static const char *const severity_words[] = {"", "P1", "P2", "P3", "P4"};

/* The texts, as members of the object. */
#define TEXT(member)                                                                               \
    {                                                                                              \
#member, offsetof(struct message, member), sizeof(((struct message *)NULL)->member)        \
    }
static const struct {
    const char *name;
    size_t offset, size;
} texts[] = {
    TEXT(key),         TEXT(instance), TEXT(service),    TEXT(service_name), TEXT(host),
    TEXT(cause),       TEXT(title),    TEXT(summary),    TEXT(action),       TEXT(stake),
    TEXT(command),     TEXT(link),     TEXT(cause_link), TEXT(text),         TEXT(author),
    TEXT(acknowledge), TEXT(war_room), TEXT(calendar),
};
#undef TEXT

const char *message_kind_word(enum message_kind kind)
{
    return kind_words[kind];
}

void message_init(struct message *m, enum message_kind kind)
{
    memset(m, 0, sizeof *m);
    m->kind = kind;
    m->unsaved_changes = m->connections = MESSAGE_UNKNOWN;
}

static bool put_lines(json_t *object, const char *name, const struct message_lines *lines)
{
    if (lines->count == 0)
        return true;
    JSON_CLEANUP json_t *list = json_array();
    char clean[MESSAGE_LINE_MAX];
    for (size_t i = 0; i < lines->count; i++) {
        (void)str_copy_clean(clean, sizeof clean, lines->lines[i], strlen(lines->lines[i]));
        if (json_array_append_new(list, json_string(clean)) < 0)
            return false;
    }
    return json_object_set(object, name, list) == 0;
}

json_t *message_write(const struct message *m)
{
    json_t *object = json_object();
    bool good = json_put_text(object, "kind", kind_words[m->kind]);
    if (m->severity > 0)
        good = good && json_put_text(object, "severity", severity_words[m->severity]);
    for (size_t i = 0; i < ARRAY_LENGTH(texts); i++) {
        const char *text = (const char *)m + texts[i].offset;
        if (text[0] != '\0')
            good = good && json_put_text(object, texts[i].name, text);
    }
    if (m->unsaved_changes != MESSAGE_UNKNOWN)
        good = good && json_put_int(object, "unsaved_changes", m->unsaved_changes);
    if (m->connections != MESSAGE_UNKNOWN)
        good = good && json_put_int(object, "connections", m->connections);
    if (m->began.ms != 0)
        good = good && json_put_wall(object, "began_at", m->began);
    if (m->ended.ms != 0)
        good = good && json_put_wall(object, "ended_at", m->ended);
    if (m->repeat)
        good = good && json_put_bool(object, "repeat", true);
    good = good && put_lines(object, "evidence", &m->evidence) &&
           put_lines(object, "log_lines", &m->log);
    if (good)
        return object;
    json_decref(object);
    return NULL;
}

static int wrong(const char *name, const char *wanted, struct error *err)
{
    return error_set(err, -EINVAL, "a message's `%s` must be %s", name, wanted);
}

static int read_lines(const json_t *object, const char *name, size_t most,
                      struct message_lines *ret, struct error *err)
{
    const json_t *list = json_object_get(object, name);
    if (list != NULL && !json_is_array(list))
        return wrong(name, "a list of texts", err);
    for (size_t i = 0; i < json_array_size(list) && ret->count < most; i++) {
        const json_t *item = json_array_get(list, i);
        if (!json_is_string(item))
            return wrong(name, "a list of texts", err);
        (void)str_copy(ret->lines[ret->count++], MESSAGE_LINE_MAX, json_string_value(item));
    }
    return 0;
}

static int read_time(const json_t *object, const char *name, wall_ms *ret, struct error *err)
{
    const char *text = json_text_or(object, name, NULL);
    if (json_object_get(object, name) == NULL)
        return 0;
    if (text == NULL || wall_parse(text, ret) < 0)
        return wrong(name, "a time such as 2026-11-30T02:10:03Z", err);
    return 0;
}

static int read_texts(const json_t *object, struct message *m, struct error *err)
{
    for (size_t i = 0; i < ARRAY_LENGTH(texts); i++) {
        const json_t *text = json_object_get(object, texts[i].name);
        if (text == NULL)
            continue;
        if (!json_is_string(text))
            return wrong(texts[i].name, "a text", err);
        (void)str_copy((char *)m + texts[i].offset, texts[i].size, json_string_value(text));
    }
    return 0;
}

int message_read(const json_t *object, struct message *ret, struct error *err)
{
    if (!json_is_object(object))
        return error_set(err, -EINVAL, "a message must be an object");
    int kind = str_index(kind_words, MESSAGE_KIND_COUNT, json_text_or(object, "kind", ""));
    int severity = str_index(severity_words, ARRAY_LENGTH(severity_words),
                             json_text_or(object, "severity", ""));
    if (kind < 0)
        return wrong("kind",
                     "trigger, update, reminder, resolve, announce, test, emergency or "
                     "digest",
                     err);
    if (severity < 0)
        return wrong("severity", "P1, P2, P3 or P4", err);
    message_init(ret, (enum message_kind)kind);
    ret->severity = severity;
    ret->unsaved_changes = json_int_or(object, "unsaved_changes", MESSAGE_UNKNOWN);
    ret->connections = json_int_or(object, "connections", MESSAGE_UNKNOWN);
    ret->repeat = json_bool_or(object, "repeat", false);
    int r = read_texts(object, ret, err);
    if (r == 0)
        r = read_time(object, "began_at", &ret->began, err);
    if (r == 0)
        r = read_time(object, "ended_at", &ret->ended, err);
    if (r == 0)
        r = read_lines(object, "evidence", MESSAGE_EVIDENCE_MAX, &ret->evidence, err);
    if (r == 0)
        r = read_lines(object, "log_lines", MESSAGE_LOG_LINES_MAX, &ret->log, err);
    return r;
}

void message_reduce(const struct message *m, struct message *ret)
{
    message_init(ret, m->kind);
    ret->severity = m->severity;
    ret->unsaved_changes = m->unsaved_changes;
    ret->connections = m->connections;
    ret->began = m->began;
    ret->ended = m->ended;
    ret->repeat = m->repeat;
    for (size_t i = 0; i < ARRAY_LENGTH(texts); i++) {
        const char *text = (const char *)m + texts[i].offset;
        if (!str_equal(texts[i].name, "text") && !str_equal(texts[i].name, "author") &&
            !str_equal(texts[i].name, "calendar"))
            (void)str_copy_clean((char *)ret + texts[i].offset, texts[i].size, text, strlen(text));
    }
}
