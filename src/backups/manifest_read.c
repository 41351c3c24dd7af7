#include <errno.h>
#include <math.h>
#include <string.h>

#include "backups/manifest.h"
#include "base/json.h"
#include "base/str.h"

#define SECONDS_MAX 1e9             /* of a check */
#define PART_MAX ((int64_t)1 << 52) /* of what is added up, so that a sum fits into 64 bits */

static int wrong(struct error *err, const char *member)
{
    return error_set(err, -EBADMSG, "the manifest's member \"%s\" is missing or wrong", member);
}

static bool get_text(const json_t *o, const char *key, char *to, size_t size)
{
    const char *text = json_text_or(o, key, NULL);
    return text != NULL && str_copy(to, size, text);
}

/* A count, or null for one that is not known. */
static bool get_known(const json_t *o, const char *key, int64_t *ret)
{
    const json_t *value = json_object_get(o, key);
    if (json_is_null(value)) {
        *ret = -1;
        return true;
    }
    *ret = json_is_integer(value) ? json_integer_value(value) : -1;
    return *ret >= 0;
}

static bool get_count(const json_t *o, const char *key, int64_t *ret)
{
    *ret = json_int_or(o, key, -1);
    return *ret >= 0;
}

static bool get_part(const json_t *o, const char *key, int64_t *ret)
{
    return get_count(o, key, ret) && *ret <= PART_MAX;
}

static bool get_bool(const json_t *o, const char *key, bool *ret)
{
    const json_t *value = json_object_get(o, key);
    *ret = json_is_true(value);
    return json_is_boolean(value);
}

/* The years that wall_text() can write. */
static bool get_wall(const json_t *o, const char *key, wall_ms *ret)
{
    const json_t *value = json_object_get(o, key);
    *ret = WALL_NONE;
    return json_is_null(value) ||
           (json_is_string(value) && wall_parse(json_string_value(value), ret) == 0);
}

static const char *kind_at(int i)
{
    return backup_kind_word((enum backup_kind)i);
}

static const char *level_at(int i)
{
    return proof_level_word((enum proof_level)i);
}

static const char *verdict_at(int i)
{
    return proof_verdict_word((enum proof_verdict)i);
}

static const char *reason_at(int i)
{
    return proof_reason_word((enum proof_reason)i);
}

/* Which of `count` words the member is; -1 = none. */
static int get_word(const json_t *o, const char *key, const char *(*word_at)(int i), int count)
{
    const char *word = json_text_or(o, key, NULL);
    for (int i = 0; word != NULL && i < count; i++)
        if (str_equal(word_at(i), word))
            return i;
    return -1;
}

static bool read_source(const json_t *o, struct manifest *m)
{
    struct manifest_source *s = &m->source;
    const json_t *modules = json_object_get(o, "modules");
    size_t i = 0;
    const json_t *module = NULL;
    const json_t *offset = json_object_get(o, "repl_offset");
    if (!get_text(o, "address", s->address, sizeof s->address) ||
        !get_text(o, "role", s->role, sizeof s->role) ||
        !get_text(o, "run_id", s->run_id, sizeof s->run_id) ||
        !get_text(o, "replid", s->replid, sizeof s->replid) ||
        !get_text(o, "server", s->server, sizeof s->server) ||
        !get_text(o, "version", s->version, sizeof s->version) || !json_is_integer(offset) ||
        !get_known(o, "maxmemory_bytes", &s->maxmemory_bytes) ||
        !get_known(o, "databases", &s->databases) || !get_bool(o, "appendonly", &s->appendonly) ||
        !json_is_array(modules) || json_array_size(modules) > MANIFEST_MODULES_MAX)
        return false;
    s->repl_offset = json_integer_value(offset);
    json_array_foreach(modules, i, module) {
        if (!json_is_string(module) ||
            !str_copy(s->modules[i], sizeof s->modules[i], json_string_value(module)))
            return false;
    }
    s->module_count = json_array_size(modules);
    return true;
}

static bool read_method(const json_t *o, struct manifest *m)
{
    return get_bool(o, "rdb_only", &m->rdb_only) && get_bool(o, "diskless", &m->by_mark) &&
           get_text(o, "via", m->via, sizeof m->via) && get_bool(o, "tls", &m->tls);
}

static bool read_impact(const json_t *o, struct manifest *m)
{
    return get_known(o, "fork_us", &m->fork_us) && get_known(o, "cow_bytes", &m->cow_bytes);
}

/* The name goes into paths and messages. */
static bool is_plain_name(const char *name)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                  "0123456789._-";
    return name[0] != '\0' && name[0] != '.' && name[strspn(name, allowed)] == '\0';
}

static bool is_hex(const char *text, size_t length)
{
    return strlen(text) == length && strspn(text, "0123456789abcdef") == length;
}

/* Members of a sealed file; another one has none of them. */
static bool read_seal(const json_t *o, struct manifest_file *f)
{
    size_t i = 0;
    const json_t *id = NULL;
    const json_t *list = json_object_get(o, "sealed_for");
    if (json_object_get(o, "plain_sha256") == NULL)
        return list == NULL;
    if (!get_text(o, "plain_sha256", f->plain_sha256, sizeof f->plain_sha256) ||
        !is_hex(f->plain_sha256, 64) || !json_is_array(list) ||
        json_array_size(list) > MANIFEST_SEALED_FOR_MAX)
        return false;
    json_array_foreach(list, i, id) {
        if (!json_is_string(id) || !is_hex(json_string_value(id), MANIFEST_KEY_ID_SIZE - 1))
            return false;
        (void)str_copy(f->sealed_for[i], sizeof f->sealed_for[i], json_string_value(id));
    }
    f->sealed_for_count = json_array_size(list);
    return true;
}

static const char *copy_at(int i)
{
    return manifest_copy_word((enum manifest_copy_state)i);
}

/* Absent in the manifests of older versions. */
static bool read_copies(const json_t *list, struct manifest *m)
{
    size_t i = 0;
    const json_t *o = NULL;
    if (list == NULL)
        return true;
    if (!json_is_array(list) || json_array_size(list) > MANIFEST_COPIES_MAX)
        return false;
    json_array_foreach(list, i, o) {
        struct manifest_copy *c = &m->copies[i];
        int state = get_word(o, "state", copy_at, MANIFEST_COPY_STATE_COUNT);
        if (!get_text(o, "target", c->target, sizeof c->target) || !get_wall(o, "at", &c->at) ||
            state < 0)
            return false;
        c->state = (enum manifest_copy_state)state;
    }
    m->copy_count = json_array_size(list);
    return true;
}

static bool read_files(const json_t *list, struct manifest *m)
{
    size_t i = 0;
    const json_t *o = NULL;
    if (!json_is_array(list) || json_array_size(list) > MANIFEST_FILES_MAX)
        return false;
    json_array_foreach(list, i, o) {
        struct manifest_file *f = &m->files[i];
        if (!get_text(o, "name", f->name, sizeof f->name) || !is_plain_name(f->name) ||
            !get_part(o, "bytes", &f->bytes) ||
            !get_text(o, "sha256", f->sha256, sizeof f->sha256) || !is_hex(f->sha256, 64) ||
            !read_seal(o, f))
            return false;
    }
    m->file_count = json_array_size(list);
    return true;
}

static bool read_databases(const json_t *list, struct manifest *m)
{
    size_t i = 0;
    const json_t *o = NULL;
    if (!json_is_array(list) || json_array_size(list) > CHECK_DATABASES_MAX)
        return false;
    json_array_foreach(list, i, o) {
        struct rdb_counts *d = &m->databases[i];
        if (!get_count(o, "db", &d->db) || !get_part(o, "keys", &d->keys) ||
            !get_part(o, "expires", &d->expires))
            return false;
    }
    m->database_count = json_array_size(list);
    return true;
}

static bool read_rdb(const json_t *o, struct manifest *m)
{
    const char *crc = json_text_or(o, "crc64", "");
    int64_t version = json_int_or(o, "version", -1);
    m->checksum = str_equal(crc, "ok");
    m->rdb_version = (int)version;
    return get_text(o, "magic", m->magic, sizeof m->magic) && version >= 0 && version <= 9999 &&
           (m->checksum || str_equal(crc, "absent")) &&
           read_databases(json_object_get(o, "databases"), m) &&
           get_count(o, "functions", &m->functions) &&
           get_count(o, "used_memory_bytes", &m->used_memory_bytes);
}

static bool read_live(const json_t *o, struct manifest *m)
{
    return get_known(o, "before", &m->live_before) && get_known(o, "after", &m->live_after);
}

static bool read_check(const json_t *o, struct proof_check *c)
{
    int level = get_word(o, "level", level_at, PROOF_LEVEL_COUNT);
    int verdict = get_word(o, "result", verdict_at, PROOF_VERDICT_COUNT);
    int reason = get_word(o, "reason", reason_at, PROOF_REASON_COUNT);
    double seconds = json_real_or(o, "seconds", -1);
    if (level < 0 || verdict < 0 || reason < 0 || !(seconds >= 0) || seconds > SECONDS_MAX)
        return false;
    c->level = (enum proof_level)level;
    c->verdict = (enum proof_verdict)verdict;
    c->reason = (enum proof_reason)reason;
    c->milliseconds = llround(seconds * 1000);
    return get_text(o, "tool", c->tool, sizeof c->tool) && get_wall(o, "at", &c->at) &&
           get_known(o, "loaded", &c->keys) && get_known(o, "expired", &c->expired) &&
           get_text(o, "text", c->text, sizeof c->text);
}

static bool read_checks(const json_t *list, struct manifest *m)
{
    size_t i = 0;
    const json_t *o = NULL;
    if (!json_is_array(list) || json_array_size(list) > MANIFEST_CHECKS_MAX)
        return false;
    json_array_foreach(list, i, o) {
        if (!read_check(o, &m->checks[i]))
            return false;
    }
    m->check_count = json_array_size(list);
    return true;
}

static bool read_suspicious(const json_t *list, struct manifest *m)
{
    size_t i = 0;
    const json_t *o = NULL;
    if (!json_is_array(list))
        return false;
    json_array_foreach(list, i, o) {
        const char *word = json_is_string(o) ? json_string_value(o) : "";
        enum backup_suspicion found = 0;
        while (found < BACKUP_SUSPICION_COUNT && !str_equal(backup_suspicion_word(found), word))
            found++;
        if (found == BACKUP_SUSPICION_COUNT)
            return false;
        m->suspicious |= 1u << found;
    }
    return true;
}

/* Absent in those of 0.1.0. */
static bool read_accepted(const json_t *o, struct manifest *m)
{
    m->accepted_at = WALL_NONE;
    if (o == NULL || json_is_null(o))
        return true;
    return get_wall(o, "at", &m->accepted_at) && m->accepted_at.ms != WALL_NONE.ms &&
           get_text(o, "by", m->accepted_by, sizeof m->accepted_by);
}

static int read_all(const json_t *o, struct manifest *m, struct error *err)
{
    static const struct {
        const char *key;
        bool (*read)(const json_t *value, struct manifest *m);
    } parts[] = {
        {"source", read_source}, {"method", read_method},
        {"impact", read_impact}, {"files", read_files},
        {"rdb", read_rdb},       {"live", read_live},
        {"checks", read_checks}, {"suspicious", read_suspicious},
        {"copies", read_copies}, {"accepted", read_accepted},
    };
    if (!get_text(o, "id", m->id, sizeof m->id) || !manifest_id_valid(m->id))
        return wrong(err, "id");
    int kind = get_word(o, "kind", kind_at, BACKUP_KIND_COUNT);
    if (kind < 0)
        return wrong(err, "kind");
    m->kind = (enum backup_kind)kind;
    if (!get_text(o, "reason", m->reason, sizeof m->reason))
        return wrong(err, "reason");
    if (!get_text(o, "by", m->by, sizeof m->by))
        return wrong(err, "by");
    if (!get_wall(o, "started_at", &m->started) || !get_wall(o, "finished_at", &m->finished))
        return wrong(err, "started_at or finished_at");
    if (!get_wall(o, "pinned_until", &m->pinned_until))
        return wrong(err, "pinned_until");
    int proved = get_word(o, "proved", level_at, PROOF_LEVEL_COUNT);
    if (proved < 0)
        return wrong(err, "proved");
    m->proved = (enum proof_level)proved;
    for (size_t i = 0; i < ARRAY_LENGTH(parts); i++)
        if (!parts[i].read(json_object_get(o, parts[i].key), m))
            return wrong(err, parts[i].key);
    return 0;
}

int manifest_read(const char *text, size_t length, struct manifest *ret, struct error *err)
{
    json_error_t why;
    if (length > MANIFEST_BYTES_MAX)
        return error_set(err, -EBADMSG, "a manifest of more than %zu bytes", MANIFEST_BYTES_MAX);
    JSON_CLEANUP json_t *o = json_loadb(text, length, JSON_READ_FLAGS, &why);
    if (o == NULL)
        return error_set(err, -EBADMSG, "the manifest is no JSON: %s (line %d)", why.text,
                         why.line);
    int64_t format = json_int_or(o, "format", -1);
    if (format != MANIFEST_FORMAT)
        return error_set(err, -EBADMSG,
                         "the manifest has the format %lld, this Resus reads %d: use a newer one",
                         (long long)format, MANIFEST_FORMAT);
    *ret = (struct manifest){0};
    return read_all(o, ret, err);
}
