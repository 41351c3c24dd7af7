/* `fleet`: the addresses of etcd, and what does not go with several engines. */
#include <ctype.h>
#include <string.h>

#include "base/str.h"
#include "settings/reader_state.h"

void reader_take_url(struct reader *r, const struct key *row, const yaml_node_t *node,
                     const char *text)
{
    struct url_list *list = (void *)((char *)r->base[row->base] + row->offset);
    const struct key one = {.name = row->name, .type = KEY_URL, .size = SETTINGS_URL_MAX};
    struct error err = {0};
    if (list->count == SETTINGS_ETCD_MAX) {
        reader_fail(r, node->start_mark, "`%s` has more than %d entries", row->name,
                    SETTINGS_ETCD_MAX);
        return;
    }
    if (key_set(&one, list->urls[list->count], text, &err) < 0) {
        reader_fail(r, node->start_mark, "%s", err.text);
        return;
    }
    const char *url = list->urls[list->count], *rest = strstr(url, "://");
    if (rest != NULL && strpbrk(rest + 3, "/?#") != NULL)
        reader_fail(r, node->start_mark,
                    "`%s` must be addresses without a path, such as https://10.0.0.1:2379",
                    row->name);
    for (size_t i = 0; i < list->count; i++)
        if (str_equal(list->urls[i], url))
            reader_fail(r, node->start_mark, "`%s` names %s twice", row->name, url);
    list->count++;
}

/* A prefix of keys: what stands behind it begins with a slash of its own. */
static bool good_prefix(const char *prefix)
{
    size_t length = strlen(prefix);
    for (const char *p = prefix; *p != '\0'; p++)
        if (!isalnum((unsigned char)*p) && strchr("/._-", *p) == NULL)
            return false;
    return length > 1 && prefix[0] == '/' && prefix[length - 1] != '/';
}

void reader_check_fleet(struct reader *r, const yaml_node_t *map,
                        const struct found found[KEYS_MAX])
{
    const struct fleet_settings *f = &r->settings->fleet;
    const struct found *prefix = &found[key_index(key_find(PLACE_FLEET, "prefix"))];
    bool secured = f->ca_file[0] != '\0' || f->certificate[0] != '\0';
    if (f->etcd.count == 0)
        reader_fail(r, map->start_mark,
                    "`fleet` needs `etcd`: a list such as [https://10.0.0.1:2379]");
    if ((f->certificate[0] == '\0') != (f->key[0] == '\0'))
        reader_fail(r, map->start_mark, "`certificate` and `key` go together: `%s` is missing",
                    f->key[0] == '\0' ? "key" : "certificate");
    for (size_t i = 0; secured && i < f->etcd.count; i++)
        if (!str_starts(f->etcd.urls[i], "https://")) {
            reader_fail(r, map->start_mark,
                        "with `ca_file` or `certificate` each address of `etcd` must begin with "
                        "https://, and %s does not",
                        f->etcd.urls[i]);
            break;
        }
    if (!good_prefix(f->prefix))
        reader_fail(r, prefix->key == NULL ? map->start_mark : prefix->key->start_mark,
                    "`prefix` must begin with / and hold letters, digits, / . _ - alone, such as "
                    "/resus/1");
}

void reader_check_shared_control(struct reader *r, yaml_mark_t mark)
{
    static const char *const words[] = {
        [CONTROL_SYSTEMD] = "systemd", [CONTROL_SSH] = "ssh", [CONTROL_PROCESS] = "process"};
    const struct settings *s = r->settings;
    for (size_t i = 0; s->fleet.etcd.count > 0 && i < s->service_count; i++)
        if (s->services[i].control != CONTROL_SSH) {
            reader_fail(r, mark,
                        "`fleet` needs `control: ssh`: service %s has `control: %s`, which acts on "
                        "the engine's own machine, so that each engine would act on another one",
                        s->services[i].id, words[s->services[i].control]);
            return;
        }
}
