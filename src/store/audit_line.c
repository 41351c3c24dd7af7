#include "store/audit_line.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <openssl/sha.h>
#include <string.h>

#include "base/json.h"
#include "base/str.h"

/* Cleaned text at most doubles (quotes and backslashes). */
static_assert(sizeof(struct audit_line) * 2 + 1024 <= AUDIT_LINE_MAX, "every line fits");

static const char *const events[] = {
    [AUDIT_INTENT] = "intent",
    [AUDIT_SERVICE_OPERATION] = "service_operation",
    [AUDIT_AUTO_RECOVERY] = "auto_recovery",
    [AUDIT_AUTHENTICATION] = "authentication",
    [AUDIT_AUTHORIZATION] = "authorization",
    [AUDIT_CONFIGURATION] = "configuration",
    [AUDIT_BACKUP] = "backup",
    [AUDIT_MAINTENANCE] = "maintenance",
    [AUDIT_INCIDENT] = "incident",
};
static_assert(ARRAY_LENGTH(events) == AUDIT_EVENT_COUNT, "a word for every event");

static const char *const risks[] = {
    [AUDIT_RISK_LOW] = "low",
    [AUDIT_RISK_MODERATE] = "moderate",
    [AUDIT_RISK_HIGH] = "high",
    [AUDIT_RISK_CRITICAL] = "critical",
};

static const char *const flaws[] = {
    [AUDIT_FLAW_NONE] = "nothing is wrong",
    [AUDIT_FLAW_LENGTH] = "the line is longer than any that Resus writes",
    [AUDIT_FLAW_JSON] = "the line is not a JSON object",
    [AUDIT_FLAW_NO_HASH] = "the line does not end in a hash",
    [AUDIT_FLAW_NO_PREV] = "the line has no usable prev",
    [AUDIT_FLAW_NO_SEQ] = "the line has no usable seq",
    [AUDIT_FLAW_HASH] = "the hash does not match the line: it was changed",
};
static_assert(ARRAY_LENGTH(flaws) == AUDIT_FLAW_COUNT, "a text for every flaw");

const char *audit_event_word(enum audit_event event)
{
    return events[event];
}

const char *audit_risk_word(enum audit_risk risk)
{
    return risks[risk];
}

const char *audit_flaw_text(enum audit_flaw flaw)
{
    return flaws[flaw];
}

static int put_escaped(struct buf *out, const char *text)
{
    static const char *const words[] = {"service_operation", "auto_recovery"};
    size_t masked = 0; /* characters left of a word whose `_` must be hidden */
    for (const char *p = text; *p != '\0'; p++) {
        for (size_t i = 0; masked == 0 && i < ARRAY_LENGTH(words); i++)
            if (str_starts(p, words[i]))
                masked = strlen(words[i]);
        int r;
        if (masked > 0 && *p == '_')
            r = buf_append(out, "\\u005f", 6);
        else if (*p == '"' || *p == '\\')
            r = buf_printf(out, "\\%c", *p);
        else
            r = buf_append(out, p, 1);
        if (r < 0)
            return r;
        if (masked > 0)
            masked--;
    }
    return 0;
}

static int put_text(struct buf *out, const char *name, const char *text)
{
    int r = buf_printf(out, "\"%s\": ", name);
    if (r < 0)
        return r;
    if (*text == '\0')
        return buf_append(out, "null", 4);
    char clean[sizeof(struct audit_line)];
    (void)str_copy_clean(clean, sizeof clean, text, strlen(text));
    r = buf_append(out, "\"", 1);
    if (r == 0)
        r = put_escaped(out, clean);
    return r < 0 ? r : buf_append(out, "\"", 1);
}

/* "text": "...", for a run of texts that all end in a comma. */
static int put_texts(struct buf *out, const char *const pairs[][2], size_t count)
{
    int r = 0;
    for (size_t i = 0; r == 0 && i < count; i++) {
        r = put_text(out, pairs[i][0], pairs[i][1]);
        if (r == 0)
            r = buf_append(out, ", ", 2);
    }
    return r;
}

/* Milliseconds are all that is meant; no trailing zeros, but at least one decimal. */
static int put_duration(struct buf *out, double seconds)
{
    if (!(seconds >= 0) || !isfinite(seconds))
        return buf_printf(out, "\"duration_seconds\": null");
    if (seconds > 1e9) /* 30 years: keeps the digits bounded */
        seconds = 1e9;
    char text[32];
    (void)str_format(text, sizeof text, "%.3f", seconds);
    size_t end = strlen(text);
    while (text[end - 1] == '0' && text[end - 2] != '.')
        text[--end] = '\0';
    return buf_printf(out, "\"duration_seconds\": %s", text);
}

static int put_result(struct buf *out, const struct audit_line *line)
{
    if (!line->has_result)
        return buf_printf(out, "\"result\": null, ");
    int r = buf_printf(out, "\"result\": {\"success\": %s, ", line->success ? "true" : "false");
    if (r == 0)
        r = put_duration(out, line->duration_seconds);
    if (r == 0)
        r = line->has_exit_code ? buf_printf(out, ", \"exit_code\": %d", line->exit_code)
                                : buf_printf(out, ", \"exit_code\": null");
    if (r == 0 && line->error[0] != '\0') {
        r = buf_append(out, ", ", 2);
        if (r == 0)
            r = put_text(out, "error", line->error);
    }
    return r < 0 ? r : buf_append(out, "}, ", 3);
}

static const char *tri_text(bool known, bool value)
{
    return !known ? "null" : value ? "true" : "false";
}

static int put_security(struct buf *out, const struct audit_line *line)
{
    return buf_printf(out,
                      "\"security\": {\"command_validated\": %s, \"risk_level\": \"%s\", "
                      "\"ssh_key_used\": %s}, ",
                      tri_text(line->has_command_validated, line->command_validated),
                      audit_risk_word(line->risk),
                      tri_text(line->ssh_key_used >= 0, line->ssh_key_used > 0));
}

static int put_head(struct buf *out, const struct audit_line *line)
{
    char at[WALL_TEXT_SIZE];
    const char *const head[][2] = {
        {"service", line->service},
        {"operation", line->operation},
    };
    const char *const user[][2] = {
        {"id", line->user_id},
        {"email", line->user_email},
    };
    const char *const source[][2] = {{"source_ip", line->source_ip}};
    int r = buf_printf(out, "{\"timestamp\": \"%s\", \"event_type\": \"%s\", ",
                       wall_text(line->at, at), audit_event_word(line->event));
    if (r == 0)
        r = put_texts(out, head, ARRAY_LENGTH(head));
    if (r == 0)
        r = buf_printf(out, "\"user\": {");
    if (r == 0)
        r = put_texts(out, user, ARRAY_LENGTH(user));
    if (r == 0)
        r = put_text(out, "role", line->user_role);
    if (r == 0)
        r = buf_append(out, "}, ", 3);
    return r < 0 ? r : put_texts(out, source, ARRAY_LENGTH(source));
}

int audit_line_body(const struct audit_line *line, struct buf *out)
{
    const char *const tail[][2] = {
        {"request_id", line->request_id},
        {"recovery_level", line->recovery_level},
        {"reason", line->reason},
    };
    int r = put_head(out, line);
    if (r == 0)
        r = put_result(out, line);
    if (r == 0)
        r = put_security(out, line);
    return r < 0 ? r : put_texts(out, tail, ARRAY_LENGTH(tail));
}

static void hash_hex(const char *bytes, size_t length, char ret[AUDIT_HASH_SIZE])
{
    static const char digits[] = "0123456789abcdef";
    unsigned char hash[SHA256_DIGEST_LENGTH];
    (void)SHA256((const unsigned char *)bytes, length, hash);
    for (size_t i = 0; i < sizeof hash; i++) {
        ret[2 * i] = digits[hash[i] >> 4];
        ret[2 * i + 1] = digits[hash[i] & 15];
    }
    ret[2 * sizeof hash] = '\0';
}

int audit_line_seal(const char *body, size_t length, uint64_t seq, const char *prev,
                    struct buf *out, char ret_hash[AUDIT_HASH_SIZE])
{
    size_t start = out->length;
    char hash[AUDIT_HASH_SIZE];
    int r = buf_append(out, body, length);
    if (r == 0)
        r = buf_printf(out, "\"seq\": %" PRIu64 ", \"prev\": \"%s\"}", seq, prev);
    if (r == 0) {
        hash_hex(out->data + start, out->length - start, hash);
        out->length--; /* the brace */
        r = buf_printf(out, ", \"hash\": \"%s\"}", hash);
    }
    if (r < 0) {
        out->length = start;
        if (out->data != NULL)
            out->data[start] = '\0';
        return r;
    }
    memcpy(ret_hash, hash, sizeof hash);
    return 0;
}

int audit_line_json(const struct audit_line *line, uint64_t seq, const char *prev, struct buf *out)
{
    struct buf body ATTR_CLEANUP(buf_free) = BUF_LIMIT(AUDIT_LINE_MAX);
    char hash[AUDIT_HASH_SIZE];
    int r = audit_line_body(line, &body);
    return r < 0 ? r : audit_line_seal(body.data, body.length, seq, prev, out, hash);
}

static bool hex_copy(char to[AUDIT_HASH_SIZE], const char *text, size_t length)
{
    if (length != AUDIT_HASH_SIZE - 1 || strspn(text, "0123456789abcdef") < AUDIT_HASH_SIZE - 1)
        return false;
    memcpy(to, text, AUDIT_HASH_SIZE - 1);
    to[AUDIT_HASH_SIZE - 1] = '\0';
    return true;
}

/* Only Resus itself writes lines with these operations. */
static void read_mark(const json_t *json, struct audit_link *link)
{
    const char *operation = json_text_or(json, "operation", "");
    link->said[0] = '\0';
    link->mark = str_equal(operation, AUDIT_SEAL_OPERATION)      ? AUDIT_MARK_SEAL
                 : str_equal(operation, AUDIT_MISSING_OPERATION) ? AUDIT_MARK_MISSING
                                                                 : AUDIT_MARK_NONE;
    if (link->mark != AUDIT_MARK_NONE)
        (void)str_copy(link->said, sizeof link->said, json_text_or(json, "reason", ""));
}

#define TAIL_HEAD ", \"hash\": \""
#define TAIL_LENGTH (sizeof TAIL_HEAD - 1 + AUDIT_HASH_SIZE - 1 + 2)

/* `line` is a NUL-terminated copy. */
static enum audit_flaw read_copy(char *line, size_t length, struct audit_link *ret)
{
    struct audit_link link;
    JSON_CLEANUP json_t *json = json_loadb(line, length, JSON_READ_FLAGS, NULL);
    if (!json_is_object(json))
        return AUDIT_FLAW_JSON;
    if (length < TAIL_LENGTH)
        return AUDIT_FLAW_NO_HASH;
    char *tail = line + length - TAIL_LENGTH;
    if (!str_starts(tail, TAIL_HEAD) || !str_equal(line + length - 2, "\"}") ||
        !hex_copy(link.hash, tail + sizeof TAIL_HEAD - 1, AUDIT_HASH_SIZE - 1))
        return AUDIT_FLAW_NO_HASH;
    const json_t *prev = json_object_get(json, "prev");
    if (!json_is_string(prev) ||
        !hex_copy(link.prev, json_string_value(prev), json_string_length(prev)))
        return AUDIT_FLAW_NO_PREV;
    int64_t seq = json_int_or(json, "seq", 0);
    if (seq <= 0)
        return AUDIT_FLAW_NO_SEQ;
    link.seq = (uint64_t)seq;
    char hash[AUDIT_HASH_SIZE];
    tail[0] = '}';
    hash_hex(line, (size_t)(tail + 1 - line), hash);
    if (!str_equal(hash, link.hash))
        return AUDIT_FLAW_HASH;
    read_mark(json, &link);
    *ret = link;
    return AUDIT_FLAW_NONE;
}

enum audit_flaw audit_line_read(const char *text, size_t length, struct audit_link *ret)
{
    if (length > AUDIT_LINE_MAX)
        return AUDIT_FLAW_LENGTH;
    char copy[AUDIT_LINE_MAX + 1];
    memcpy(copy, text, length);
    copy[length] = '\0';
    return read_copy(copy, length, ret);
}
