/* `resus audit verify` and `resus audit key`. */
#include <stdio.h>
#include <unistd.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "cli/ask.h"
#include "cli/cli.h"
#include "cli/usage.h"
#include "cli/verb.h"
#include "cli/view_audit.h"
#include "io/clock.h"
#include "settings/settings.h"
#include "store/anchor.h"
#include "store/audit_seal.h"
#include "store/audit_verify.h"

#define ASK_VERIFY_MS 600000 /* a gigabyte of compressed files, after other readers */

/* Members that only a local reader of the file can add. */
static void add_own(json_t *body, const struct error *unread, bool with_key)
{
    if (unread->code != 0)
        (void)json_put_text(body, "anchor_unread", unread->text);
    if (with_key)
        (void)json_put_bool(body, "with_key", true);
}

static int show(const struct invocation *in, const json_t *body)
{
    if (in->json) {
        ask_print_json(body);
    } else {
        json_t *clean JSON_CLEANUP = page_clean(body);
        struct page p = page_new(page_colour(STDOUT_FILENO), clock_wall());
        view_audit_verdict(&p, clean, in);
        page_print(&p, stdout);
    }
    return json_bool_or(body, "intact", false) ? CLI_DONE : CLI_REFUSED;
}

static int verify_here(const struct invocation *in, const struct settings *settings,
                       const struct audit_head *from)
{
    const char *key_file = in->options[OPTION_KEY];
    uint8_t key[AUDIT_KEY_BYTES] = {0};
    struct audit_anchor anchor = {0};
    struct audit_verdict v = {0};
    struct error err = {0}, unread = {0};
    if (key_file != NULL && audit_key_read(key_file, key, &err) < 0)
        return ask_failed(in, CLI_REFUSED, "key_unreadable", "%s", err.text);
    /* Read before the file: the file can only be ahead of it. */
    if (anchor_read(settings->server.state_dir, &anchor, &unread) < 0 ||
        !str_equal(anchor.file, settings->audit.file))
        anchor = (struct audit_anchor){0};
    const struct audit_check check = {
        .anchor = &anchor, .from = from, .key = key_file == NULL ? NULL : key};
    int r = audit_verify(settings->audit.file, &check, &v, &err);
    mem_wipe(key, sizeof key);
    if (r < 0)
        return ask_failed(in, CLI_REFUSED, "audit_unreadable", "%s", err.text);
    json_t *body JSON_CLEANUP = audit_verdict_json(&v, &anchor);
    if (body == NULL)
        return ask_failed(in, CLI_REFUSED, "out_of_memory", "out of memory");
    add_own(body, &unread, key_file != NULL);
    return show(in, body);
}

static int verify_there(const struct invocation *in)
{
    json_t *args = json_object();
    json_t *body JSON_CLEANUP = NULL;
    if (arguments_has(in, OPTION_FROM))
        (void)json_put_text(args, "from", in->options[OPTION_FROM]);
    int status = ask_show(in, "audit_verify", args, ASK_VERIFY_MS, view_audit_verdict, &body);
    if (status == CLI_DONE && !json_bool_or(body, "intact", false))
        return CLI_REFUSED;
    return status;
}

int verb_audit_verify(const struct invocation *in, const struct settings *settings)
{
    const char *text = in->options[OPTION_FROM];
    struct audit_head from;
    struct error err = {0};
    if (text != NULL && audit_head_read(text, &from, &err) < 0) {
        (void)error_prefix(&err, "--from");
        return usage_error(in, err.text);
    }
    if (settings == NULL && arguments_has(in, OPTION_KEY))
        return usage_error(
            in,
            "--key needs the file: copy the log to the machine with the key, or run this as root");
    return settings == NULL ? verify_there(in)
                            : verify_here(in, settings, text == NULL ? NULL : &from);
}

static void view_key(struct page *p, const json_t *body, const struct invocation *in)
{
    (void)in;
    page_put(p, "%s\n", json_text_or(body, "key", ""));
}

int verb_audit_key(const struct invocation *in)
{
    json_t *body JSON_CLEANUP = NULL;
    int status = ask_show(in, "audit_key", json_object(), ASK_READ_MS, view_key, &body);
    if (status == CLI_DONE && !in->json)
        (void)fprintf(stderr,
                      "resus: key %s is shown only once. Store it on another machine, for "
                      "`resus audit verify --key FILE`\n",
                      json_text_or(body, "id", "?"));
    return status;
}
