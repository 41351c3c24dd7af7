/* The section `backup`: what one key alone cannot say. */
#include "settings/reader_state.h"

static const struct found *found_at(const struct found found[KEYS_MAX], const char *name)
{
    const struct found *f = &found[key_index(key_find(PLACE_BACKUP, name))];
    return f->key == NULL ? NULL : f;
}

void reader_check_backup(struct reader *r, const yaml_node_t *map,
                         const struct found found[KEYS_MAX])
{
    struct service_settings *service = r->base[BASE_SERVICE];
    const struct found *schedule = found_at(found, "schedule");
    const struct found *every = found_at(found, "every");
    const struct found *recipients = found_at(found, "recipients");
    (void)map;
    if (schedule != NULL && every != NULL)
        reader_fail(r, every->key->start_mark,
                    "`every` does not go with `schedule` (line %zu): remove one of them",
                    schedule->key->start_mark.line + 1);
    else if (schedule != NULL) /* a service replaces what the top level says */
        service->backup.every_ms = 0;
    else if (every != NULL)
        service->backup.minute = 0;
    /* Without this the backups would lie open on the disk. */
    if (recipients != NULL)
        reader_fail(r, recipients->key->start_mark,
                    "`recipients` is not supported by this version, and backups would not be "
                    "sealed: remove it, and protect `directory` in another way");
}
