/* What a host and a Redis say, up to the verdict and its sentences: sections between lines of "--",
 * each with its kind in its first byte. The figures of several INFOs are judged one after the
 * other. */
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "core/cause.h"
#include "core/evidence.h"
#include "host/process_facts.h"
#include "host/systemctl.h"
#include "redis/reply.h"
#include "support.h"

#define SECOND 1000

struct eye {
    struct observations observations;
    struct health_state health;
    struct watch_policy policy;
    mono_ms now;
};

static void judge(struct eye *e)
{
    static const struct cause_place here = {"redis-server", "127.0.0.1:6379", true, false};
    char words[CAUSE_WORDS_MAX];
    struct verdict v = cause_judge(&e->observations, e->now);
    PROMISE(v.cause < CAUSE_COUNT && cause_row(v.cause)->code[0] != '\0');
    const char *summary = cause_summary(v.cause, &e->observations, here, words);
    PROMISE(str_utf8(summary, strlen(summary)));
    const char *advice = cause_advice(v.cause, &e->observations, here, words);
    PROMISE(str_utf8(advice, strlen(advice)));
    (void)evidence_activity(&e->observations, e->now);
    (void)evidence_work(&e->observations.process_before, &e->observations.process);
    (void)cause_empty_primary(&e->observations.info);
    (void)cause_other_process(&e->observations);
}

static void read_info(struct eye *e, const char *text, size_t length)
{
    struct observations *s = &e->observations;
    info_parse(text, length, &s->info);
    s->info.at = e->now;
    health_update(&e->health, &e->policy.thresholds, &s->info, (double)(length % 5000));
    s->levels = e->health.levels;
    PROMISE(health_worst(&s->levels) <= LEVEL_CRITICAL);
    PROMISE(health_errors_last_hour(&e->health) >= FACT_UNKNOWN);
}

static void read_process(struct eye *e, const char *text, size_t length)
{
    struct observations *s = &e->observations;
    s->process_before = s->process;
    process_facts_parse(text, length, s->unit.main_pid, &s->process);
    s->process.asked = s->process.at = e->now;
}

static void read_log(struct eye *e, const char *text, size_t length)
{
    struct log_reading reading = {0};
    struct input in = {text, length};
    while (in.left > 0) {
        struct input line = input_until(&in, '\n');
        log_read(&reading, line.at, line.left);
    }
    e->observations.log = reading.facts;
    e->observations.saving_log = reading.saving;
    e->observations.log_read = true;
}

static void read_probe(struct eye *e, struct probe_facts *probe, const char *text, size_t length)
{
    *probe = (struct probe_facts){.asked = e->now, .at = e->now, .latency_us = (int64_t)length};
    probe->reply = length == 0 ? REPLY_REFUSED : reply_classify_error(text, length);
    (void)str_copy_clean(probe->text, sizeof probe->text, text, length);
    e->observations.failed_probes++;
}

static void look(struct eye *e, char kind, const char *text, size_t length)
{
    struct observations *s = &e->observations;
    switch (kind) {
    case 'i':
        read_info(e, text, length);
        break;
    case 'u':
        systemctl_parse_status(text, length, &s->unit);
        s->unit.control_reached = TRI_YES;
        s->unit.asked = s->unit.at = e->now;
        break;
    case 's':
        systemctl_parse_show(text, length, &s->unit);
        s->unit.asked = s->unit.at = e->now;
        break;
    case 'p':
        read_process(e, text, length);
        break;
    case 'l':
        read_log(e, text, length);
        break;
    case 'k':
        read_probe(e, &s->kept, text, length);
        break;
    case 'f':
        read_probe(e, &s->fresh, text, length);
        break;
    default:
        e->now = mono_add(e->now, (int64_t)(unsigned char)kind * SECOND);
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct eye e;
    struct input in = input_of(data, size);
    e = (struct eye){.policy = watch_policy_default(), .now = {1000 * SECOND}};
    e.observations = (struct observations){.ever_answered = true,
                                           .failure_threshold = e.policy.failure_threshold,
                                           .confirm_interval_ms = e.policy.confirm_interval_ms,
                                           .probe_timeout_ms = e.policy.timeout_ms,
                                           .blind_hang_ms = e.policy.blind_hang_ms,
                                           .busy_alert_ms = e.policy.busy_alert_ms,
                                           .probing_since = e.now,
                                           .unit_same_since = e.now};
    facts_unit_reset(&e.observations.unit);
    facts_info_reset(&e.observations.info);
    health_reset(&e.health);
    for (int i = 0; in.left > 0 && i < 50; i++) {
        struct input section = input_section(&in);
        char kind = (char)input_byte(&section);
        char *text = input_text(section);
        look(&e, kind, text, section.left);
        mem_free(text);
        e.now = mono_add(e.now, 5 * SECOND);
        judge(&e);
    }
    return 0;
}
