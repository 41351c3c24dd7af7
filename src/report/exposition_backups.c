/* Backups for Prometheus. */
#include "backups/backups.h"
#include "report/exposition_inside.h"

static bool figures(const struct exposition_text *x, struct backups_figures *ret)
{
    int service = engine_service_index(x->from.engine, x->id);
    return x->from.backups != NULL && service >= 0 &&
           backups_figures(x->from.backups, service, ret);
}

static void put_time(struct exposition_text *x, wall_ms at)
{
    if (at.ms != WALL_NONE.ms)
        exposition_line(x, "", NULL, (double)at.ms / 1000);
}

void exposition_backup_success(struct exposition_text *x)
{
    struct backups_figures f;
    if (figures(x, &f))
        put_time(x, f.success);
}

void exposition_backup_proved(struct exposition_text *x)
{
    struct backups_figures f;
    if (figures(x, &f))
        put_time(x, f.proved);
}

void exposition_backup_bytes(struct exposition_text *x)
{
    struct backups_figures f;
    if (figures(x, &f) && f.bytes >= 0)
        exposition_line(x, "", NULL, (double)f.bytes);
}

void exposition_backup_keys(struct exposition_text *x)
{
    struct backups_figures f;
    if (figures(x, &f) && f.keys >= 0)
        exposition_line(x, "", NULL, (double)f.keys);
}

void exposition_backup_duration(struct exposition_text *x)
{
    struct backups_figures f;
    if (figures(x, &f) && f.duration_ms >= 0)
        exposition_line(x, "", NULL, (double)f.duration_ms / 1000);
}

void exposition_backup_overdue(struct exposition_text *x)
{
    struct backups_figures f;
    if (figures(x, &f))
        exposition_line(x, "", NULL, f.overdue);
}

void exposition_backup_runs(struct exposition_text *x)
{
    struct backups_figures f;
    if (!figures(x, &f))
        return;
    exposition_labelled(x, "result", "made", (double)f.made);
    exposition_labelled(x, "result", "failed", (double)f.failed);
}

void exposition_rpo(struct exposition_text *x)
{
    struct backups_figures f;
    if (figures(x, &f) && f.rpo_ms >= 0)
        exposition_line(x, "", NULL, (double)f.rpo_ms / 1000);
}

void exposition_rto(struct exposition_text *x)
{
    struct backups_figures f;
    if (figures(x, &f) && f.rto_ms >= 0)
        exposition_line(x, "", NULL, (double)f.rto_ms / 1000);
}

void exposition_drill_passed(struct exposition_text *x)
{
    struct backups_figures f;
    if (figures(x, &f))
        put_time(x, f.drilled);
}

void exposition_drill_failed(struct exposition_text *x)
{
    struct backups_figures f;
    if (figures(x, &f))
        exposition_line(x, "", NULL, f.drill_failed);
}

void exposition_drill_overdue(struct exposition_text *x)
{
    struct backups_figures f;
    if (figures(x, &f))
        exposition_line(x, "", NULL, f.drill_overdue);
}

/* ── copies, one sample a place ── */

static bool place(const struct exposition_text *x, size_t number, struct backups_copy_figures *ret)
{
    int service = engine_service_index(x->from.engine, x->id);
    return x->from.backups != NULL && service >= 0 &&
           backups_copy_figures(x->from.backups, service, number, ret);
}

void exposition_copies_waiting(struct exposition_text *x)
{
    struct backups_copy_figures f;
    for (size_t i = 0; place(x, i, &f); i++)
        exposition_labelled(x, "target", f.target, (double)f.waiting);
}

void exposition_copies_success(struct exposition_text *x)
{
    struct backups_copy_figures f;
    for (size_t i = 0; place(x, i, &f); i++)
        if (f.succeeded.ms != WALL_NONE.ms)
            exposition_labelled(x, "target", f.target, (double)f.succeeded.ms / 1000);
}

void exposition_copies_failed(struct exposition_text *x)
{
    struct backups_copy_figures f;
    for (size_t i = 0; place(x, i, &f); i++)
        exposition_labelled(x, "target", f.target, (double)f.failed);
}
