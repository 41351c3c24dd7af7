#include "backups/manifest.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/str.h"

const char *backup_kind_word(enum backup_kind kind)
{
    static const char *const words[] = {[BACKUP_DAILY] = "daily", [BACKUP_MANUAL] = "manual"};
    static_assert(ARRAY_LENGTH(words) == BACKUP_KIND_COUNT, "a word for every kind");
    return words[kind];
}

const char *manifest_copy_word(enum manifest_copy_state state)
{
    static const char *const words[] = {
        [MANIFEST_COPIED] = "copied", [MANIFEST_COPY_REMOVED] = "removed"};
    static_assert(ARRAY_LENGTH(words) == MANIFEST_COPY_STATE_COUNT, "a word for every state");
    return words[state];
}

const struct manifest_copy *manifest_copy_at(const struct manifest *m, const char *target)
{
    for (size_t i = 0; i < m->copy_count; i++)
        if (str_equal(m->copies[i].target, target))
            return &m->copies[i];
    return NULL;
}

void manifest_note_copy(struct manifest *m, const char *target, enum manifest_copy_state state,
                        wall_ms at)
{
    size_t i = 0;
    while (i < m->copy_count && !str_equal(m->copies[i].target, target))
        i++;
    if (i == MANIFEST_COPIES_MAX) {
        memmove(m->copies, m->copies + 1, sizeof m->copies - sizeof m->copies[0]);
        i--;
    } else if (i == m->copy_count) {
        m->copy_count++;
    }
    m->copies[i] = (struct manifest_copy){.state = state, .at = at};
    (void)str_copy(m->copies[i].target, sizeof m->copies[i].target, target);
}

void manifest_forget_copy(struct manifest *m, const char *target)
{
    for (size_t i = 0; i < m->copy_count; i++)
        if (str_equal(m->copies[i].target, target)) {
            m->copy_count--;
            memmove(&m->copies[i], &m->copies[i + 1], (m->copy_count - i) * sizeof m->copies[0]);
            return;
        }
}

bool manifest_id_of(wall_ms at, char id[MANIFEST_ID_SIZE])
{
    char text[WALL_TEXT_SIZE];
    size_t n = 0;
    for (const char *c = wall_text(at, text); *c != '\0' && n < MANIFEST_ID_SIZE - 1; c++)
        if (*c != '-' && *c != ':')
            id[n++] = *c;
    id[n] = '\0';
    return manifest_id_valid(id);
}

bool manifest_id_valid(const char *id)
{
    return strlen(id) == MANIFEST_ID_SIZE - 1 && strspn(id, "0123456789") == 8 && id[8] == 'T' &&
           strspn(id + 9, "0123456789") == 6 && id[15] == 'Z';
}

void manifest_take_proof(struct manifest *m, const struct proof_result *proof)
{
    for (size_t i = 0; i < proof->check_count; i++) {
        if (m->check_count == MANIFEST_CHECKS_MAX) {
            memmove(m->checks, m->checks + 1, sizeof m->checks - sizeof m->checks[0]);
            m->check_count--;
        }
        m->checks[m->check_count++] = proof->checks[i];
    }
    m->proved = proof->proved;
    if (!proof->counted)
        return;
    m->database_count = proof->database_count;
    memcpy(m->databases, proof->databases, proof->database_count * sizeof m->databases[0]);
}

unsigned manifest_suspicions(const struct manifest *m)
{
    unsigned stands = m->suspicious;
    for (int i = 0; i < BACKUP_SUSPICION_COUNT && m->accepted_at.ms != WALL_NONE.ms; i++)
        if (backup_suspicion_acceptable((enum backup_suspicion)i))
            stands &= ~(1u << i);
    return stands;
}

struct backup_figures manifest_figures(const struct manifest *m)
{
    struct backup_figures f = {.live_before = m->live_before, .live_after = m->live_after};
    for (size_t i = 0; i < m->database_count; i++)
        f.keys += m->databases[i].keys > INT64_MAX - f.keys ? 0 : m->databases[i].keys;
    for (size_t i = 0; i < m->file_count; i++)
        if (str_starts(m->files[i].name, "dump.rdb"))
            f.bytes = m->files[i].bytes;
    return f;
}

/* --- writing --- */

static bool put_known(json_t *o, const char *key, int64_t value)
{
    return value < 0 ? json_put_null(o, key) : json_put_int(o, key, value);
}

static json_t *source_json(const struct manifest_source *s)
{
    json_t *o = json_object();
    json_t *modules = json_array();
    bool ok =
        o != NULL && modules != NULL && json_put_text(o, "address", s->address) &&
        json_put_text(o, "role", s->role) && json_put_text(o, "run_id", s->run_id) &&
        json_put_text(o, "replid", s->replid) && json_put_int(o, "repl_offset", s->repl_offset) &&
        json_put_text(o, "server", s->server) && json_put_text(o, "version", s->version) &&
        put_known(o, "maxmemory_bytes", s->maxmemory_bytes) &&
        put_known(o, "databases", s->databases) && json_put_bool(o, "appendonly", s->appendonly);
    for (size_t i = 0; ok && i < s->module_count; i++)
        ok = json_array_append_new(modules, json_string(s->modules[i])) == 0;
    if (!json_put(o, "modules", modules) || !ok) {
        json_decref(o);
        return NULL;
    }
    return o;
}

static json_t *method_json(const struct manifest *m)
{
    return json_pack("{s:b, s:b, s:s, s:b}", "rdb_only", m->rdb_only, "diskless", m->by_mark, "via",
                     m->via, "tls", m->tls);
}

static json_t *impact_json(const struct manifest *m)
{
    json_t *o = json_object();
    if (!put_known(o, "fork_us", m->fork_us) || !put_known(o, "cow_bytes", m->cow_bytes)) {
        json_decref(o);
        return NULL;
    }
    return o;
}

static bool put_seal(json_t *o, const struct manifest_file *f)
{
    json_t *list = json_array();
    bool ok = json_put_text(o, "plain_sha256", f->plain_sha256);
    for (size_t i = 0; ok && i < f->sealed_for_count; i++)
        ok = json_array_append_new(list, json_string(f->sealed_for[i])) == 0;
    return json_put(o, "sealed_for", list) && ok;
}

static json_t *files_json(const struct manifest *m)
{
    json_t *list = json_array();
    for (size_t i = 0; i < m->file_count; i++) {
        const struct manifest_file *f = &m->files[i];
        json_t *o = json_pack("{s:s, s:I, s:s}", "name", f->name, "bytes", (json_int_t)f->bytes,
                              "sha256", f->sha256);
        bool ok = o != NULL && (f->plain_sha256[0] == '\0' || put_seal(o, f));
        if (!ok || json_array_append(list, o) < 0) {
            json_decref(o);
            json_decref(list);
            return NULL;
        }
        json_decref(o);
    }
    return list;
}

static json_t *copies_json(const struct manifest *m)
{
    json_t *list = json_array();
    for (size_t i = 0; i < m->copy_count; i++) {
        const struct manifest_copy *c = &m->copies[i];
        json_t *o = json_object();
        bool ok = json_put_text(o, "target", c->target) &&
                  json_put_text(o, "state", manifest_copy_word(c->state)) &&
                  json_put_wall(o, "at", c->at) && json_array_append(list, o) == 0;
        json_decref(o);
        if (!ok) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

static json_t *rdb_json(const struct manifest *m)
{
    json_t *list = json_array();
    for (size_t i = 0; i < m->database_count; i++)
        if (json_array_append_new(list,
                                  json_pack("{s:I, s:I, s:I}", "db", (json_int_t)m->databases[i].db,
                                            "keys", (json_int_t)m->databases[i].keys, "expires",
                                            (json_int_t)m->databases[i].expires)) < 0) {
            json_decref(list);
            return NULL;
        }
    return json_pack("{s:s, s:i, s:s, s:o, s:I, s:I}", "magic", m->magic, "version", m->rdb_version,
                     "crc64", m->checksum ? "ok" : "absent", "databases", list, "functions",
                     (json_int_t)m->functions, "used_memory_bytes",
                     (json_int_t)m->used_memory_bytes);
}

static json_t *check_json(const struct proof_check *c)
{
    json_t *o = json_object();
    bool ok = json_put_text(o, "level", proof_level_word(c->level)) &&
              json_put_text(o, "tool", c->tool) &&
              json_put_text(o, "result", proof_verdict_word(c->verdict)) &&
              json_put_text(o, "reason", proof_reason_word(c->reason)) &&
              json_put_wall(o, "at", c->at) &&
              json_put(o, "seconds", json_rounded((double)c->milliseconds / 1000, 3)) &&
              put_known(o, "loaded", c->keys) && put_known(o, "expired", c->expired) &&
              json_put_text(o, "text", c->text);
    if (!ok) {
        json_decref(o);
        return NULL;
    }
    return o;
}

static json_t *checks_json(const struct manifest *m)
{
    json_t *list = json_array();
    for (size_t i = 0; i < m->check_count; i++)
        if (json_array_append_new(list, check_json(&m->checks[i])) < 0) {
            json_decref(list);
            return NULL;
        }
    return list;
}

static json_t *suspicious_json(const struct manifest *m)
{
    json_t *list = json_array();
    for (enum backup_suspicion i = 0; i < BACKUP_SUSPICION_COUNT; i++)
        if ((m->suspicious & 1u << i) != 0 &&
            json_array_append_new(list, json_string(backup_suspicion_word(i))) < 0) {
            json_decref(list);
            return NULL;
        }
    return list;
}

static json_t *accepted_json(const struct manifest *m)
{
    json_t *o = json_object();
    if (!json_put_wall(o, "at", m->accepted_at) || !json_put_text(o, "by", m->accepted_by)) {
        json_decref(o);
        return NULL;
    }
    return o;
}

static json_t *live_json(const struct manifest *m)
{
    json_t *o = json_object();
    if (!put_known(o, "before", m->live_before) || !put_known(o, "after", m->live_after)) {
        json_decref(o);
        return NULL;
    }
    return o;
}

int manifest_write(const struct manifest *m, struct buf *to, struct error *err)
{
    JSON_CLEANUP json_t *o = json_object();
    bool ok =
        o != NULL && json_put_int(o, "format", MANIFEST_FORMAT) && json_put_text(o, "id", m->id) &&
        json_put_text(o, "kind", backup_kind_word(m->kind)) &&
        json_put_text(o, "reason", m->reason) && json_put_text(o, "by", m->by) &&
        json_put_wall(o, "started_at", m->started) &&
        json_put_wall(o, "finished_at", m->finished) &&
        json_put(o, "source", source_json(&m->source)) && json_put(o, "method", method_json(m)) &&
        json_put(o, "impact", impact_json(m)) && json_put(o, "files", files_json(m)) &&
        json_put(o, "rdb", rdb_json(m)) && json_put(o, "live", live_json(m)) &&
        json_put(o, "checks", checks_json(m)) &&
        json_put_text(o, "proved", proof_level_word(m->proved)) &&
        json_put(o, "suspicious", suspicious_json(m)) && json_put(o, "copies", copies_json(m)) &&
        json_put_wall(o, "pinned_until", m->pinned_until) &&
        (m->accepted_at.ms == WALL_NONE.ms || json_put(o, "accepted", accepted_json(m)));
    char *text = ok ? json_dumps(o, JSON_WRITE_FLAGS | JSON_INDENT(2)) : NULL;
    int r = text == NULL ? -ENOMEM : buf_printf(to, "%s\n", text);
    free(text);
    return r < 0 ? error_set_errno(err, r, "cannot write the manifest of %s", m->id) : 0;
}
