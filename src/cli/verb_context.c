#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/json.h"
#include "base/str.h"
#include "cli/ask.h"
#include "cli/cli.h"
#include "cli/contexts.h"
#include "cli/remote.h"
#include "cli/usage.h"
#include "cli/verb.h"
#include "io/clock.h"

/* ---- showing -------------------------------------------------------------------------------- */

/* The list for both forms: [{name, current, url, token_file, ca_file, pin}]. */
static json_t *as_items(const json_t *all)
{
    const char *current = json_text_or(all, "current", CONTEXT_LOCAL), *name;
    json_t *items = json_array(), *one;
    json_object_foreach(json_object_get(all, "contexts"), name, one) {
        json_t *item = json_object();
        (void)json_put_text(item, "name", name);
        (void)json_put_bool(item, "current", str_equal(name, current));
        (void)json_object_update(item, one);
        (void)json_array_append_new(items, item);
    }
    return items;
}

static void put_place(struct page *p, const json_t *item)
{
    static const char *const rows[][2] = {
        {"token_file", "Token"}, {"ca_file", "CA file"}, {"pin", "Pin"}};
    page_field(p, "URL", "%s", json_text_or(item, "url", ""));
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++)
        if (json_object_get(item, rows[i][0]) != NULL)
            page_field(p, rows[i][1], "%s", json_text_or(item, rows[i][0], ""));
}

static int list(const struct invocation *in, const json_t *all)
{
    const char *current = json_text_or(all, "current", CONTEXT_LOCAL);
    JSON_CLEANUP json_t *body = json_object();
    (void)json_put_text(body, "current", current);
    (void)json_put(body, "items", as_items(all));
    if (in->json) {
        ask_print_json(body);
        return CLI_DONE;
    }
    JSON_CLEANUP json_t *shown = page_clean(json_object_get(body, "items"));
    struct page p = page_new(page_colour(STDOUT_FILENO), clock_wall());
    size_t i;
    json_t *item;
    bool here = str_equal(current, CONTEXT_LOCAL);
    page_tone(&p, here ? TONE_BOLD : TONE_PLAIN, "%s %s", here ? "*" : " ", CONTEXT_LOCAL);
    page_put(&p, "  the daemon of this machine\n");
    json_array_foreach(shown, i, item) {
        bool its = json_bool_or(item, "current", false);
        page_tone(&p, its ? TONE_BOLD : TONE_PLAIN, "%s %s", its ? "*" : " ",
                  json_text_or(item, "name", ""));
        page_put(&p, "\n");
        put_place(&p, item);
    }
    page_print(&p, stdout);
    return CLI_DONE;
}

/* ---- changing ------------------------------------------------------------------------------- */

static int failed(const struct invocation *in, const struct error *err)
{
    return ask_failed(in, CLI_BAD_CONFIG, "config_invalid", "%s", err->text);
}

static int write_down(const struct invocation *in, const json_t *all, const char *done)
{
    struct error err = {0};
    if (contexts_write(all, &err) < 0)
        return failed(in, &err);
    if (in->json) {
        JSON_CLEANUP json_t *body = json_object();
        (void)json_put_text(body, "current", json_text_or(all, "current", CONTEXT_LOCAL));
        (void)json_put(body, "items", as_items(all));
        ask_print_json(body);
    } else {
        (void)puts(done);
    }
    return CLI_DONE;
}

/* Contexts are used from everywhere: a path is kept whole. */
static int put_path(json_t *one, const char *key, const char *path, struct error *err)
{
    if (path == NULL)
        return 0;
    char *whole = realpath(path, NULL);
    if (whole == NULL)
        return error_set_errno(err, -errno, "%s", path);
    bool ok = json_put_text(one, key, whole);
    free(whole);
    return ok ? 0 : error_set(err, -ENOMEM, "out of memory");
}

static int add(const struct invocation *in, json_t *all, const char *name)
{
    json_t *contexts = json_object_get(all, "contexts");
    struct error err = {0};
    struct remote *tried = NULL;
    if (context_check_name(name, &err) < 0)
        return usage_error(in, err.text);
    if (in->url == NULL)
        return usage_error(in, "context add: --url is missing");
    if (json_object_get(contexts, name) == NULL && json_object_size(contexts) >= CONTEXTS_MAX)
        return ask_failed(in, CLI_REFUSED, "too_many", "there are %d contexts: remove one",
                          CONTEXTS_MAX);
    /* A token that others can read, or a CA file that cannot be used, is found out now. */
    const struct remote_target target = {in->url, in->token_file, in->ca_file, in->pin};
    if (remote_open(&target, &tried, &err) < 0)
        return failed(in, &err);
    remote_close(tried);
    json_t *one = json_object();
    bool new = json_object_get(contexts, name) == NULL;
    (void)json_put_text(one, "url", in->url);
    if (in->pin != NULL)
        (void)json_put_text(one, "pin", in->pin);
    int rc = put_path(one, "token_file", in->token_file, &err);
    if (rc == 0)
        rc = put_path(one, "ca_file", in->ca_file, &err);
    if (!json_put(contexts, name, one) && rc == 0)
        rc = error_set(&err, -ENOMEM, "out of memory");
    if (rc < 0)
        return failed(in, &err);
    char done[192];
    if (new)
        (void)str_format(done, sizeof done,
                         "Added. To have it asked from now on: resus context use %s", name);
    else
        (void)str_format(done, sizeof done, "Changed: %s", name);
    return write_down(in, all, done);
}

static int use(const struct invocation *in, json_t *all, const char *name)
{
    bool local = str_equal(name, CONTEXT_LOCAL);
    if (!local && json_object_get(json_object_get(all, "contexts"), name) == NULL)
        return ask_failed(in, CLI_REFUSED, "not_found",
                          "there is no context \"%s\"; `resus context list` has them", name);
    (void)(local ? json_put_null(all, "current") : json_put_text(all, "current", name));
    char done[192];
    (void)str_format(done, sizeof done,
                     "From now on %s is asked; `resus context use local` ends it.", name);
    return write_down(in, all, local ? "From now on the daemon of this machine is asked." : done);
}

static int remove_one(const struct invocation *in, json_t *all, const char *name)
{
    if (json_object_del(json_object_get(all, "contexts"), name) < 0)
        return ask_failed(in, CLI_REFUSED, "not_found", "there is no context \"%s\"", name);
    if (str_equal(json_text_or(all, "current", ""), name))
        (void)json_put_null(all, "current");
    char done[192];
    (void)str_format(done, sizeof done, "Removed: %s. Its token file is left as it is.", name);
    return write_down(in, all, done);
}

static int run_context(const struct invocation *in)
{
    struct error err = {0};
    JSON_CLEANUP json_t *all = NULL;
    bool listing = str_equal(in->sub, "list"), adding = str_equal(in->sub, "add");
    if (in->word_count != (listing ? 0 : 1))
        return usage_error(in, listing ? "context list takes no further word"
                                       : "context: one name is missing");
    if (!adding && in->url != NULL)
        return usage_error(in, "--url goes with `context add`");
    if (contexts_read(&all, &err) < 0)
        return failed(in, &err);
    if (listing)
        return list(in, all);
    if (adding)
        return add(in, all, in->words[0]);
    return str_equal(in->sub, "use") ? use(in, all, in->words[0])
                                     : remove_one(in, all, in->words[0]);
}

static const char *const subs[] = {"list", "add", "use", "remove", NULL};

const struct verb verbs_context[] = {
    {"context", GROUP_SETUP,
     "context list | add NAME --url URL [--token-file FILE] [--ca-file FILE | --pin PIN] | "
     "use NAME|local | remove NAME",
     "names for daemons elsewhere, and which one is asked",
     "  list    those that are written down; * is asked when nothing else is said\n"
     "  add     writes one down, or changes it: its URL and the files, never a secret\n"
     "  use     asks it from now on; local is the daemon of this machine\n"
     "  remove  forgets it\n"
     "The file is ~/.config/resus/contexts.json, or in $XDG_CONFIG_HOME/resus. What\n"
     "is asked: --url or --context; with --config the daemon of this machine; else\n"
     "$RESUS_URL (with $RESUS_TOKEN_FILE, $RESUS_CA_FILE, $RESUS_PIN), then\n"
     "$RESUS_CONTEXT, then the daemon of $RESUS_CONFIG, then what `use` chose.\n",
     .subs = subs, .words = true, .contexts = true, .run = run_context},
    {0},
};
