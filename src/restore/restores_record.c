/* A restore as the state database keeps it. Members that are added later need no migration: what is
 * missing has a default here. */
#include <errno.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "restore/job_json.h"
#include "restore/restores_inside.h"

static json_t *databases_json(const struct entry *e)
{
    json_t *list = json_array();
    for (size_t i = 0; i < e->database_count; i++) {
        const struct rdb_counts *d = &e->databases[i];
        (void)json_array_append_new(list, json_pack("[I,I,I]", (json_int_t)d->db,
                                                    (json_int_t)d->keys, (json_int_t)d->expires));
    }
    return list;
}

static json_t *place_json(const struct placement_place *place)
{
    json_t *o = json_object();
    (void)json_put_text(o, "dir", place->dir);
    (void)json_put_text(o, "dump", place->dump);
    (void)json_put_text(o, "aof_folder", place->aof_folder);
    (void)json_put_text(o, "aof_name", place->aof_name);
    (void)json_put_text(o, "config", place->config);
    return o;
}

static json_t *user_json(const struct engine_user *user)
{
    json_t *o = json_object();
    (void)json_put_text(o, "id", user->id);
    (void)json_put_text(o, "email", user->email);
    (void)json_put_text(o, "role", user->role);
    (void)json_put_text(o, "source_ip", user->source_ip);
    return o;
}

static json_t *copy_json(const struct replica_copy *copy)
{
    json_t *o = json_object();
    (void)json_put_text(o, "id", copy->id);
    (void)json_put_text(o, "address", copy->address);
    (void)json_put_int(o, "port", copy->port);
    (void)json_put_int(o, "keys_before", copy->keys_before);
    (void)json_put_int(o, "expires_before", copy->expires_before);
    return o;
}

json_t *entry_body(const struct entry *e)
{
    json_t *o = json_object();
    bool ok =
        json_put_text(o, "phase", e->state < RESTORES_DONE ? "open" : "over") &&
        json_put_int(o, "at", e->began.ms) && json_put_int(o, "ended", e->ended.ms) &&
        json_put_text(o, "state", restores_state_word(e->state)) &&
        json_put_text(o, "service", e->service) && json_put_text(o, "source", e->source) &&
        json_put_text(o, "backup", e->backup) &&
        json_put_text(o, "method", restore_method_word(e->method)) &&
        json_put_text(o, "mode", restore_mode_word(e->mode)) && json_put_int(o, "db", e->db) &&
        json_put_text(o, "match", e->match) && json_put_text(o, "reason", e->reason) &&
        json_put_text(o, "text", e->text) && json_put_text(o, "safety", e->safety) &&
        json_put_int(o, "keys", e->keys) && json_put_int(o, "keys_before", e->keys_before) &&
        json_put_int(o, "restored", e->restored) && json_put_int(o, "kept", e->kept) &&
        json_put_int(o, "expired", e->expired) && json_put_int(o, "removed", e->removed) &&
        json_put_int(o, "orders", e->orders) && json_put(o, "user", user_json(&e->user)) &&
        json_put(o, "job", job_json(&e->job)) && json_put(o, "databases", databases_json(e)) &&
        (e->method != RESTORE_BY_FILE || json_put(o, "place", place_json(&e->place))) &&
        (e->method != RESTORE_BY_REPLICATION || json_put(o, "copy", copy_json(&e->copy)));
    if (ok)
        return o;
    json_decref(o);
    return NULL;
}

static int word_of(const json_t *body, const char *key, const char *(*word)(int), int count)
{
    const char *text = json_text_or(body, key, "");
    for (int i = 0; i < count; i++)
        if (str_equal(word(i), text))
            return i;
    return -1;
}

static const char *state_word(int i)
{
    return restores_state_word((enum restores_state)i);
}

static const char *method_word(int i)
{
    return restore_method_word((enum restore_method)i);
}

static const char *mode_word(int i)
{
    return restore_mode_word((enum restore_mode)i);
}

static int read_databases(struct entry *e, const json_t *list, struct error *err)
{
    size_t i;
    const json_t *one;
    size_t count = json_array_size(list);
    if (count > CHECK_DATABASES_MAX)
        return error_set(err, -EBADMSG, "it has more than %d databases", CHECK_DATABASES_MAX);
    e->databases = mem_calloc(count + 1, sizeof e->databases[0]);
    if (e->databases == NULL)
        return error_set(err, -ENOMEM, "out of memory");
    json_array_foreach(list, i, one) {
        e->databases[i] =
            (struct rdb_counts){.db = json_integer_value(json_array_get(one, 0)),
                                .keys = json_integer_value(json_array_get(one, 1)),
                                .expires = json_integer_value(json_array_get(one, 2))};
    }
    e->database_count = count;
    return 0;
}

static void read_place(struct placement_place *place, const json_t *o)
{
    placement_defaults(place);
    (void)str_copy(place->dir, sizeof place->dir, json_text_or(o, "dir", ""));
    (void)str_copy(place->dump, sizeof place->dump, json_text_or(o, "dump", place->dump));
    (void)str_copy(place->aof_folder, sizeof place->aof_folder,
                   json_text_or(o, "aof_folder", place->aof_folder));
    (void)str_copy(place->aof_name, sizeof place->aof_name,
                   json_text_or(o, "aof_name", place->aof_name));
    (void)str_copy(place->config, sizeof place->config, json_text_or(o, "config", ""));
}

static void read_copy(struct replica_copy *copy, const json_t *o)
{
    (void)str_copy(copy->id, sizeof copy->id, json_text_or(o, "id", ""));
    (void)str_copy(copy->address, sizeof copy->address, json_text_or(o, "address", ""));
    copy->port = (int)json_int_or(o, "port", 0);
    copy->keys_before = json_int_or(o, "keys_before", 0);
    copy->expires_before = json_int_or(o, "expires_before", 0);
}

static void read_texts(struct entry *e, const json_t *body)
{
    const json_t *user = json_object_get(body, "user");
    (void)str_copy(e->service, sizeof e->service, json_text_or(body, "service", ""));
    (void)str_copy(e->source, sizeof e->source, json_text_or(body, "source", ""));
    (void)str_copy(e->backup, sizeof e->backup, json_text_or(body, "backup", ""));
    (void)str_copy(e->match, sizeof e->match, json_text_or(body, "match", ""));
    (void)str_copy(e->reason, sizeof e->reason, json_text_or(body, "reason", ""));
    (void)str_copy(e->text, sizeof e->text, json_text_or(body, "text", ""));
    (void)str_copy(e->safety, sizeof e->safety, json_text_or(body, "safety", ""));
    (void)str_copy(e->user.id, sizeof e->user.id, json_text_or(user, "id", "system"));
    (void)str_copy(e->user.email, sizeof e->user.email, json_text_or(user, "email", "system"));
    (void)str_copy(e->user.role, sizeof e->user.role, json_text_or(user, "role", "system"));
    (void)str_copy(e->user.source_ip, sizeof e->user.source_ip,
                   json_text_or(user, "source_ip", "local"));
}

int entry_read(struct entry *e, const json_t *body, struct error *err)
{
    int state = word_of(body, "state", state_word, RESTORES_STATE_COUNT);
    int method = word_of(body, "method", method_word, RESTORE_METHOD_COUNT);
    int mode = word_of(body, "mode", mode_word, RESTORE_MODE_COUNT);
    if (state < 0 || method < 0 || mode < 0)
        return error_set(err, -EBADMSG, "a word in it is not known to this version");
    e->state = (enum restores_state)state;
    e->method = (enum restore_method)method;
    e->mode = (enum restore_mode)mode;
    read_texts(e, body);
    e->began.ms = json_int_or(body, "at", 0);
    e->ended.ms = json_int_or(body, "ended", 0);
    e->db = json_int_or(body, "db", -1);
    e->keys = json_int_or(body, "keys", -1);
    e->keys_before = json_int_or(body, "keys_before", -1);
    e->restored = json_int_or(body, "restored", 0);
    e->kept = json_int_or(body, "kept", 0);
    e->expired = json_int_or(body, "expired", 0);
    e->removed = json_int_or(body, "removed", 0);
    e->orders = (int)json_int_or(body, "orders", 1);
    read_place(&e->place, json_object_get(body, "place"));
    read_copy(&e->copy, json_object_get(body, "copy"));
    int r = job_read(json_object_get(body, "job"), &e->job, err);
    if (r == 0)
        r = read_databases(e, json_object_get(body, "databases"), err);
    return r;
}
