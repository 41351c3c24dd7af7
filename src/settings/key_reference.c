/* The key table for people: the reference in docs/configuration.md, and what is said of a key that
 * is not there. */
#include <string.h>

#include "base/str.h"
#include "settings/keys.h"

void key_unknown(enum place place, const char *name, char *to, size_t size)
{
    const char *names[KEYS_MAX];
    size_t count = 0;
    for (size_t i = 0; i < key_count; i++)
        if (keys[i].place == place)
            names[count++] = keys[i].name;
    char clean[64];
    (void)str_copy_clean(clean, sizeof clean, name, strnlen(name, sizeof clean));
    (void)str_format(to, size, "unknown key `%s`", clean);
    const char *nearest = str_nearest(names, count, name);
    if (nearest != NULL) {
        (void)str_append(to, size, "; did you mean `%s`?", nearest);
        return;
    }
    for (size_t i = 0; i < key_count; i++)
        if (str_equal(keys[i].name, name) && keys[i].type != KEY_ALIEN) {
            (void)str_append(to, size, "; it belongs %s%s%s",
                             keys[i].place == PLACE_ROOT ? "to the top level" : "under `",
                             place_path(keys[i].place), keys[i].place == PLACE_ROOT ? "" : "`");
            return;
        }
    (void)str_append(to, size, "; known here:");
    for (size_t i = 0, shown = 0; i < key_count; i++)
        if (keys[i].place == place && keys[i].type != KEY_ALIEN && keys[i].same_as == NULL)
            (void)str_append(to, size, "%s %s", shown++ == 0 ? "" : ",", keys[i].name);
}

static int reference_row(const struct key *k, struct buf *out)
{
    char choices[128] = "";
    for (size_t i = 0; k->choices != NULL && k->choices[i] != NULL; i++)
        (void)str_append(choices, sizeof choices, "%s`%s`", i == 0 ? "" : ", ", k->choices[i]);
    char range[64] = "";
    if (k->max > k->min && k->type != KEY_SPAN && k->type != KEY_SPAN_OFF)
        (void)str_format(range, sizeof range, "%s%.10g to %.10g",
                         k->type == KEY_INT_OR_0 ? "0, " : "", k->min, k->max);
    if (k->type == KEY_SIZE)
        (void)str_format(range, sizeof range, "4KB to 900GB");
    const char *quote = k->standard == NULL ? "" : "`";
    if (k->type == KEY_ALIEN)
        return buf_printf(out, "| `%s` | | | no effect: %s |\n", k->name, k->help);
    if (k->same_as != NULL)
        return buf_printf(out, "| `%s` | %s | | another name of `%s` |\n", k->name, range,
                          k->same_as);
    return buf_printf(out, "| `%s` | %s%s%s | %s%s%s | %s |\n", k->name,
                      k->type == KEY_BOOL ? "`true`, `false`" : "", choices, range, quote,
                      k->standard == NULL ? "" : k->standard, quote,
                      k->help == NULL ? "" : k->help);
}

int key_reference(struct buf *out)
{
    for (int place = 0; place < PLACE_COUNT; place++) {
        const char *path = place_path((enum place)place);
        int r = place == PLACE_ROOT ? buf_printf(out, "### Top level\n\n")
                                    : buf_printf(out, "\n### `%s`\n\n", path);
        if (r == 0)
            r = buf_printf(out, "| key | values | default | meaning |\n|---|---|---|---|\n");
        for (size_t i = 0; i < key_count && r == 0; i++)
            if (keys[i].place == (enum place)place)
                r = reference_row(&keys[i], out);
        if (r < 0)
            return r;
    }
    return 0;
}
