#include "cli/view_help.h"

#include "base/json.h"
#include "base/str.h"
#include "cli/usage.h"

#define NAME_WIDTH 12
#define OPTION_WIDTH 24

/* What only matters to a verb that asks a daemon is left out for the others. */
static void global_options(struct page *p, bool local)
{
    for (size_t i = 0; i < GLOBAL_COUNT; i++) {
        const struct global_row *row = &global_rows[i];
        if (row->help[0] == '\0' || (local && row->remote))
            continue;
        char head[64];
        (void)str_format(head, sizeof head, "%s %s", row->name,
                         row->argument == NULL ? "" : row->argument);
        page_put(p, "  %s", head);
        page_pad(p, page_width(head), OPTION_WIDTH);
        page_put(p, "%s\n", row->help);
    }
    page_put(p, "  --help, --version\n");
}

static void verb_line(struct page *p, const struct verb *verb)
{
    page_put(p, "  ");
    page_tone(p, TONE_BOLD, "%s", verb->name);
    page_pad(p, page_width(verb->name), NAME_WIDTH);
    page_put(p, "%s\n", verb->summary);
}

void view_verbs(struct page *p)
{
    page_put(p, "resus %s: watches over Redis and helps it up\n\n", RESUS_VERSION);
    page_put(p, "usage: resus VERB [SERVICE] [options]\n\n");
    for (int group = 0; group < GROUP_COUNT; group++) {
        page_put(p, "%s%s:\n", group == 0 ? "" : "\n", verb_groups[group].heading);
        for (size_t i = 0; i < verb_count(); i++)
            if ((int)verb_at(i)->group == group)
                verb_line(p, verb_at(i));
    }
    page_put(p, "\nEverywhere:\n");
    global_options(p, false);
    page_put(p, "\nSERVICE may be left out when only one is configured.\n"
                "`resus help VERB` explains a verb and its options; so does `man resus-VERB`.\n");
}

void view_verb(struct page *p, const struct verb *verb)
{
    usage_put(p, verb->usage);
    page_put(p, "\n%s\n", verb->summary);
    if (verb->more != NULL)
        page_put(p, "\n%s", verb->more);
    page_put(p, "\n");
    for (int id = 0; id < OPTION_COUNT; id++) {
        if ((verb->options & OPTION_BIT(id)) == 0)
            continue;
        const struct option_row *row = &option_rows[id];
        char head[64];
        (void)str_format(head, sizeof(head), "%s%s%s%s%s", row->letter == NULL ? "" : row->letter,
                         row->letter == NULL ? "" : ", ", row->name,
                         row->argument == NULL ? "" : " ",
                         row->argument == NULL ? "" : row->argument);
        page_put(p, "  %s", head);
        page_pad(p, page_width(head), OPTION_WIDTH);
        page_put(p, "%s\n", row->help);
    }
    global_options(p, verb->local);
}

static json_t *option_json(const char *name, const char *letter, const char *argument,
                           const char *help)
{
    json_t *o = json_object();
    (void)json_put_text(o, "name", name);
    (void)json_put_text(o, "letter", letter);
    (void)json_put_text(o, "argument", argument);
    (void)json_put_text(o, "help", help);
    return o;
}

static json_t *verb_json(const struct verb *verb)
{
    json_t *o = json_object(), *options = json_array();
    (void)json_put_text(o, "name", verb->name);
    (void)json_put_text(o, "group", verb_groups[verb->group].name);
    (void)json_put_text(o, "usage", verb->usage);
    (void)json_put_text(o, "summary", verb->summary);
    (void)json_put_text(o, "more", verb->more);
    for (int id = 0; id < OPTION_COUNT; id++) {
        const struct option_row *row = &option_rows[id];
        if ((verb->options & OPTION_BIT(id)) != 0)
            (void)json_array_append_new(
                options, option_json(row->name, row->letter, row->argument, row->help));
    }
    (void)json_put(o, "options", options);
    return o;
}

json_t *view_verbs_json(void)
{
    json_t *body = json_object(), *groups = json_array(), *all = json_array();
    json_t *global = json_array();
    for (int group = 0; group < GROUP_COUNT; group++) {
        const struct verb_group_row *row = &verb_groups[group];
        json_t *o = json_object();
        (void)json_put_text(o, "name", row->name);
        (void)json_put_text(o, "heading", row->heading);
        (void)json_put_text(o, "summary", row->summary);
        (void)json_array_append_new(groups, o);
    }
    for (size_t i = 0; i < verb_count(); i++)
        (void)json_array_append_new(all, verb_json(verb_at(i)));
    for (size_t i = 0; i < GLOBAL_COUNT; i++)
        if (global_rows[i].help[0] != '\0')
            (void)json_array_append_new(global,
                                        option_json(global_rows[i].name, NULL,
                                                    global_rows[i].argument, global_rows[i].help));
    (void)json_put(body, "groups", groups);
    (void)json_put(body, "verbs", all);
    (void)json_put(body, "options", global);
    return body;
}
