#include "cli/contexts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/service_id.h"
#include "base/str.h"
#include "cli/remote.h"
#include "io/file.h"
#include "settings/limits.h"

/* ---- the file ------------------------------------------------------------------------------- */

int contexts_path(char *to, size_t size, struct error *err)
{
    const char *configuration = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
    bool own = configuration != NULL && configuration[0] == '/';
    if (!own && (home == NULL || home[0] != '/'))
        return error_set(err, -ENOENT, "there is no $HOME to look for contexts in");
    bool fits = own ? str_format(to, size, "%s/resus/contexts.json", configuration)
                    : str_format(to, size, "%s/.config/resus/contexts.json", home);
    return fits ? 0 : error_set(err, -ENAMETOOLONG, "the path of the contexts is too long");
}

static json_t *no_contexts(void)
{
    json_t *all = json_object();
    (void)json_put_null(all, "current");
    (void)json_put(all, "contexts", json_object());
    return all;
}

static bool text_or_none(const json_t *object, const char *key)
{
    const json_t *member = json_object_get(object, key);
    return member == NULL || json_is_string(member);
}

/* What was written by hand may be anything. */
static bool well_formed(const json_t *all)
{
    const json_t *current = json_object_get(all, "current");
    const json_t *contexts = json_object_get(all, "contexts");
    const char *name;
    json_t *one;
    if (!json_is_object(contexts) || json_object_size(contexts) > CONTEXTS_MAX ||
        !(current == NULL || json_is_null(current) || json_is_string(current)))
        return false;
    json_object_foreach((json_t *)contexts, name, one) {
        if (!service_id_good(name) || !json_is_string(json_object_get(one, "url")) ||
            !text_or_none(one, "token_file") || !text_or_none(one, "ca_file") ||
            !text_or_none(one, "pin"))
            return false;
    }
    return true;
}

int contexts_read(json_t **ret, struct error *err)
{
    char path[SETTINGS_PATH_MAX];
    struct buf text = BUF_LIMIT(CONTEXTS_FILE_MAX);
    int rc = contexts_path(path, sizeof path, err);
    if (rc == 0)
        rc = file_read_secret(path, &text, err);
    if (rc == -ENOENT) {
        *ret = no_contexts();
        buf_free(&text);
        return *ret == NULL ? error_set(err, -ENOMEM, "out of memory") : 0;
    }
    json_t *all = rc < 0 ? NULL : json_loadb(buf_text(&text), text.length, JSON_READ_FLAGS, NULL);
    buf_free(&text);
    if (rc < 0)
        return rc;
    if (!well_formed(all)) {
        json_decref(all);
        return error_set(err, -EINVAL, "%s is not what `resus context` writes: fix it or remove it",
                         path);
    }
    *ret = all;
    return 0;
}

int contexts_write(const json_t *all, struct error *err)
{
    char path[SETTINGS_PATH_MAX];
    int rc = contexts_path(path, sizeof path, err);
    if (rc < 0)
        return rc;
    char *text = json_dumps(all, JSON_INDENT(2) | JSON_SORT_KEYS);
    if (text == NULL)
        return error_set(err, -ENOMEM, "out of memory");
    rc = file_make_folder_of(path, 0700, err);
    if (rc == 0)
        rc = file_write_atomic(path, text, strlen(text), 0600, err);
    free(text);
    return rc;
}

int context_check_name(const char *name, struct error *err)
{
    if (!service_id_good(name))
        return error_set(err, -EINVAL,
                         "a context's name is 1 to 63 of a-z, 0-9, _ and -, beginning with a "
                         "letter or digit");
    if (str_equal(name, CONTEXT_LOCAL))
        return error_set(err, -EINVAL, "`local` is the daemon of this machine");
    return 0;
}

/* ---- which one ------------------------------------------------------------------------------ */

static const char *variable(const char *name)
{
    const char *value = getenv(name);
    return value == NULL || value[0] == '\0' ? NULL : value;
}

static void fill(struct invocation *in, const char *url, const char *token_file,
                 const char *ca_file, const char *pin)
{
    in->url = url;
    in->token_file = in->token_file != NULL ? in->token_file : token_file;
    /* One of the two is enough, and what is on the command line is meant to hold. */
    bool proved = in->ca_file != NULL || in->pin != NULL;
    in->ca_file = proved ? in->ca_file : ca_file;
    in->pin = proved ? in->pin : pin;
}

static int named(struct invocation *in, const char *name, json_t *all, json_t **ret_kept,
                 struct error *err)
{
    const json_t *one = json_object_get(json_object_get(all, "contexts"), name);
    if (one == NULL) {
        json_decref(all);
        return error_set(err, -EINVAL, "there is no context \"%s\"; `resus context list` has them",
                         name);
    }
    fill(in, json_text_or(one, "url", ""), json_text_or(one, "token_file", NULL),
         json_text_or(one, "ca_file", NULL), json_text_or(one, "pin", NULL));
    in->context = name;
    *ret_kept = all;
    return 0;
}

int context_choose(struct invocation *in, json_t **ret_kept, bool *ret_saved, struct error *err)
{
    const char *name = in->context;
    json_t *all = NULL;
    *ret_kept = NULL;
    *ret_saved = false;
    if (in->url != NULL || (name == NULL && in->config != NULL))
        return 0;
    if (name == NULL && variable("RESUS_URL") != NULL) {
        fill(in, variable("RESUS_URL"), variable("RESUS_TOKEN_FILE"), variable("RESUS_CA_FILE"),
             variable("RESUS_PIN"));
        const struct remote_target target = {.url = in->url, .pin = in->pin};
        return remote_check(&target, err) < 0 ? error_prefix(err, "$RESUS_URL") : 0;
    }
    if (name == NULL)
        name = variable("RESUS_CONTEXT");
    bool saved = name == NULL;
    if (saved ? variable("RESUS_CONFIG") != NULL : str_equal(name, CONTEXT_LOCAL))
        return 0;
    int rc = contexts_read(&all, err);
    /* Without a home there are no contexts, nor in one that belongs to another account: su and sudo
     * may leave $HOME as it was. */
    if (saved && (rc == -ENOENT || rc == -EACCES))
        return 0;
    if (rc < 0)
        return rc;
    if (saved)
        name = json_text_or(all, "current", NULL);
    if (name == NULL) {
        json_decref(all);
        return 0;
    }
    *ret_saved = saved;
    return named(in, name, all, ret_kept, err);
}
