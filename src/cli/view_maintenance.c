/* Maintenance windows as pages for a person. */
#include "cli/view_maintenance.h"
#include "base/json.h"
#include "base/str.h"
#include "cli/view_table.h"

/* "all services", "cache, queue" */
static const char *services_of(const json_t *window, char *to, size_t size)
{
    size_t i;
    const json_t *id;
    (void)str_copy(to, size, "");
    json_array_foreach(json_object_get(window, "services"), i, id) {
        const char *name = json_string_value(id);
        if (name != NULL && str_equal(name, "*"))
            (void)str_copy(to, size, "all services");
        else if (name != NULL)
            (void)str_append(to, size, "%s%s", i == 0 ? "" : ", ", name);
    }
    return to;
}

void view_windows(struct page *p, const json_t *body, const struct invocation *in)
{
    static const char *const keys[] = {"id",     "state",    "starts_at", "ends_at",
                                       "impact", "services", "title",     NULL};
    size_t i;
    const json_t *item;
    (void)in;
    if (json_array_size(json_object_get(body, "items")) == 0) {
        page_put(p, "no maintenance window\n");
        return;
    }
    JSON_CLEANUP json_t *items = json_deep_copy(json_object_get(body, "items"));
    json_array_foreach(items, i, item) {
        char services[512];
        const char *closed = json_text_or(item, "closed_at", NULL);
        (void)json_put_text((json_t *)item, "services",
                            services_of(item, services, sizeof services));
        if (closed != NULL) /* when it was over, not when it should have been */
            (void)json_object_set((json_t *)item, "ends_at", json_object_get(item, "closed_at"));
    }
    view_table(p, items, keys);
}

void view_checklist(struct page *p, const json_t *items)
{
    const char *stage = "";
    size_t i;
    const json_t *item;
    json_array_foreach(items, i, item) {
        const char *of = json_text_or(item, "stage", "");
        const char *note = json_text_or(item, "note", "");
        const char *who = json_text_or(item, "user", "");
        if (!str_equal(of, stage))
            page_tone(p, TONE_BOLD, "%s", of);
        if (!str_equal(of, stage))
            page_put(p, "\n");
        stage = of;
        page_put(p, "  [%s] %2lld  %s", json_bool_or(item, "done", false) ? "x" : " ",
                 (long long)json_int_or(item, "item", 0), json_text_or(item, "text", ""));
        if (who[0] != '\0')
            page_tone(p, TONE_DIM, "  %s", who);
        if (note[0] != '\0')
            page_put(p, ": %s", note);
        page_put(p, "\n");
    }
}

void view_window(struct page *p, const json_t *body, const struct invocation *in)
{
    char services[512];
    const char *summary = json_text_or(body, "summary", "");
    page_tone(p, TONE_BOLD, "Window %lld: %s", (long long)json_int_or(body, "id", 0),
              json_text_or(body, "title", "?"));
    page_put(p, " (%s)\n", json_text_or(body, "state", "?"));
    const char *closed = json_text_or(body, "closed_at", NULL);
    page_put(p, "%s until %s%s%s%s, %s, impact %s\n", json_text_or(body, "starts_at", "?"),
             json_text_or(body, "ends_at", "?"), closed == NULL ? "" : " (ended ",
             closed == NULL ? "" : closed, closed == NULL ? "" : ")",
             services_of(body, services, sizeof services), json_text_or(body, "impact", "?"));
    if (summary[0] != '\0')
        page_put(p, "%s\n", summary);
    if (str_equal(in->sub, "show") || str_equal(in->sub, "check"))
        view_checklist(p, json_object_get(body, "checklist"));
}
