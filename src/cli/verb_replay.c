#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "cli/ask.h"
#include "cli/cli.h"
#include "cli/page.h"
#include "cli/usage.h"
#include "cli/verb.h"
#include "engine/recording.h"
#include "io/file.h"

#define DIFFERENT 1

struct show {
    int64_t began; /* mono of the first step, -1 = none yet */
};

/* One line an input: when, what came, what was made of it, what was decided. The file may be
 * anybody's. */
static void show_step(void *context, const json_t *raw)
{
    struct show *show = context;
    JSON_CLEANUP json_t *line = page_clean(raw);
    const json_t *verdict = json_object_get(line, "verdict");
    const json_t *effects = json_object_get(line, "effects");
    const json_t *effect;
    size_t i;
    if (effects == NULL) {
        (void)printf("%s, incident of %s, recorded by resus %s\n",
                     json_text_or(line, "service", "?"), json_text_or(line, "wall", "?"),
                     json_text_or(line, "resus", "?"));
        return;
    }
    int64_t at = json_int_or(line, "mono", 0);
    if (show->began < 0)
        show->began = at;
    (void)printf("%9.3f s  %s: %s%s -> %s", (double)(at - show->began) / 1000,
                 json_text_or(line, "event", "?"), json_text_or(verdict, "cause", "?"),
                 json_bool_or(verdict, "confirmed", false) ? "" : "?",
                 json_text_or(line, "phase", "?"));
    json_array_foreach(effects, i, effect) {
        const char *action = json_text_or(effect, "action", "");
        const char *cause = json_text_or(effect, "cause", "");
        (void)printf("%s %s%s%s%s%s", i == 0 ? ";" : ",", json_text_or(effect, "kind", "?"),
                     action[0] != '\0' ? " " : "", action, cause[0] != '\0' ? " for " : "", cause);
    }
    (void)printf("\n");
}

static int tell(const struct invocation *in, const struct replay *r)
{
    if (in->json) {
        JSON_CLEANUP json_t *body = json_object();
        (void)json_put_bool(body, "equal", !r->different);
        (void)json_put_int(body, "steps", (int64_t)r->steps);
        (void)json_put_int(body, "decisions", (int64_t)r->decisions);
        (void)json_put_bool(body, "cut", r->cut);
        (void)json_put_text(body, "difference", r->different ? r->difference : NULL);
        (void)json_dumpf(body, stdout, JSON_WRITE_FLAGS);
        (void)printf("\n");
    } else if (r->different) {
        char *clean = page_clean_text(r->difference);
        (void)printf("different: %s\n", clean == NULL ? "" : clean);
        mem_free(clean);
    } else {
        (void)printf("equal: %" PRIu64 " inputs, %" PRIu64 " decisions%s\n", r->steps, r->decisions,
                     r->cut ? " (the last line is cut off)" : "");
    }
    return r->different ? DIFFERENT : CLI_DONE;
}

static int run_replay(const struct invocation *in)
{
    if (in->sub == NULL)
        return usage_error(in, "name the file of an incident");
    struct buf text = BUF_LIMIT(RECORDING_BYTES_MAX);
    struct show show = {.began = -1};
    struct replay report;
    struct error err = {0};
    int r = file_read(in->sub, &text, &err);
    if (r >= 0)
        r = recording_replay(buf_text(&text), text.length, in->json ? NULL : show_step, &show,
                             &report, &err);
    buf_free(&text);
    if (r < 0)
        return ask_failed(in, CLI_REFUSED, "bad_recording", "%s: %s", in->sub, err.text);
    return tell(in, &report);
}

const struct verb verbs_replay[] = {
    {"replay", GROUP_OPERATE, "replay FILE",
     "run a recorded incident through this program's decisions again",
     "Reads a file of STATE_DIR/incidents. Exit status: 0 every decision is as it was;\n"
     "1 one is not, and the first such is shown. The daemon need not run.\n",
     .free_word = true, .local = true, .run = run_replay},
    {0},
};
