#include "io/etcd_json.h"

#include <assert.h>
#include <errno.h>
#include <openssl/evp.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"

#define TTL_MAX_SECONDS 86400

const char *etcd_call_path(enum etcd_call call)
{
    static const char *const paths[] = {
        [ETCD_GRANT] = "/v3/lease/grant",
        [ETCD_KEEP_ALIVE] = "/v3/lease/keepalive",
        [ETCD_REVOKE] = "/v3/lease/revoke",
        [ETCD_RANGE] = "/v3/kv/range",
        [ETCD_TXN] = "/v3/kv/txn",
        [ETCD_STATUS] = "/v3/maintenance/status",
        [ETCD_ALARMS] = "/v3/maintenance/alarm",
        [ETCD_MEMBERS] = "/v3/cluster/member/list",
    };
    static_assert(ARRAY_LENGTH(paths) == ETCD_CALL_COUNT, "a path for every call");
    return paths[call];
}

/* ── reading ── */

/* All 64 bits: the ids of clusters and members take 20 digits, those of leases 19. */
static bool read_digits(const char *text, uint64_t *ret)
{
    if (text[0] == '\0' || strlen(text) > 20)
        return false;
    for (*ret = 0; *text != '\0'; text++) {
        if (*text < '0' || *text > '9')
            return false;
        uint64_t digit = (uint64_t)(*text - '0');
        if (*ret > (UINT64_MAX - digit) / 10)
            return false;
        *ret = *ret * 10 + digit;
    }
    return true;
}

/* A member that is absent is 0, as protobuf leaves out what is zero. */
static bool read_id(const json_t *object, const char *name, uint64_t *ret)
{
    const json_t *value = json_object_get(object, name);
    *ret = 0;
    if (value == NULL)
        return true;
    return json_is_string(value) && strlen(json_string_value(value)) == json_string_length(value) &&
           read_digits(json_string_value(value), ret);
}

static bool read_number(const json_t *object, const char *name, int64_t *ret)
{
    const json_t *value = json_object_get(object, name);
    uint64_t number;
    *ret = json_integer_value(value);
    if (json_is_integer(value))
        return *ret >= 0;
    if (!read_id(object, name, &number) || number > INT64_MAX)
        return false;
    *ret = (int64_t)number;
    return true;
}

/* NULL: no base64, too long, or no memory. */
static char *read_bytes(const json_t *object, const char *name, size_t limit, size_t *ret_length)
{
    const json_t *value = json_object_get(object, name);
    const char *text = value == NULL ? "" : json_string_value(value);
    size_t length = text == NULL ? 0 : strlen(text);
    if (text == NULL || length % 4 != 0 || length / 4 * 3 > limit + 2)
        return NULL;
    char *bytes = mem_calloc(1, length / 4 * 3 + 1);
    if (bytes == NULL)
        return NULL;
    int got = length == 0 ? 0
                          : EVP_DecodeBlock((unsigned char *)bytes, (const unsigned char *)text,
                                            (int)length);
    size_t padding = 0;
    while (padding < 2 && padding < length && text[length - 1 - padding] == '=')
        padding++;
    if (got < 0 || (size_t)got < padding || (size_t)got - padding > limit) {
        mem_free(bytes);
        return NULL;
    }
    *ret_length = (size_t)got - padding;
    bytes[*ret_length] = '\0';
    return bytes;
}

static void entry_free(struct etcd_entry *e)
{
    mem_free(e->key);
    mem_free(e->value);
}

static bool read_entry(const json_t *object, struct etcd_entry *ret)
{
    size_t key_length = 0;
    ret->key = read_bytes(object, "key", ETCD_KEY_MAX - 1, &key_length);
    ret->value = read_bytes(object, "value", ETCD_VALUE_MAX, &ret->value_length);
    return json_is_object(object) && ret->key != NULL && ret->value != NULL && key_length > 0 &&
           strlen(ret->key) == key_length &&
           read_number(object, "create_revision", &ret->create_revision) &&
           read_number(object, "mod_revision", &ret->mod_revision) &&
           read_number(object, "lease", &ret->lease) && ret->create_revision >= 0 &&
           ret->mod_revision > 0;
}

static bool read_head(const json_t *body, uint64_t *cluster, uint64_t *member, int64_t *revision,
                      uint64_t *term)
{
    const json_t *head = json_object_get(body, "header");
    uint64_t unused;
    return json_is_object(head) && read_id(head, "cluster_id", cluster) &&
           read_id(head, "member_id", member == NULL ? &unused : member) &&
           read_number(head, "revision", revision) && read_id(head, "raft_term", term);
}

static bool read_lease(const json_t *body, struct etcd_answer *ret)
{
    int64_t seconds;
    if (!read_number(body, "ID", &ret->lease) || !read_number(body, "TTL", &seconds) ||
        seconds > TTL_MAX_SECONDS)
        return false;
    ret->ttl_ms = seconds > 0 ? seconds * 1000 : 0;
    return true;
}

static bool read_entries(const json_t *body, struct etcd_answer *ret)
{
    const json_t *list = json_object_get(body, "kvs");
    if (list == NULL)
        return true;
    if (!json_is_array(list) || json_array_size(list) > ETCD_PAGE)
        return false;
    size_t count = json_array_size(list);
    ret->entries = mem_calloc(count + 1, sizeof ret->entries[0]);
    if (ret->entries == NULL)
        return false;
    ret->count = count; /* also of one that is not whole: all of them are freed */
    for (size_t i = 0; i < count; i++)
        if (!read_entry(json_array_get(list, i), &ret->entries[i]))
            return false;
    ret->more = json_is_true(json_object_get(body, "more"));
    return true;
}

static bool read_status(const json_t *body, struct etcd_answer *ret)
{
    const char *version = json_text_or(body, "version", "");
    (void)str_copy_clean(ret->version, sizeof ret->version, version, strlen(version));
    return version[0] != '\0' && read_number(body, "dbSize", &ret->bytes) &&
           read_number(body, "dbSizeInUse", &ret->bytes_used) &&
           read_id(body, "leader", &ret->leader);
}

static bool read_list(const json_t *body, const char *name, struct etcd_answer *ret)
{
    const json_t *list = json_object_get(body, name), *one;
    size_t i;
    if (list != NULL && !json_is_array(list))
        return false;
    json_array_foreach(list, i, one) {
        const char *alarm = json_text_or(one, "alarm", "");
        if (ret->alarm[0] == '\0')
            (void)str_copy_clean(ret->alarm, sizeof ret->alarm, alarm, strlen(alarm));
        ret->learners += json_bool_or(one, "isLearner", false);
    }
    return true;
}

/* A keepalive is a stream whose lines have the answer in `result`, and an error in its place. */
static const json_t *inner(enum etcd_call call, const json_t *body)
{
    return call == ETCD_KEEP_ALIVE ? json_object_get(body, "result") : body;
}

static bool read_body(enum etcd_call call, const json_t *whole, struct etcd_answer *ret)
{
    const json_t *body = inner(call, whole);
    if (!json_is_object(body) || json_object_get(whole, "error") != NULL ||
        !read_head(body, &ret->cluster, &ret->member, &ret->revision, &ret->term))
        return false;
    switch (call) {
    case ETCD_GRANT:
        return read_lease(body, ret) && ret->lease != 0 && ret->ttl_ms > 0;
    case ETCD_KEEP_ALIVE:
        return read_lease(body, ret) && ret->lease != 0;
    case ETCD_RANGE:
        return read_entries(body, ret);
    case ETCD_TXN: {
        const json_t *held = json_object_get(body, "succeeded");
        ret->succeeded = json_is_true(held);
        return held == NULL || json_is_boolean(held);
    }
    case ETCD_STATUS:
        return read_status(body, ret);
    case ETCD_ALARMS:
        ret->alarms = json_array_size(json_object_get(body, "alarms"));
        return read_list(body, "alarms", ret);
    case ETCD_MEMBERS:
        ret->members = json_array_size(json_object_get(body, "members"));
        return read_list(body, "members", ret) && ret->members > 0;
    default:
        return true;
    }
}

int etcd_read_answer(enum etcd_call call, const char *text, size_t length, struct etcd_answer *ret,
                     struct error *err)
{
    *ret = (struct etcd_answer){0};
    if (length > ETCD_BODY_MAX)
        return error_set(err, -EPROTO, "the answer is larger than %d bytes", ETCD_BODY_MAX);
    JSON_CLEANUP json_t *body = json_loadb(text, length, JSON_READ_FLAGS, NULL);
    ret->good = read_body(call, body, ret);
    if (ret->good)
        return 0;
    return error_set(err, -EPROTO, "the answer to %s is not of the form that etcd has",
                     etcd_call_path(call));
}

void etcd_read_refusal(const char *text, size_t length, int *ret_code, char ret[ETCD_TEXT_MAX])
{
    JSON_CLEANUP json_t *whole = json_loadb(text, length, JSON_READ_FLAGS, NULL);
    const json_t *inside = json_object_get(whole, "error");
    const json_t *body = json_is_object(inside) ? inside : whole;
    int64_t code = json_int_or(body, "code", json_int_or(body, "grpc_code", 0));
    const char *said = json_text_or(body, "message", json_text_or(body, "error", ""));
    *ret_code = code > 0 && code <= 16 ? (int)code : 0;
    (void)str_copy_clean(ret, ETCD_TEXT_MAX, said, strlen(said));
}

void etcd_answer_free(struct etcd_answer *answer)
{
    for (size_t i = 0; i < answer->count; i++)
        entry_free(&answer->entries[i]);
    mem_free(answer->entries);
    answer->entries = NULL;
    answer->count = 0;
}

static bool read_event(const json_t *object, struct etcd_event *ret)
{
    const json_t *type = json_object_get(object, "type");
    ret->deleted = type != NULL && str_equal(json_string_value(type), "DELETE");
    return (type == NULL || ret->deleted || str_equal(json_string_value(type), "PUT")) &&
           read_entry(json_object_get(object, "kv"), &ret->entry);
}

static bool read_events(const json_t *result, struct etcd_line *ret)
{
    const json_t *list = json_object_get(result, "events");
    if (list == NULL)
        return true;
    if (!json_is_array(list))
        return false;
    size_t count = json_array_size(list);
    ret->events = mem_calloc(count + 1, sizeof ret->events[0]);
    if (ret->events == NULL)
        return false;
    ret->count = count; /* also of one that is not whole: all of them are freed */
    for (size_t i = 0; i < count; i++)
        if (!read_event(json_array_get(list, i), &ret->events[i]))
            return false;
    return true;
}

int etcd_read_line(const char *text, size_t length, struct etcd_line *ret, struct error *err)
{
    *ret = (struct etcd_line){0};
    JSON_CLEANUP json_t *whole =
        length > ETCD_LINE_MAX ? NULL : json_loadb(text, length, JSON_READ_FLAGS, NULL);
    const json_t *result = json_object_get(whole, "result");
    if (json_object_get(whole, "error") != NULL) {
        int code;
        ret->cancelled = true;
        etcd_read_refusal(text, length, &code, ret->text);
        return 0;
    }
    if (!json_is_object(result) ||
        !read_head(result, &ret->cluster, NULL, &ret->revision, &ret->term) ||
        !read_number(result, "compact_revision", &ret->compacted) || !read_events(result, ret))
        return error_set(err, -EPROTO, "a line of the watch is not of the form that etcd has");
    ret->created = json_is_true(json_object_get(result, "created"));
    ret->cancelled = json_is_true(json_object_get(result, "canceled"));
    const char *why = json_text_or(result, "cancel_reason", "");
    (void)str_copy_clean(ret->text, sizeof ret->text, why, strlen(why));
    return 0;
}

void etcd_line_free(struct etcd_line *line)
{
    for (size_t i = 0; i < line->count; i++)
        entry_free(&line->events[i].entry);
    mem_free(line->events);
    line->events = NULL;
    line->count = 0;
}

static int64_t take_number(const char **text)
{
    int64_t number = 0;
    if (**text < '0' || **text > '9')
        return -1;
    for (; **text >= '0' && **text <= '9' && number < 10000; (*text)++)
        number = number * 10 + (**text - '0');
    if (**text == '.')
        (*text)++;
    return number;
}

bool etcd_version_old(const char *version)
{
    static const int64_t least[] = {3, 5, 13};
    for (size_t i = 0; i < ARRAY_LENGTH(least); i++) {
        int64_t number = take_number(&version);
        if (number < 0 || number != least[i])
            return number >= 0 && number < least[i];
    }
    return false;
}

/* ── requests ── */

static bool put_bytes(json_t *object, const char *name, const char *bytes)
{
    size_t length = strlen(bytes);
    if (length > ETCD_VALUE_MAX)
        return false;
    char *text = mem_calloc(1, length / 3 * 4 + 8);
    if (text == NULL)
        return false;
    (void)EVP_EncodeBlock((unsigned char *)text, (const unsigned char *)bytes, (int)length);
    bool good = json_put_text(object, name, text);
    mem_free(text);
    return good;
}

static bool put_number(json_t *object, const char *name, int64_t value)
{
    char text[24];
    (void)str_format(text, sizeof text, "%lld", (long long)value);
    return json_put_text(object, name, text);
}

/* The end of the keys that begin with it. No prefix of ours ends with the byte 255. */
static bool put_end(json_t *object, const char *prefix)
{
    char end[ETCD_KEY_MAX];
    if (!str_copy(end, sizeof end, prefix) || end[0] == '\0')
        return false;
    char *last = end + strlen(end) - 1;
    *last = (char)(*last + 1);
    return put_bytes(object, "range_end", end);
}

static char *text_of(json_t *body, bool good)
{
    char *text = good ? json_dumps(body, JSON_COMPACT) : NULL;
    json_decref(body);
    return text;
}

char *etcd_body_number(const char *name, int64_t value)
{
    json_t *body = json_object();
    return text_of(body, name == NULL || put_number(body, name, value));
}

char *etcd_body_range(const char *prefix, const char *from, int64_t revision)
{
    json_t *body = json_object();
    return text_of(body, put_bytes(body, "key", from == NULL ? prefix : from) &&
                             put_end(body, prefix) && put_number(body, "limit", ETCD_PAGE) &&
                             (revision == 0 || put_number(body, "revision", revision)));
}

static bool add_compare(json_t *list, const struct etcd_compare *c)
{
    static const struct {
        const char *target, *member;
    } whats[] = {[ETCD_CREATED] = {"CREATE", "create_revision"},
                 [ETCD_MODIFIED] = {"MOD", "mod_revision"},
                 [ETCD_LEASE] = {"LEASE", "lease"}};
    json_t *one = json_object();
    bool good = put_bytes(one, "key", c->key) && json_put_text(one, "result", "EQUAL") &&
                json_put_text(one, "target", whats[c->what].target) &&
                put_number(one, whats[c->what].member, c->is);
    return json_array_append_new(list, one) == 0 && good;
}

static bool add_write(json_t *list, const struct etcd_write *w)
{
    json_t *one = json_object(), *inside = json_object();
    bool good = put_bytes(inside, "key", w->key);
    if (w->value != NULL)
        good = good && put_bytes(inside, "value", w->value) &&
               (w->lease == 0 || put_number(inside, "lease", w->lease));
    good = json_put(one, w->value == NULL ? "request_delete_range" : "request_put", inside) && good;
    return json_array_append_new(list, one) == 0 && good;
}

char *etcd_body_txn(const struct etcd_txn *txn)
{
    json_t *body = json_object(), *compares = json_array(), *writes = json_array();
    bool good =
        txn->compare_count <= ETCD_OPERATIONS_MAX && txn->write_count <= ETCD_OPERATIONS_MAX;
    for (size_t i = 0; good && i < txn->compare_count; i++)
        good = add_compare(compares, &txn->compares[i]);
    for (size_t i = 0; good && i < txn->write_count; i++)
        good = add_write(writes, &txn->writes[i]);
    good = json_put(body, "compare", compares) && good;
    good = json_put(body, "success", writes) && good;
    return text_of(body, good);
}

char *etcd_body_watch(const char *prefix, int64_t from_revision)
{
    json_t *body = json_object(), *create = json_object();
    bool good = put_bytes(create, "key", prefix) && put_end(create, prefix) &&
                put_number(create, "start_revision", from_revision) &&
                json_put_bool(create, "progress_notify", true);
    good = json_put(body, "create_request", create) && good;
    return text_of(body, good);
}
