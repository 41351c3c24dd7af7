#include "restore/helper_facts.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "base/json.h"
#include "base/str.h"

static int wrong(struct error *err, const char *member)
{
    return error_set(err, -EBADMSG,
                     "the helper's answer is not understood (%s): is it of the same version?",
                     member);
}

static bool get_size(const json_t *o, const char *key, uint64_t *ret)
{
    int64_t value = json_int_or(o, key, -1);
    *ret = value < 0 ? 0 : (uint64_t)value;
    return value >= 0;
}

static bool get_name(const json_t *o, const char *key, char to[PLACEMENT_NAME_MAX])
{
    const char *text = json_text_or(o, key, "");
    return placement_name_valid(text) && str_copy(to, PLACEMENT_NAME_MAX, text);
}

static const char *read_place(const json_t *o, struct placement_place *place)
{
    const char *dir = json_text_or(o, "dir", "");
    if (!placement_dir_valid(dir) || !str_copy(place->dir, sizeof place->dir, dir))
        return "dir";
    if (!get_name(o, "dbfilename", place->dump))
        return "dbfilename";
    if (!get_name(o, "appenddirname", place->aof_folder))
        return "appenddirname";
    if (!get_name(o, "appendfilename", place->aof_name))
        return "appendfilename";
    if (!get_size(o, "reserve_bytes", &place->reserve_bytes))
        return "reserve_bytes";
    return get_size(o, "max_bytes", &place->bytes_max) ? NULL : "max_bytes";
}

static const char *read_facts(const json_t *o, struct placement_facts *f)
{
    const char *aside = json_text_or(o, "newest_aside", "-");
    const json_t *running = json_object_get(o, "running");
    f->dump_bytes = json_int_or(o, "dump_bytes", -1);
    f->aof_bytes = json_int_or(o, "aof_bytes", -1);
    f->manifest = json_bool_or(o, "manifest", false);
    f->running = json_is_true(running);
    if (!get_size(o, "free_bytes", &f->free_bytes))
        return "free_bytes";
    if (!json_is_boolean(running))
        return "running";
    if (aside[0] != '\0' && !placement_id_valid(aside))
        return "newest_aside";
    (void)str_copy(f->newest_aside, sizeof f->newest_aside, aside);
    return NULL;
}

struct names {
    const struct placement_place *place;
    redis_conf_line *line;
    void *context;
    struct error *err;
    int result;
};

/* The helper works where its own settings say: they have to name what Redis reads. */
static void compare(struct names *n, const char *name, const char *value)
{
    const struct placement_place *p = n->place;
    const struct {
        const char *name, *helper;
    } rows[] = {{"dir", p->dir},
                {"dbfilename", p->dump},
                {"appenddirname", p->aof_folder},
                {"appendfilename", p->aof_name}};
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++)
        if (strcasecmp(rows[i].name, name) == 0 && n->result == 0 &&
            !str_equal(rows[i].helper, value))
            n->result = error_set(n->err, -EINVAL,
                                  "redis.conf says `%s %.200s`, /etc/resus-restore-helper.conf on "
                                  "the host says %.200s: let both say the same",
                                  rows[i].name, value, rows[i].helper);
}

static bool read_lines(const json_t *list, struct names *n)
{
    size_t i;
    const json_t *pair;
    if (!json_is_array(list) || json_array_size(list) > HELPER_FACTS_LINES_MAX)
        return false;
    json_array_foreach(list, i, pair) {
        const char *name = json_string_value(json_array_get(pair, 0));
        const char *value = json_string_value(json_array_get(pair, 1));
        if (json_array_size(pair) != 2 || name == NULL || value == NULL)
            return false;
        compare(n, name, value);
        n->line(n->context, name, value);
    }
    return true;
}

int helper_facts_read(const char *text, struct placement_place *place,
                      struct placement_facts *facts, enum redis_conf_aof *aof,
                      redis_conf_line *line, void *context, struct error *err)
{
    json_error_t why;
    JSON_CLEANUP json_t *o = json_loads(text, JSON_READ_FLAGS, &why);
    const char *member = o == NULL ? why.text : read_place(o, place);
    if (member == NULL)
        member = read_facts(o, facts);
    if (member != NULL)
        return wrong(err, member);
    const json_t *on = json_object_get(o, "appendonly");
    if (!json_is_boolean(on) && !json_is_null(on))
        return wrong(err, "appendonly");
    *aof = json_is_null(on)   ? REDIS_CONF_AOF_UNKNOWN
           : json_is_true(on) ? REDIS_CONF_AOF_ON
                              : REDIS_CONF_AOF_OFF;
    struct names names = {.place = place, .line = line, .context = context, .err = err};
    if (!read_lines(json_object_get(o, "config"), &names))
        return wrong(err, "config");
    return names.result;
}
