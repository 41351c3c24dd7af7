#include "cli/overview.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"

#define STATES_MAX 16

/* ---- which ---------------------------------------------------------------------------------- */

/* The next word of a list, without what parts it; false at its end. */
static bool next_word(const char **at, const char *between, const char **ret, size_t *ret_length)
{
    *at += strspn(*at, between);
    *ret = *at;
    *ret_length = strcspn(*at, between);
    *at += *ret_length;
    return *ret_length > 0;
}

static bool has_word(const char *words, const char *between, const char *wanted, size_t length)
{
    const char *word;
    size_t size;
    while (next_word(&words, between, &word, &size))
        if (size == length && strncmp(word, wanted, length) == 0)
            return true;
    return false;
}

static int check_states(const char *states, struct error *err)
{
    char known[] = OVERVIEW_STATE_WORDS, given[64];
    const char *names[STATES_MAX], *at = states, *word;
    size_t count = 0, length;
    for (char *rest = known, *one; count < STATES_MAX && (one = strsep(&rest, " ")) != NULL;)
        names[count++] = one;
    if (states[strspn(states, ",")] == '\0')
        return error_set(err, -EINVAL, "--state needs a word: %s", OVERVIEW_STATE_WORDS);
    while (next_word(&at, ",", &word, &length)) {
        (void)str_copy_n(given, sizeof given, word, length);
        if (str_index(names, count, given) >= 0)
            continue;
        const char *near = str_nearest(names, count, given);
        return near != NULL
                   ? error_set(err, -EINVAL, "--state: \"%s\" is no state; did you mean %s?", given,
                               near)
                   : error_set(err, -EINVAL, "--state: \"%s\" is no state; known are: %s", given,
                               OVERVIEW_STATE_WORDS);
    }
    return 0;
}

int overview_filter_read(const struct invocation *in, struct overview_filter *ret,
                         struct error *err)
{
    *ret = (struct overview_filter){.states = in->options[OPTION_STATE],
                                    .group = in->options[OPTION_GROUP],
                                    .tag = in->options[OPTION_TAG],
                                    .text = in->sub};
    return ret->states == NULL ? 0 : check_states(ret->states, err);
}

static bool in_state(const json_t *item, const char *states)
{
    const char *status = json_text_or(item, "status", "unknown");
    const char *overall = json_text_or(item, "overall_status", "unknown");
    return has_word(states, ",", status, strlen(status)) ||
           has_word(states, ",", overall, strlen(overall));
}

static bool has_tag(const json_t *item, const char *tag)
{
    size_t i;
    json_t *one;
    json_array_foreach(json_object_get(item, "tags"), i, one) {
        if (str_equal(json_string_value(one), tag))
            return true;
    }
    return false;
}

static bool contains(const char *text, const char *part)
{
    size_t length = strlen(part);
    for (; *text != '\0'; text++)
        if (strncasecmp(text, part, length) == 0)
            return true;
    return length == 0;
}

static bool has_text(const json_t *item, const char *part)
{
    static const char *const keys[] = {"id", "name", "group", "cause"};
    size_t i;
    json_t *tag;
    for (i = 0; i < ARRAY_LENGTH(keys); i++)
        if (contains(json_text_or(item, keys[i], ""), part))
            return true;
    json_array_foreach(json_object_get(item, "tags"), i, tag) {
        if (json_is_string(tag) && contains(json_string_value(tag), part))
            return true;
    }
    return false;
}

static bool wanted(const json_t *item, const struct overview_filter *f)
{
    return (f->states == NULL || in_state(item, f->states)) &&
           (f->group == NULL || strcasecmp(json_text_or(item, "group", ""), f->group) == 0) &&
           (f->tag == NULL || has_tag(item, f->tag)) &&
           (f->text == NULL || has_text(item, f->text));
}

/* ---- in which order ------------------------------------------------------------------------- */

enum overview_rank overview_rank(const json_t *item)
{
    const char *overall = json_text_or(item, "overall_status", "unknown");
    bool healthy = str_equal(overall, "healthy");
    bool held = json_is_object(json_object_get(item, "maintenance"));
    if (str_equal(json_text_or(item, "cause", ""), "stopped_on_purpose") || (held && !healthy))
        return RANK_PLANNED;
    if (healthy)
        return !held && json_is_object(json_object_get(item, "not_guarded")) ? RANK_NOT_GUARDED
                                                                             : RANK_HEALTHY;
    if (str_equal(overall, "critical"))
        return RANK_CRITICAL;
    return str_equal(overall, "degraded") ? RANK_DEGRADED : RANK_UNKNOWN;
}

void overview_count(const json_t *items, size_t ret[RANK_COUNT])
{
    size_t i;
    json_t *item;
    memset(ret, 0, RANK_COUNT * sizeof ret[0]);
    json_array_foreach(items, i, item) {
        ret[overview_rank(item)]++;
    }
}

struct ranked {
    json_t *item;
    enum overview_rank rank;
    const char *id;
};

static int compare(const void *a, const void *b)
{
    const struct ranked *x = a, *y = b;
    return x->rank != y->rank ? (int)x->rank - (int)y->rank : strcmp(x->id, y->id);
}

json_t *overview_select(const json_t *body, const struct overview_filter *filter)
{
    const json_t *items = json_object_get(body, "items");
    struct ranked *rows = mem_calloc(json_array_size(items) + 1, sizeof *rows);
    json_t *selected = json_copy((json_t *)body), *list = json_array();
    size_t count = 0, i;
    json_t *item;
    bool ok = rows != NULL && list != NULL;
    json_array_foreach(items, i, item) {
        if (ok && wanted(item, filter))
            rows[count++] =
                (struct ranked){item, overview_rank(item), json_text_or(item, "id", "")};
    }
    if (ok)
        qsort(rows, count, sizeof *rows, compare);
    for (i = 0; ok && i < count; i++)
        ok = json_array_append(list, rows[i].item) == 0;
    mem_free(rows);
    ok = json_put(selected, "items", list) && ok;
    if (ok)
        return selected;
    json_decref(selected);
    return NULL;
}
