/* resus incident */
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/parse.h"
#include "base/str.h"
#include "cli/ask.h"
#include "cli/cli.h"
#include "cli/usage.h"
#include "cli/verb.h"
#include "cli/view_incident.h"

static const struct {
    const char *sub, *op;
    size_t words; /* the number, and what follows it */
    const char *text;
} rows[] = {
    {"show", "incident", 1, NULL},
    {"take", "incident_take", 1, NULL},
    {"note", "incident_note", 2, "text"},
    {"update", "incident_update", 2, "text"},
    {"ack", "incident_acknowledge", 1, NULL},
    {"set", "incident_set", 2, NULL},
    {"resolve", "incident_set", 1, NULL},
    {"postmortem", "incident_postmortem", 1, NULL},
};

static int list(const struct invocation *in)
{
    if (in->word_count > 1)
        return usage_error(in, "incident list takes one word: open or all");
    json_t *args = json_object();
    if (in->word_count == 1)
        (void)json_put_text(args, "state", in->words[0]);
    return ask_show(in, "incidents", args, ASK_READ_MS, view_incidents, NULL);
}

static int open_one(const struct invocation *in)
{
    if (in->word_count > 1 || !arguments_has(in, OPTION_SEVERITY) ||
        !arguments_has(in, OPTION_TITLE))
        return usage_error(in, "incident open: --severity and --title, please");
    json_t *args = json_object();
    if (in->word_count == 1)
        (void)json_put_text(args, "service", in->words[0]);
    (void)json_put_text(args, "severity", in->options[OPTION_SEVERITY]);
    (void)json_put_text(args, "title", in->options[OPTION_TITLE]);
    return ask_show(in, "incident_open", args, ASK_READ_MS, view_incident, NULL);
}

/* Line by line: foreign bytes in it reach no terminal. */
static void print_lines(const char *text)
{
    while (text[0] != '\0') {
        size_t length = strcspn(text, "\n");
        char *line = mem_strndup(text, length);
        char *clean = line == NULL ? NULL : page_clean_text(line);
        (void)printf("%s\n", clean == NULL ? "" : clean);
        mem_free(line);
        mem_free(clean);
        text += length + (text[length] == '\n');
    }
}

static int postmortem(const struct invocation *in, json_t *args)
{
    struct question q = {.op = "incident_postmortem", .args = args};
    int status = ask_all(in, &q, 1, ASK_READ_MS, NULL, NULL);
    if (status != 0)
        return status;
    status = ask_exit(q.status, q.body);
    if (in->json)
        ask_print_json(q.body);
    else if (q.status >= 400)
        ask_refusal(in, q.status, q.body);
    else if (json_is_string(q.body))
        print_lines(json_string_value(q.body));
    ask_free(&q, 1);
    return status;
}

/* KEY=VALUE into `args`. */
static bool put_assignment(json_t *args, const char *word)
{
    const char *sign = strchr(word, '=');
    char key[64];
    int64_t number;
    struct error err = {0};
    if (str_starts(word, "window=") && parse_int(sign + 1, 0, INT32_MAX, &number, &err) == 0)
        return json_put_int(args, "window", number);
    return sign != NULL && str_copy_n(key, sizeof key, word, (size_t)(sign - word)) &&
           json_put_text(args, key, sign + 1);
}

static int on_number(const struct invocation *in, size_t row)
{
    int64_t number;
    struct error err = {0};
    if (in->word_count != rows[row].words ||
        parse_int(in->words[0], 1, INT64_MAX, &number, &err) < 0)
        return usage_error(in, rows[row].words == 1
                                   ? "the number of an incident, please: resus incident list"
                                   : "the number of an incident, and a text in quotes, please");
    json_t *args = json_object();
    (void)json_put_int(args, "n", number);
    if (rows[row].text != NULL)
        (void)json_put_text(args, rows[row].text, in->words[1]);
    if (str_equal(in->sub, "resolve"))
        (void)json_put_text(args, "status", "resolved");
    if (str_equal(in->sub, "ack") && arguments_has(in, OPTION_REASON))
        (void)json_put_text(args, "note", in->options[OPTION_REASON]);
    if (str_equal(in->sub, "set") && !put_assignment(args, in->words[1])) {
        json_decref(args);
        return usage_error(in, "incident set: KEY=VALUE, please");
    }
    if (str_equal(in->sub, "postmortem"))
        return postmortem(in, args);
    return ask_show(in, rows[row].op, args, ASK_READ_MS, view_incident, NULL);
}

static int escalate(const struct invocation *in)
{
    int64_t number, level = 0;
    struct error err = {0};
    if (in->word_count < 1 || in->word_count > 2 ||
        parse_int(in->words[0], 1, INT64_MAX, &number, &err) < 0 ||
        (in->word_count == 2 && parse_int(in->words[1], 1, 4, &level, &err) < 0))
        return usage_error(in, "the number of an incident, please, and a level from 1 to 4");
    if (!arguments_has(in, OPTION_REASON))
        return usage_error(in, "incident escalate: --reason is missing");
    json_t *args = json_object();
    (void)json_put_int(args, "n", number);
    (void)json_put_text(args, "note", in->options[OPTION_REASON]);
    if (level > 0)
        (void)json_put_int(args, "level", level);
    return ask_show(in, "incident_escalate", args, ASK_READ_MS, view_incident, NULL);
}

static int run_incident(const struct invocation *in)
{
    if (str_equal(in->sub, "escalate"))
        return escalate(in);
    if (str_equal(in->sub, "open"))
        return open_one(in);
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++)
        if (str_equal(rows[i].sub, in->sub))
            return on_number(in, i);
    return list(in);
}

static const char *const subs[] = {"list", "show", "open",     "take",    "note",       "update",
                                   "set",  "ack",  "escalate", "resolve", "postmortem", NULL};

const struct verb verbs_incident[] = {
    {"incident", GROUP_ALERTS,
     "incident list [open|all] | show N | open [SERVICE] --severity P2 --title TEXT | take N | "
     "note N TEXT | update N TEXT | set N KEY=VALUE | ack N [--reason TEXT] | "
     "escalate N [LEVEL] --reason TEXT | resolve N | "
     "postmortem N",
     "trouble that people have in hand: command, timeline, post-mortem",
     "  open        by hand; Resus opens them by itself when an alert fires\n"
     "  take        command is yours from now on\n"
     "  note        into the timeline\n"
     "  update      a status update: into the timeline and to the channels\n"
     "  set         severity, status (mitigated, resolved, closed), title, impact,\n"
     "              summary, root_cause, resolution, preventive_measures,\n"
     "              war_room (an address), window (a maintenance window; 0 = none)\n"
     "  ack         you are working on it: no further calls for a while\n"
     "  escalate    calls the next level now, or level 1 to 4\n"
     "  postmortem  prints it as Markdown\n",
     .subs = subs, .words = true, .options = TAKES(SEVERITY) | TAKES(TITLE) | TAKES(REASON),
     .run = run_incident},
    {0},
};
