#include "cli/view_doctor.h"
#include "base/json.h"
#include "base/str.h"
#include "cli/view_service.h"

/* The body: {"items": [{"check", "status": "pass"|"warning"|"fail"|"unknown", "message", "fix"}]}.
 * What could not be looked at is no finding: why it could not, where that is a fault, is one of its
 * own. */
static bool finding(const json_t *item)
{
    const char *status = json_text_or(item, "status", "unknown");
    return !str_equal(status, "pass") && !str_equal(status, "unknown");
}

size_t view_doctor_findings(const json_t *body)
{
    size_t i, count = 0;
    json_t *item;
    json_array_foreach(json_object_get(body, "items"), i, item) {
        count += finding(item);
    }
    return count;
}

void view_doctor(struct page *p, const json_t *body, const struct invocation *in)
{
    (void)in;
    size_t i;
    json_t *item;
    json_array_foreach(json_object_get(body, "items"), i, item) {
        const char *status = json_text_or(item, "status", "unknown");
        const char *fix = json_text_or(item, "fix", "");
        page_tone(p, view_tone(status), "%s",
                  str_equal(status, "pass")      ? "✓"
                  : str_equal(status, "warning") ? "!"
                  : str_equal(status, "fail")    ? "✗"
                                                 : "?");
        const char *name = json_text_or(item, "check", "");
        page_put(p, " ");
        page_tone(p, TONE_BOLD, "%s", name);
        page_pad(p, page_width(name), 16);
        page_put(p, " %s\n", json_text_or(item, "message", ""));
        if (finding(item) && fix[0] != '\0')
            page_put(p, "    fix: %s\n", fix);
    }
    size_t count = view_doctor_findings(body);
    if (count == 0)
        page_put(p, "Nothing found.\n");
    else
        page_put(p, "%zu finding%s.\n", count, count == 1 ? "" : "s");
}
