#include "notify/channel.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "io/file.h"
#include "io/trust.h"
#include "notify/text.h"
#include "settings/channel_url.h"

static const struct channel_kind *const kinds[CHANNEL_TYPE_COUNT] = {
    [CHANNEL_SMTP] = &channel_smtp,       [CHANNEL_SLACK] = &channel_slack,
    [CHANNEL_TEAMS] = &channel_teams,     [CHANNEL_PAGERDUTY] = &channel_pagerduty,
    [CHANNEL_WEBHOOK] = &channel_webhook, [CHANNEL_ALERTMANAGER] = &channel_alertmanager,
    [CHANNEL_HEARTBEAT] = NULL, /* no channel of messages: notify/heartbeat.c */
};

#define SECRET_FILE_MAX 4096

int channel_read_secret(const char *path, char **ret, struct error *err)
{
    struct buf text = BUF_LIMIT(SECRET_FILE_MAX);
    int r = trust_check(path, NULL, err);
    if (r == 0)
        r = file_read_secret(path, &text, err);
    size_t length = text.length;
    while (r == 0 && length > 0 && strchr(" \t\r\n", text.data[length - 1]) != NULL)
        length--;
    if (r == 0 && (length == 0 || memchr(text.data, '\0', length) != NULL))
        r = error_set(err, -EINVAL, "%s holds nothing of use: it must have one line", path);
    if (r == 0) {
        *ret = mem_strndup(text.data, length);
        r = *ret != NULL ? 0 : error_set(err, -ENOMEM, "out of memory");
    }
    buf_free(&text);
    return r;
}

json_t *channel_json_text(const char *text, size_t most)
{
    struct buf clean = BUF_LIMIT(CHANNEL_BODY_MAX);
    json_t *json = text_append(&clean, text, most) < 0 ? NULL : json_string(buf_text(&clean));
    buf_free(&clean);
    return json;
}

static int append_json(const char *bytes, size_t length, void *context)
{
    return buf_append(context, bytes, length);
}

int channel_write_json(const json_t *json, struct buf *body, struct error *err)
{
    if (json_dump_callback(json, append_json, body, JSON_COMPACT) < 0)
        return error_set(err, -ENOBUFS, "the message is longer than %zu bytes", body->limit);
    return 0;
}

static void wipe_text(char *text)
{
    if (text != NULL)
        mem_wipe(text, strlen(text));
    mem_free(text);
}

static void channel_destroy(struct channel *c)
{
    wipe_text(c->address);
    wipe_text(c->key);
    mem_wipe(c->secrets, sizeof c->secrets);
    mem_free(c);
}

struct channel *channel_ref(struct channel *c)
{
    c->references++;
    return c;
}

void channel_unref(struct channel *c)
{
    if (c != NULL && --c->references == 0)
        channel_destroy(c);
}

static int load_address(struct channel *c, const char **ret_key, struct error *err)
{
    const struct channel_settings *s = &c->settings;
    struct channel_url url;
    const char *fixed = c->kind->address != NULL ? c->kind->address(s) : NULL;
    *ret_key = s->url_file[0] != '\0' ? "url_file" : "url";
    int r = 0;
    if (s->url_file[0] != '\0')
        r = channel_read_secret(s->url_file, &c->address, err);
    else
        c->address = mem_strdup(fixed != NULL ? fixed : s->url);
    if (r < 0)
        return r;
    if (c->address == NULL)
        return error_set(err, -ENOMEM, "out of memory");
    r = channel_url_read(s->type, c->address, &url, err);
    return r < 0 && s->url_file[0] != '\0' ? error_prefix(err, "%s", s->url_file) : r;
}

int channel_load(const struct channel_settings *settings, const char *instance,
                 struct channel **ret, const char **ret_key, struct error *err)
{
    const char *ignored = NULL;
    const char **key = ret_key == NULL ? &ignored : ret_key;
    struct channel *c = mem_calloc(1, sizeof *c);
    *key = "type";
    if (c == NULL)
        return error_set(err, -ENOMEM, "out of memory");
    c->references = 1;
    c->settings = *settings;
    c->kind = kinds[settings->type];
    c->timeout_ms = settings->timeout_ms != 0 ? settings->timeout_ms : c->kind->timeout_ms;
    (void)str_copy(c->instance, sizeof c->instance, instance);
    int r = load_address(c, key, err);
    if (r == 0 && c->kind->load != NULL)
        r = c->kind->load(c, key, err);
    if (r == 0 && settings->ca_file[0] != '\0') {
        struct buf ca = BUF_LIMIT(SETTINGS_FILE_MAX);
        *key = "ca_file";
        r = trust_check(settings->ca_file, NULL, err);
        if (r == 0)
            r = file_read(settings->ca_file, &ca, err);
        if (r == 0 && str_find(buf_text(&ca), ca.length, "-----BEGIN ") == NULL)
            r = error_set(err, -EINVAL, "%s holds no certificate (PEM)", settings->ca_file);
        buf_free(&ca);
    }
    if (r < 0) {
        channel_unref(c);
        return r;
    }
    *ret = c;
    return 0;
}

const char *channel_warning(const struct channel *c)
{
    struct channel_url url;
    struct error ignored = {0};
    if (c->settings.type != CHANNEL_TEAMS ||
        channel_url_read(CHANNEL_TEAMS, c->address, &url, &ignored) < 0)
        return NULL;
    if (strstr(url.host, ".webhook.office.com") != NULL)
        return "its address is of an Office 365 connector, which Teams no longer takes: make a "
               "workflow and put its address into the file";
    if (strstr(url.host, ".logic.azure.com") != NULL)
        return "its address ended with November 2025: open the workflow and copy its new address "
               "into the file";
    return NULL;
}

int channel_render(const struct channel *c, const struct message *m, const char *delivery,
                   wall_ms now, struct buf *body, char ret_replaced[CHANNEL_REASON_MAX],
                   struct error *err)
{
    struct error why = {0};
    ret_replaced[0] = '\0';
    if (c->kind->render(c, m, delivery, now, body, &why) == 0)
        return 0;
    struct message *reduced = mem_calloc(1, sizeof *reduced);
    if (reduced == NULL)
        return error_set(err, -ENOMEM, "out of memory");
    message_reduce(m, reduced);
    buf_clear(body);
    int r = c->kind->render(c, reduced, delivery, now, body, err);
    mem_free(reduced);
    if (r == 0)
        (void)str_format(ret_replaced, CHANNEL_REASON_MAX,
                         "the built-in text was sent, because the message could not be made: %s",
                         why.text);
    return r;
}

void channel_judge(const struct channel *c, const struct http_answer *answer, const char *key,
                   struct channel_verdict *ret)
{
    enum retry_end end = answer->end;
    *ret = (struct channel_verdict){.code = answer->code};
    if (c->kind->look != NULL && end == RETRY_ANSWERED)
        c->kind->look(answer, key, &end, ret);
    ret->class = retry_classify(c->kind->type, end, answer->code);
    bool good = ret->class == RETRY_DELIVERED || ret->class == RETRY_ACCEPTED;
    if (good || ret->reason[0] != '\0')
        return;
    /* A receiver that repeats what it was sent must not bring a key into logs and answers. */
    bool shown = answer->body[0] != '\0' && strstr(answer->body, c->address) == NULL &&
                 (c->key == NULL || strstr(answer->body, c->key) == NULL);
    if (end == RETRY_ANSWERED || end == RETRY_WRONG_BODY)
        (void)str_format(ret->reason, sizeof ret->reason, "the receiver answered %d%s%.200s",
                         answer->code, shown ? ": " : "", shown ? answer->body : "");
    else
        (void)str_format(ret->reason, sizeof ret->reason, "%s%s", answer->error,
                         end == RETRY_NO_ANSWER ? ", after the message was sent" : "");
}
