/* One finding of the doctor, and all of them in their order. */
#include <stdarg.h>
#include <stdio.h>

#include "base/json.h"
#include "doctor/facts.h"

void doctor_put(json_t *items, const char *check, enum finding_status status, const char *fix,
                const char *format, ...)
{
    static const char *const words[] = {
        [FINDING_PASS] = "pass",
        [FINDING_WARNING] = "warning",
        [FINDING_FAIL] = "fail",
        [FINDING_UNKNOWN] = "unknown",
    };
    char message[2048];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(message, sizeof message, format, args);
    va_end(args);
    json_t *item = json_object();
    (void)json_put_text(item, "check", check);
    (void)json_put_text(item, "status", words[status]);
    (void)json_put_text(item, "message", message);
    if (fix != NULL)
        (void)json_put_text(item, "fix", fix);
    (void)json_array_append_new(items, item);
}

json_t *doctor_judge(const struct doctor_facts *f)
{
    json_t *items = json_array();
    doctor_judge_self(f, items);
    if (f->on_host) {
        doctor_judge_host(f, items);
        doctor_judge_evidence(f, items);
        doctor_judge_rights(f, items);
    }
    doctor_judge_redis(f, items);
    doctor_judge_logs(f, items);
    doctor_judge_data(f, items);
    if (f->out_of_time)
        doctor_put(items, "doctor", FINDING_WARNING, "run `resus doctor` again",
                   "the answers took so long that not everything was asked");
    return items;
}
