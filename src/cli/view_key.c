/* The rotation of an SSH key: what was done, and what a person does next. */
#include "cli/view_key.h"
#include "base/json.h"

static void fact(struct page *p, const json_t *body, const char *label, const char *file,
                 const char *fingerprint)
{
    const char *path = json_text_or(body, file, NULL);
    if (path != NULL)
        page_field(p, label, "%s  %s", path, json_text_or(body, fingerprint, ""));
}

void view_key_rotation(struct page *p, const json_t *body, const struct invocation *in)
{
    const json_t *hosts = json_object_get(body, "hosts");
    size_t i;
    json_t *host;
    (void)in;
    page_put(p, "%s\n\n", json_text_or(body, "message", ""));
    page_field(p, "Key", "%s", json_text_or(body, "key", ""));
    fact(p, body, "New key", "new_file", "new_fingerprint");
    fact(p, body, "Old key", "old_file", "old_fingerprint");
    json_array_foreach(hosts, i, host) {
        const char *line = json_text_or(host, "line", NULL);
        const char *command = json_text_or(host, "command", NULL);
        if (command == NULL)
            continue;
        page_put(p, "\n%s@%s, port %d", json_text_or(host, "user", ""),
                 json_text_or(host, "host", ""), (int)json_int_or(host, "port", 22));
        if (line != NULL)
            page_put(p,
                     ": this line into ~/.ssh/authorized_keys\n\n%s\n\nas root on Resus' "
                     "machine:\n\n%s\n",
                     line, command);
        else
            page_put(p, ": remove the old line, as root on Resus' machine\n\n%s\n", command);
    }
}
