#include "restore/job_json.h"

#include <errno.h>

#include "base/str.h"

json_t *job_json(const struct restore_job *job)
{
    json_t *o = json_object();
    bool ok = json_put_int(o, "format", JOB_FORMAT) &&
              json_put_text(o, "state", restore_state_word(job->state)) &&
              json_put_text(o, "staged", job->staged) &&
              json_put_bool(o, "place_aof", job->place_aof) &&
              json_put_bool(o, "was_running", job->was_running);
    if (ok)
        return o;
    json_decref(o);
    return NULL;
}

int job_read(const json_t *json, struct restore_job *ret, struct error *err)
{
    struct restore_job job = {.place_aof = json_bool_or(json, "place_aof", false),
                              .was_running = json_bool_or(json, "was_running", false)};
    const char *state = json_text_or(json, "state", "");
    const char *staged = json_text_or(json, "staged", "");
    int found = -1;
    for (int s = 0; s < RESTORE_STATE_COUNT && found < 0; s++)
        found = str_equal(restore_state_word((enum restore_state)s), state) ? s : -1;
    if (json_int_or(json, "format", 0) != JOB_FORMAT || found < 0 ||
        (staged[0] != '\0' && !placement_id_valid(staged)))
        return error_set(err, -EBADMSG, "this is not a restore of format %d", JOB_FORMAT);
    job.state = (enum restore_state)found;
    (void)str_copy(job.staged, sizeof job.staged, staged);
    *ret = job;
    return 0;
}
