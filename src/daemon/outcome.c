#include "daemon/outcome.h"

#include <errno.h>
#include <string.h>

#include "base/str.h"
#include "host/process_facts.h"
#include "host/systemctl.h"
#include "redis/reply.h"

static void read_log_line(void *context, const struct journal_line *line)
{
    log_read(context, line->message, strlen(line->message));
}

static void first_line(const char *text, size_t length, char *to, size_t size)
{
    const char *end = memchr(text, '\n', length);
    (void)str_copy_clean(to, size, text, end == NULL ? length : (size_t)(end - text));
}

static void read_output(const struct host_result *r, int number, struct host_outcome *o)
{
    struct log_reading reader = {0};
    switch (o->command) {
    case HOST_STATUS:
    case HOST_SHOW:
    case HOST_IS_ACTIVE:
        systemctl_parse_result(o->command, r, &o->unit);
        break;
    case HOST_JOURNAL:
        (void)journal_parse(r->out, r->out_length, read_log_line, &reader);
        break;
    case HOST_PROCESS:
        process_facts_parse(r->out, r->out_length, number, &o->process);
        break;
    case HOST_LOG_TAIL:
        (void)redis_log_parse(r->out, r->out_length, read_log_line, &reader);
        break;
    default:
        break;
    }
    o->log = reader.facts;
    o->saving = reader.saving;
    o->restart = reader.restart;
    o->log_empty = reader.lines == 0;
    o->not_applicable = o->command == HOST_RELOAD && host_reload_unsupported(r->err, r->err_length);
    bool runs = o->command == HOST_START || o->command == HOST_RESTART || o->command == HOST_RELOAD;
    o->job_cancelled = runs && r->exit_code != 0 && host_job_cancelled(r->err, r->err_length);
    o->refusal = host_refusal_of(o->command, r->exit_code, r->out_length, r->err, r->err_length);
    o->out = r->out;
    o->out_length = r->out_length;
}

/* The host was reached, and does not let us in. */
static bool denied(const struct host_result *r)
{
    int code = r->error.code;
    return code == -EACCES || code == SSH_KEY_REFUSED || code == -EKEYREJECTED || code == -ENOKEY;
}

void outcome_read(uint64_t id, enum host_command command, int number, const struct host_result *r,
                  struct host_outcome *ret)
{
    *ret = (struct host_outcome){
        .id = id,
        .command = command,
        .end = r->end,
        .exit_code = r->exit_code,
        .duration_ms = r->duration_ms,
    };
    facts_unit_reset(&ret->unit);
    ret->process.cpu_ms = ret->process.tracer_pid = FACT_UNKNOWN;
    ret->unit.control_reached = r->end == HOST_EXITED ? TRI_YES : TRI_NO;
    ret->unit.control_denied = denied(r);
    if (r->error.code != 0)
        (void)str_copy(ret->error, sizeof ret->error, r->error.text);
    else if (r->err != NULL)
        first_line(r->err, r->err_length, ret->error, sizeof ret->error);
    if (ret->error[0] == '\0' && r->end == HOST_SIGNALLED)
        (void)str_format(ret->error, sizeof ret->error, "the command was ended by signal %d",
                         r->signal);
    if (ret->error[0] == '\0' && r->end == HOST_TIMED_OUT)
        (void)str_copy(ret->error, sizeof ret->error, "the command did not end in time");
    if (r->end == HOST_EXITED)
        read_output(r, number, ret);
}
