#include "accounts/note.h"

#include <inttypes.h>
#include <sodium.h>

#include "accounts/upkeep.h"
#include "base/str.h"

uint64_t account_random(void)
{
    uint64_t value;
    randombytes_buf(&value, sizeof value);
    return value;
}

void account_fill_line(const struct accounts *a, const struct account_note *n,
                       struct audit_line *line)
{
    *line = (struct audit_line){
        .event = n->event,
        .at = accounts_now(a).wall,
        .has_result = true,
        .success = n->success,
        .duration_seconds = 0,
        .ssh_key_used = -1,
        .risk = n->risk,
    };
    (void)str_copy(line->operation, sizeof line->operation, n->operation);
    for (char *p = line->operation; *p != '\0'; p++)
        *p = *p == '_' ? '-' : *p; /* as the audit log spells operations on settings */
    (void)str_copy(line->user_id, sizeof line->user_id, n->user->id);
    (void)str_copy(line->user_email, sizeof line->user_email, n->user->email);
    (void)str_copy(line->user_role, sizeof line->user_role, n->user->role);
    (void)str_copy(line->source_ip, sizeof line->source_ip, n->user->source_ip);
    (void)str_copy(line->service, sizeof line->service, n->service);
    (void)str_copy(line->error, sizeof line->error, n->error);
    (void)str_copy(line->reason, sizeof line->reason, n->reason);
    if (n->request_id != NULL && n->request_id[0] != '\0')
        (void)str_copy(line->request_id, sizeof line->request_id, n->request_id);
    else
        (void)str_format(line->request_id, sizeof line->request_id, "a-%016" PRIx64,
                         account_random());
}

/* An alert of the watch: a line at once, a notice soon: the engine may be in the middle of writing
 * the line that was looked at. */
static void tell_alert(void *context, const struct security_alert *alert)
{
    static const struct engine_user system_user = {"system", "system", "system", "local"};
    struct accounts *a = context;
    char text[500];
    (void)str_format(text, sizeof text, "%s: %s", security_rule_words[alert->rule], alert->message);
    struct audit_line line;
    account_fill_line(a,
                      &(struct account_note){.event = AUDIT_AUTHORIZATION,
                                             .operation = "security-alert",
                                             .user = &system_user,
                                             .success = true,
                                             .reason = text,
                                             .risk = AUDIT_RISK_HIGH},
                      &line);
    (void)str_copy(line.service, sizeof line.service, alert->service);
    a->ports.audit(a->ports.context, &line);
    if (a->alert_count < ALERTS_MAX)
        a->alerts[a->alert_count++] = *alert;
    upkeep_look(a);
}

void accounts_see(struct accounts *a, const struct audit_line *line)
{
    if (a == NULL)
        return;
    security_watch_see(&a->watch, &a->ports.settings(a->ports.context)->security, line,
                       accounts_now(a).mono, tell_alert, a);
}

void account_audit(struct accounts *a, const struct account_note *n)
{
    struct audit_line line;
    account_fill_line(a, n, &line);
    a->ports.audit(a->ports.context, &line);
    accounts_see(a, &line);
}

void account_audit_bounded(struct accounts *a, const struct account_note *n)
{
    struct refusal_row seen = {.event = (int)n->event, .success = n->success};
    struct audit_line line;
    account_fill_line(a, n, &line);
    (void)str_copy(seen.address, sizeof seen.address, line.source_ip);
    (void)str_copy(seen.operation, sizeof seen.operation, line.operation);
    (void)str_copy(seen.service, sizeof seen.service, line.service);
    (void)str_copy(seen.user_id, sizeof seen.user_id, line.user_id);
    (void)str_copy(seen.email, sizeof seen.email, line.user_email);
    (void)str_copy(seen.role, sizeof seen.role, line.user_role);
    (void)str_copy(seen.error, sizeof seen.error, line.error);
    if (refusals_note(n->success ? &a->readings : &a->refusals, &seen, accounts_now(a).mono))
        a->ports.audit(a->ports.context, &line);
    accounts_see(a, &line);
}

static void write_row(struct accounts *a, const struct refusal_row *row)
{
    struct engine_user user = {0};
    char text[64];
    (void)str_format(text, sizeof text, "%zu more within a minute", row->more);
    (void)str_copy(user.id, sizeof user.id, row->user_id);
    (void)str_copy(user.email, sizeof user.email, row->email);
    (void)str_copy(user.role, sizeof user.role, row->role);
    (void)str_copy(user.source_ip, sizeof user.source_ip, row->address);
    struct audit_line line; /* the watch has seen each of them already */
    account_fill_line(
        a,
        &(struct account_note){.event = (enum audit_event)row->event,
                               .operation = row->operation,
                               .service = row->service,
                               .user = &user,
                               .success = row->success,
                               .error = row->error,
                               .reason = text,
                               .risk = row->success ? AUDIT_RISK_LOW : AUDIT_RISK_HIGH},
        &line);
    a->ports.audit(a->ports.context, &line);
}

void account_audit_flush(struct accounts *a)
{
    struct refusal_row row;
    while (refusals_take(&a->refusals, accounts_now(a).mono, &row) ||
           refusals_take(&a->readings, accounts_now(a).mono, &row))
        write_row(a, &row);
}
