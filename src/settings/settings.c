#include "settings/settings.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "io/file.h"
#include "settings/document.h"
#include "settings/keys.h"
#include "settings/reader.h"

int settings_parse(const char *name, const char *yaml, size_t length, struct settings **ret,
                   struct error *err)
{
    if (length > SETTINGS_FILE_MAX)
        return error_set(err, -EINVAL, "%s:1:1: larger than %d MiB", name,
                         SETTINGS_FILE_MAX / (1024 * 1024));
    struct settings *s = mem_calloc(1, sizeof *s);
    if (s == NULL)
        return error_set(err, -ENOMEM, "%s: no memory for the settings", name);
    (void)str_copy(s->path, sizeof s->path, name);
    yaml_document_t document;
    int r = document_load(name, yaml, length, &document, err);
    if (r == 0) {
        r = reader_run(&document, s, err);
        yaml_document_delete(&document);
    }
    if (r < 0) {
        settings_free(s);
        return r;
    }
    *ret = s;
    return 0;
}

int settings_read(const char *path, struct settings **ret, struct error *err)
{
    struct buf text = BUF_LIMIT(SETTINGS_FILE_MAX);
    int r = file_read(path, &text, err);
    if (r == -ENOENT)
        r = error_set(err, r,
                      "cannot open %s: it does not exist, and `resus setup` writes a first one",
                      path);
    if (r == 0)
        r = settings_parse(path, buf_text(&text), text.length, ret, err);
    if (r >= 0)
        (*ret)->cut = text.length > 0 && text.data[text.length - 1] != '\n';
    buf_free(&text);
    return r;
}

void settings_free(struct settings *s)
{
    if (s == NULL)
        return;
    for (size_t i = 0; i < s->service_count; i++)
        mem_free(s->services[i].affected);
    mem_free(s->services);
    mem_free(s->alerts.channels);
    mem_free(s->alerts.routes);
    mem_free(s->maintenance.windows);
    mem_free(s->copies);
    mem_free(s->recipients);
    mem_free(s);
}

const struct service_settings *settings_service(const struct settings *s, const char *id)
{
    for (size_t i = 0; i < s->service_count; i++)
        if (str_equal(s->services[i].id, id))
            return &s->services[i];
    return NULL;
}

int settings_set_recovery(const char *key, const char *value, struct recovery_policy *recovery,
                          struct watch_policy *watch, struct error *err)
{
    static const char *const names[] = {
        "enabled",           "max_attempts",  "retry_delay_seconds",         "backoff_multiplier",
        "failure_threshold", "external_stop", "external_stop_grace_seconds",
    };
    if (str_index(names, ARRAY_LENGTH(names), key) < 0) {
        const char *nearest = str_nearest(names, ARRAY_LENGTH(names), key);
        char known[256] = "";
        for (size_t i = 0; i < ARRAY_LENGTH(names); i++)
            (void)str_append(known, sizeof known, "%s%s", i == 0 ? "" : ", ", names[i]);
        char shown[64];
        (void)str_copy_clean(shown, sizeof shown, key, strlen(key));
        return error_set(err, -EINVAL, "`%s` cannot be set; %s %s%s", shown,
                         nearest == NULL ? "these can:" : "did you mean",
                         nearest == NULL ? known : nearest, nearest == NULL ? "" : "?");
    }
    const struct key *row = key_find(PLACE_RECOVERY, key);
    if (row != NULL)
        return key_set(row, recovery, value, err);
    return key_set(key_find(PLACE_HEALTH, key), watch, value, err);
}

static bool same_rows(enum key_opens opens, const void *a, const void *b)
{
    for (size_t i = 0; i < key_count; i++)
        if (keys[i].opens == opens && !key_equal(&keys[i], a, b))
            return false;
    return true;
}

bool settings_same_redis(const struct service_settings *a, const struct service_settings *b)
{
    return same_rows(OPENS_REDIS, a, b);
}

bool settings_same_login(const struct ssh_settings *a, const struct ssh_settings *b)
{
    return a->port == b->port && str_equal(a->host, b->host) && str_equal(a->user, b->user);
}

bool settings_same_control(const struct service_settings *a, const struct service_settings *b)
{
    return same_rows(OPENS_CONTROL, a, b);
}

bool settings_moved(const struct settings *a, const struct settings *b, char *ret_key, size_t size)
{
    for (size_t s = 0; s < a->service_count; s++) {
        const struct service_settings *before = &a->services[s];
        const struct service_settings *after = settings_service(b, before->id);
        for (size_t i = 0; after != NULL && i < key_count; i++) {
            const struct key *row = &keys[i];
            if (row->base != BASE_SERVICE || !row->restart || !key_matters(row, before) ||
                key_equal(row, before, after))
                continue;
            key_full_name(row, before->id, ret_key, size);
            return true;
        }
    }
    return false;
}

bool settings_status_public(const struct settings *s, const struct service_settings *service)
{
    return service->status_access == STATUS_AS_SERVER ? s->server.public_status
                                                      : service->status_access == STATUS_PUBLIC;
}

bool settings_some_public(const struct settings *s)
{
    for (size_t i = 0; i < s->service_count; i++)
        if (settings_status_public(s, &s->services[i]))
            return true;
    return false;
}

bool settings_regrouped(const struct settings *a, const struct settings *b)
{
    bool same = a->service_count == b->service_count;
    for (size_t s = 0; same && s < a->service_count; s++)
        same = str_equal(a->services[s].id, b->services[s].id);
    return !same;
}

size_t settings_restart_needed(const struct settings *a, const struct settings *b, char *ret_keys,
                               size_t size)
{
    size_t count = 0;
    if (size > 0)
        ret_keys[0] = '\0';
    for (size_t i = 0; i < key_count; i++)
        if (keys[i].base == BASE_SETTINGS && keys[i].restart && !key_equal(&keys[i], a, b))
            (void)str_append(ret_keys, size, "%s%s.%s", count++ == 0 ? "" : ", ",
                             place_path(keys[i].place), keys[i].name);
    return count;
}
