/* What people do in a procedure, and the way back: with lines to copy. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/str.h"
#include "procedures/inside.h"

static json_t *step(json_t *steps, const char *title, const char *on, const char *text)
{
    json_t *o = json_object();
    (void)json_put_text(o, "title", title);
    (void)json_put_text(o, "on", on);
    (void)json_put_text(o, "text", text);
    (void)json_put(o, "commands", json_array());
    (void)json_array_append_new(steps, o);
    return o;
}

/* A terminal that gets one pasted does something else than write it. */
static bool has_control(const char *text)
{
    while (*text != '\0' && (unsigned char)*text >= 32 && *text != 127)
        text++;
    return *text != '\0';
}

ATTR_PRINTF(2, 3) static void command(json_t *o, const char *format, ...)
{
    char line[4 * PROCEDURES_VALUE_MAX];
    va_list args;
    va_start(args, format);
    int length = vsnprintf(line, sizeof line, format, args);
    va_end(args);
    if (length > 0 && length < (int)sizeof line && !has_control(line))
        (void)json_array_append_new(json_object_get(o, "commands"), json_string(line));
}

/* As one word for a shell. */
static void quoted(const char *value, char *to, size_t size)
{
    (void)str_copy(to, size, "'");
    for (const char *p = value; *p != '\0'; p++)
        if (*p == '\'')
            (void)str_append(to, size, "'\"'\"'");
        else
            (void)str_append(to, size, "%c", *p);
    (void)str_append(to, size, "'");
}

static const char *package_of(const struct procedure *x)
{
    return str_equal(x->server, "valkey") ? "valkey-server" : "redis-server";
}

/* Foreign text becomes a word of a command only when it is a plain path. */
static const char *config_file(const struct procedure *x)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                  "0123456789._-/";
    const char *file = x->config_file;
    return file[0] == '/' && file[strspn(file, allowed)] == '\0' ? file : "/etc/redis/redis.conf";
}

static void update(const struct procedure *x, json_t *steps)
{
    const char *package = package_of(x);
    (void)step(steps, "Read the release notes", "resus",
               str_equal(x->server, "valkey") ? "https://github.com/valkey-io/valkey/releases"
                                              : "https://github.com/redis/redis/releases");
    json_t *o = step(steps, "Keep Resus' hands off", "resus",
                     "So that it does not start what is being replaced. It ends by itself.");
    command(o, "resus pause %s --for 1h --reason \"update %" PRId64 "\"", x->id, x->number);
    o = step(steps, "Install the new version", "host",
             "The package restarts Redis; the last line shows the version that runs.");
    command(o, "cp %s %s.pre-update", config_file(x), config_file(x));
    command(o, "apt-get update");
    command(o, "apt-get install --only-upgrade %s", package);
    command(o, "systemctl restart %s", x->unit);
    command(o, "redis-cli INFO server | grep _version");
    o = step(steps, "Report it", "resus", "Resus verifies, and watches for 30 minutes.");
    command(o, "resus resume %s", x->id);
    command(o, "resus procedure go %s %" PRId64, x->id, x->number);
}

static void downgrade(const struct procedure *x, json_t *steps)
{
    const char *package = package_of(x);
    json_t *o = step(steps, "Keep Resus' hands off", "resus", "It ends by itself.");
    command(o, "resus pause %s --for 1h --reason \"way back from update %" PRId64 "\"", x->id,
            x->number);
    o = step(steps, "Install the old version", "host",
             "`apt-cache madison` has the exact name of the version to put behind `=`.");
    command(o, "systemctl stop %s", x->unit);
    command(o, "apt-cache madison %s", package);
    command(o, "apt-get install --allow-downgrades %s=VERSION", package);
    command(o, "cp %s.pre-update %s", config_file(x), config_file(x));
    command(o, "systemctl start %s", x->unit);
    o = step(
        steps, "Bring the data back", "resus",
        "Only if the old version does not start or has no data: once the new one has saved, the "
        "old one may not be able to read its file. What was written since the safety backup is "
        "lost.");
    if (x->safety[0] != '\0')
        command(o, "resus restore %s %s --confirm %s", x->id, x->safety, x->id);
    o = step(steps, "Report it", "resus", "");
    command(o, "resus resume %s", x->id);
    command(o, "resus procedure undo %s %" PRId64, x->id, x->number);
}

static void change(const struct procedure *x, json_t *steps, bool back)
{
    char word[3 * PROCEDURES_VALUE_MAX];
    if (back && !x->held)
        return;
    quoted(back ? x->before : x->value, word, sizeof word);
    json_t *o = step(steps, back ? "Set the value of before" : "Set the value", "resus",
                     "Resus sets it, has Redis write it into its file, and verifies.");
    command(o, "resus procedure %s %s %" PRId64, back ? "undo" : "go", x->id, x->number);
    if (has_control(word) || has_control(x->name))
        return;
    o = step(steps, "By hand instead", "host", "The same, when Resus cannot reach Redis.");
    command(o, "redis-cli CONFIG SET %s %s", x->name, word);
    command(o, "redis-cli CONFIG REWRITE");
}

json_t *procedure_steps(const struct procedure *x, bool back)
{
    json_t *steps = json_array();
    if (x->kind == PROCEDURE_CONFIG)
        change(x, steps, back);
    else if (back)
        downgrade(x, steps);
    else
        update(x, steps);
    return steps;
}
