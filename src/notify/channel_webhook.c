/* Webhook, as Standard Webhooks has it: the facts as JSON, signed with a secret that both sides
 * have. */
#include <errno.h>
#include <inttypes.h>
#include <sodium.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "notify/channel.h"

#define PREFIX "whsec_"
#define SECRET_MIN 24
#define BODY_MAX 20000 /* what Standard Webhooks recommends at most */

static const char *const types[] = {
    [MESSAGE_TRIGGER] = "alert.opened",    [MESSAGE_UPDATE] = "alert.updated",
    [MESSAGE_REMINDER] = "alert.reminder", [MESSAGE_RESOLVE] = "alert.resolved",
    [MESSAGE_ANNOUNCE] = "announcement",   [MESSAGE_TEST] = "test",
    [MESSAGE_EMERGENCY] = "emergency",     [MESSAGE_DIGEST] = "alert.digest",
};

static bool take_secret(struct channel *c, const char *line, size_t length)
{
    const size_t prefix = sizeof PREFIX - 1;
    struct channel_secret *secret = &c->secrets[c->secret_count];
    if (c->secret_count == CHANNEL_SECRETS_MAX || length <= prefix ||
        strncmp(line, PREFIX, prefix) != 0 ||
        sodium_base642bin(secret->bytes, sizeof secret->bytes, line + prefix, length - prefix, NULL,
                          &secret->length, NULL, sodium_base64_VARIANT_ORIGINAL) != 0 ||
        secret->length < SECRET_MIN)
        return false;
    c->secret_count++;
    return true;
}

static int load(struct channel *c, const char **ret_key, struct error *err)
{
    char *text = NULL;
    *ret_key = "secret_file";
    int r = channel_read_secret(c->settings.secret_file, &text, err);
    if (r < 0)
        return r;
    bool good = true;
    for (const char *line = text; good && line[0] != '\0';) {
        size_t length = strcspn(line, "\r\n");
        good = length == 0 || take_secret(c, line, length);
        line += length + strspn(line + length, "\r\n");
    }
    mem_wipe(text, strlen(text));
    mem_free(text);
    return good && c->secret_count > 0
               ? 0
               : error_set(err, -EINVAL,
                           "%s must hold " PREFIX "... (base64 of %d to %d bytes), one a line, at "
                           "most %d; `echo " PREFIX "$(openssl rand -base64 32)` makes one",
                           c->settings.secret_file, SECRET_MIN, CHANNEL_SECRET_MAX,
                           CHANNEL_SECRETS_MAX);
}

/* What is too long is left out whole: half a log helps no one. */
static int fit(json_t *envelope, json_t *data, struct buf *body, struct error *err)
{
    static const char *const spare[] = {"log_lines", "evidence", "text"};
    for (size_t i = 0;; i++) {
        buf_clear(body);
        int r = channel_write_json(envelope, body, err);
        if (r < 0)
            return r;
        if (body->length <= BODY_MAX)
            return 0;
        if (i == ARRAY_LENGTH(spare))
            return error_set(err, -EINVAL, "the webhook's body is longer than %d bytes", BODY_MAX);
        (void)json_object_del(data, spare[i]);
    }
}

static int render(const struct channel *c, const struct message *m, const char *delivery,
                  wall_ms now, struct buf *body, struct error *err)
{
    (void)delivery;
    JSON_CLEANUP json_t *data = message_write(m);
    JSON_CLEANUP json_t *envelope = json_object();
    if (data != NULL && !c->settings.log_lines)
        (void)json_object_del(data, "log_lines");
    if (data == NULL || !json_put_text(envelope, "type", types[m->kind]) ||
        !json_put_wall(envelope, "timestamp", now) || json_object_set(envelope, "data", data) < 0)
        return error_set(err, -ENOMEM, "out of memory");
    return fit(envelope, data, body, err);
}

static void signature(const struct channel_secret *secret, const char *head, const struct buf *body,
                      char to[64])
{
    unsigned char mac[crypto_auth_hmacsha256_BYTES];
    crypto_auth_hmacsha256_state state;
    (void)crypto_auth_hmacsha256_init(&state, secret->bytes, secret->length);
    (void)crypto_auth_hmacsha256_update(&state, (const unsigned char *)head, strlen(head));
    (void)crypto_auth_hmacsha256_update(&state, (const unsigned char *)body->data, body->length);
    (void)crypto_auth_hmacsha256_final(&state, mac);
    mem_wipe(&state, sizeof state);
    (void)sodium_bin2base64(to, 64, mac, sizeof mac, sodium_base64_VARIANT_ORIGINAL);
}

/* The id stays the same at every attempt, the time is that of this one. */
static int sign(const struct channel *c, const char *delivery, wall_ms now, const struct buf *body,
                struct http_request *request, struct error *err)
{
    char head[CHANNEL_DELIVERY_MAX + 32], base64[64];
    int64_t seconds = now.ms / 1000;
    (void)str_format(head, sizeof head, "%s.%" PRId64 ".", delivery, seconds);
    (void)str_format(request->headers[0], HTTP_HEADER_MAX, "webhook-id: %s", delivery);
    (void)str_format(request->headers[1], HTTP_HEADER_MAX, "webhook-timestamp: %" PRId64, seconds);
    (void)str_format(request->headers[2], HTTP_HEADER_MAX, "webhook-signature:");
    for (size_t i = 0; i < c->secret_count; i++) {
        signature(&c->secrets[i], head, body, base64);
        if (!str_append(request->headers[2], HTTP_HEADER_MAX, " v1,%s", base64))
            return error_set(err, -ENOBUFS, "more signatures than fit into a header");
    }
    request->header_count = 3;
    return 0;
}

const struct channel_kind channel_webhook = {
    .type = CHANNEL_WEBHOOK,
    .timeout_ms = 30000,
    .load = load,
    .render = render,
    .sign = sign,
};
