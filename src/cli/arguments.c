#include "cli/arguments.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/attr.h"
#include "base/str.h"
#include "cli/overview.h"
#include "cli/remote.h"
#include "cli/verb.h"

const struct option_row option_rows[] = {
    [OPTION_AT] = {"--at", NULL, "TIME", "now, 2h (from now), 2025-10-10T14:30:00Z"},
    [OPTION_CHECK] = {"--check", NULL, NULL, "validate the configuration and end"},
    [OPTION_CONFIRM] = {"--confirm", NULL, "WORD", "the word that the verb asks for, such as STOP",
                        .values = "STOP"},
    [OPTION_CONTINUE] = {"--continue", NULL, NULL,
                         "the line is installed: prove the new key, switch to it"},
    [OPTION_DB] = {"--db", NULL, "N", "this database only"},
    [OPTION_DIR] = {"--dir", NULL, "DIR", "folder for the demonstration's state (./.demo)"},
    [OPTION_DRY_RUN] = {"--dry-run", NULL, NULL, "show the plan and change nothing"},
    [OPTION_EMERGENCY] = {"--emergency", NULL, NULL, "notify everybody (needs --message)"},
    [OPTION_EXPIRES] = {"--expires", NULL, "DURATION", "30d, never; 90d by default"},
    [OPTION_FAILED] = {"--failed", NULL, NULL, "failures only"},
    [OPTION_FINGERPRINT] = {"--fingerprint", NULL, "SHA256:...",
                            "the host's key, as compared on the host: asks nothing"},
    [OPTION_FOLLOW] = {"--follow", "-f", NULL, "go on with what comes, until Ctrl-C"},
    [OPTION_FOR] = {"--for", NULL, "DURATION", "30m, 2h, 1d", .values = "30m 2h 1d"},
    [OPTION_FORCE] = {"--force", NULL, NULL, "in spite of blockers, without saving first"},
    [OPTION_FROM] = {"--from", NULL, "SEQ:HASH", "start at this line, which the log must contain"},
    [OPTION_GROUP] = {"--group", NULL, "NAME", "of this group only"},
    [OPTION_IMPACT] = {"--impact", NULL, "WORD", "what users notice (outage by default)",
                       .values = "outage degraded reduced-redundancy no-impact"},
    [OPTION_KEY] = {"--key", NULL, "FILE", "secret key of `resus audit key` or `resus key backup`"},
    [OPTION_LEVEL] = {"--level", NULL, "LEVEL", "error, warning or info, and worse",
                      .values = "error warning info"},
    [OPTION_LINES] = {"--lines", "-n", "N", "so many of the newest (50 by default)"},
    [OPTION_MATCH] = {"--match", NULL, "GLOB", "keys of this pattern only, as in SCAN"},
    [OPTION_MESSAGE] = {"--message", NULL, "TEXT", "text of the notification"},
    [OPTION_METHOD] = {"--method", NULL, "METHOD", "file, replicate or keys",
                       .values = "file replicate keys"},
    [OPTION_MODE] = {"--mode", NULL, "MODE", "exact (the default), overwrite or missing",
                     .values = "exact overwrite missing"},
    [OPTION_NOTE] = {"--note", NULL, "TEXT", "kept with the item"},
    [OPTION_OPERATION] = {"--operation", NULL, "NAME", "of this operation only"},
    [OPTION_OUTPUT] = {"--output", "-o", "FILE", "where to write it (mode 0600)"},
    [OPTION_OWN_PASSWORD] = {"--own-password", NULL, "FILE",
                             "to change your own account: your password in a file"},
    [OPTION_PASSWORD_FILE] = {"--password-file", NULL, "FILE",
                              "its first line; - is standard input"},
    [OPTION_PLACE] = {"--place", NULL, "NAME", "a place of backup.copies"},
    [OPTION_PORT] = {"--port", NULL, "N", "HTTPS port of the demonstration (8443)"},
    [OPTION_REASON] = {"--reason", NULL, "TEXT", "why; kept in the audit log"},
    [OPTION_ROLE] = {"--role", NULL, "ROLE", "viewer, operator or admin",
                     .values = "viewer operator admin"},
    [OPTION_SERVICES] = {"--services", NULL, "ID,ID", "these services only; all by default"},
    [OPTION_SEVERITY] = {"--severity", NULL, "P1", "P1 (the worst) to P4", .values = "P1 P2 P3 P4"},
    [OPTION_SINCE] = {"--since", NULL, "TIME", "2h (ago), 2025-10-10 or 2025-10-10T14:30:00Z"},
    [OPTION_STATE] = {"--state", NULL, "STATE,STATE",
                      "in one of these only, such as critical,degraded",
                      .values = OVERVIEW_STATE_WORDS},
    [OPTION_TAG] = {"--tag", NULL, "TAG", "with this tag only"},
    [OPTION_TIMEOUT] = {"--timeout", "-t", "SECONDS", "1 to 600: give up then (8)"},
    [OPTION_TITLE] = {"--title", NULL, "TEXT", "a few words"},
    [OPTION_TO] = {"--to", NULL, "SERVICE", "another service gets the data"},
    [OPTION_TOTP] = {"--totp", NULL, "CODE", "of your authenticator app, for your own account"},
    [OPTION_TYPE] = {"--type", NULL, "TYPE", "ed25519 (the default) or rsa (4096 bits)",
                     .values = "ed25519 rsa"},
    [OPTION_UNDO] = {"--undo", NULL, NULL, "take the tick back"},
    [OPTION_UNGUARDED] = {"--unguarded", NULL, NULL, "make no safety backup first"},
    [OPTION_UNIT] = {"--unit", NULL, "UNIT", "systemd's unit of Redis (redis-server)"},
    [OPTION_UNPROVED] = {"--unproved", NULL, NULL, "take a backup that was never loaded"},
    [OPTION_UNTIL] = {"--until", NULL, "TIME", "up to this time, written as for --since"},
    [OPTION_USER] = {"--user", NULL, "NAME", "of or for this user"},
    [OPTION_WITH_ARGUMENTS] = {"--with-arguments", NULL, NULL,
                               "slow commands with their values, too"},
};

#define PLACE(member) offsetof(struct invocation, member)
const struct global_row global_rows[] = {
    {"--json", NULL, "the API's JSON and nothing else on stdout", false, PLACE(json)},
    {"--config", "FILE", "else $RESUS_CONFIG, else /etc/resus/resus.yaml", false, PLACE(config)},
    {"--context", "NAME", "one that `resus context` knows, or local", true, PLACE(context)},
    {"--url", "URL", "a daemon elsewhere: https://HOST:8443", true, PLACE(url)},
    {"--token-file", "FILE", "its API token, readable by you alone", true, PLACE(token_file)},
    {"--ca-file", "FILE", "the certificate that signs its own", true, PLACE(ca_file)},
    {"--pin", "sha256/BASE64", "the SHA-256 of its public key, instead or as well", true,
     PLACE(pin)},
    {"--help", NULL, "", false, PLACE(help)},
    {"--version", NULL, "", false, PLACE(version)},
};

static_assert(ARRAY_LENGTH(option_rows) == OPTION_COUNT, "every option has its row");
static_assert(OPTION_COUNT <= 64, "verbs hold their options as 64 bits");

struct reader {
    int argc, next;
    char **argv;
    bool only_words; /* after "--" */
    struct invocation *in;
    struct error *err;
};

/* The part behind '=' when `word` is `name` or `name=...`; *ret_inline NULL without '='. */
static bool named(const char *word, const char *name, const char **ret_inline)
{
    size_t length = strlen(name);
    if (strncmp(word, name, length) != 0 || (word[length] != '\0' && word[length] != '='))
        return false;
    *ret_inline = word[length] == '=' ? word + length + 1 : NULL;
    return true;
}

static int value_of(struct reader *r, const char *name, const char *given, const char **ret)
{
    if (given == NULL && r->next < r->argc)
        given = r->argv[r->next++];
    if (given == NULL)
        return error_set(r->err, -EINVAL, "%s needs a value", name);
    *ret = given;
    return 0;
}

static int flag(struct reader *r, const char *name, const char *given, bool *ret)
{
    if (given != NULL)
        return error_set(r->err, -EINVAL, "%s takes no value", name);
    *ret = true;
    return 0;
}

/* 1 when `word` was an option of every verb. */
static int global_option(struct reader *r, const char *word)
{
    if (str_equal(word, "-h"))
        word = "--help";
    for (size_t i = 0; i < GLOBAL_COUNT; i++) {
        const struct global_row *row = &global_rows[i];
        const char *given = NULL;
        if (!named(word, row->name, &given))
            continue;
        void *place = (char *)r->in + row->place;
        int rc = row->argument == NULL ? flag(r, row->name, given, place)
                                       : value_of(r, row->name, given, place);
        return rc < 0 ? rc : 1;
    }
    return 0;
}

/* The row of `word`, -1 when there is none. "-n50" is "-n" with "50". */
static int option_named(const char *word, const char **ret_inline)
{
    for (int id = 0; id < OPTION_COUNT; id++) {
        const struct option_row *row = &option_rows[id];
        if (named(word, row->name, ret_inline))
            return id;
        if (row->letter != NULL && str_starts(word, row->letter) &&
            (word[2] == '\0' || row->argument != NULL)) {
            *ret_inline = word[2] == '\0' ? NULL : word + 2;
            return id;
        }
    }
    return -1;
}

/* "unknown option X; did you mean Y?", by the part before '='. */
static int unknown_option(struct reader *r, const char *word)
{
    const struct verb *verb = r->in->verb;
    const char *names[OPTION_COUNT + GLOBAL_COUNT];
    char bare[64];
    size_t count = 0;
    for (size_t i = 0; i < GLOBAL_COUNT; i++)
        if (verb == NULL || !verb->local || !global_rows[i].remote)
            names[count++] = global_rows[i].name;
    for (int id = 0; id < OPTION_COUNT; id++)
        if (verb == NULL || (verb->options & OPTION_BIT(id)) != 0)
            names[count++] = option_rows[id].name;
    (void)str_copy_n(bare, sizeof bare, word, strcspn(word, "="));
    const char *near = str_nearest(names, count, bare);
    if (near != NULL)
        return error_set(r->err, -EINVAL, "unknown option %s; did you mean %s?", word, near);
    return error_set(r->err, -EINVAL, "unknown option %s; `resus help%s%s` lists them", word,
                     verb == NULL ? "" : " ", verb == NULL ? "" : verb->name);
}

static int option(struct reader *r, const char *word)
{
    int rc = global_option(r, word);
    if (rc != 0)
        return rc < 0 ? rc : 0;
    const char *given = NULL;
    int id = option_named(word, &given);
    if (id < 0)
        return unknown_option(r, word);
    const struct option_row *row = &option_rows[id];
    if (r->in->options[id] != NULL)
        return error_set(r->err, -EINVAL, "%s is there twice", row->name);
    if (row->argument == NULL) {
        bool set;
        rc = flag(r, row->name, given, &set);
        if (rc == 0)
            r->in->options[id] = "";
        return rc;
    }
    return value_of(r, row->name, given, &r->in->options[id]);
}

static int unknown_verb(struct reader *r, const char *word)
{
    const char *near = verb_nearest(word);
    if (near != NULL)
        return error_set(r->err, -EINVAL, "unknown verb \"%s\"; did you mean %s?", word, near);
    return error_set(r->err, -EINVAL, "unknown verb \"%s\"; `resus help` lists them", word);
}

static bool is_sub(const struct verb *verb, const char *word)
{
    size_t count = 0;
    while (verb->subs[count] != NULL)
        count++;
    return str_index(verb->subs, count, word) >= 0;
}

static int sub_word(struct reader *r, const char *word)
{
    const struct verb *verb = r->in->verb;
    size_t count = 0;
    while (verb->subs[count] != NULL)
        count++;
    if (str_index(verb->subs, count, word) >= 0) {
        r->in->sub = word;
        return 0;
    }
    const char *near = str_nearest(verb->subs, count, word);
    return error_set(r->err, -EINVAL, "%s: unknown word \"%s\"%s%s%s", verb->name, word,
                     near == NULL ? "" : "; did you mean ", near == NULL ? "" : near,
                     near == NULL ? "" : "?");
}

static int word(struct reader *r, const char *text)
{
    struct invocation *in = r->in;
    if (in->verb == NULL) {
        in->verb = verb_by_name(text);
        return in->verb == NULL ? unknown_verb(r, text) : 0;
    }
    if (in->verb->subs != NULL && in->sub == NULL && in->word_count == 0) {
        if (!in->verb->sub_may_lack)
            return sub_word(r, text);
        if (is_sub(in->verb, text)) {
            in->sub = text;
            return 0;
        }
    }
    if (in->verb->free_word && in->sub == NULL) {
        in->sub = text;
        return 0;
    }
    if (in->verb->assignments && str_equal(in->sub, "set") && strchr(text, '=') != NULL) {
        if (in->assignment_count == ARGUMENTS_ASSIGNMENTS_MAX)
            return error_set(r->err, -EINVAL, "%s: at most %d assignments at once", in->verb->name,
                             ARGUMENTS_ASSIGNMENTS_MAX);
        in->assignments[in->assignment_count++] = text;
        return 0;
    }
    if (in->verb->words && in->word_count < ARGUMENTS_WORDS_MAX) {
        in->words[in->word_count++] = text;
        return 0;
    }
    if (in->verb->service && in->service == NULL && text[0] != '\0') {
        in->service = text;
        return 0;
    }
    return error_set(r->err, -EINVAL, "%s: \"%s\" is one word too many", in->verb->name, text);
}

/* A daemon elsewhere: all of it or nothing, and only for verbs that ask a daemon. */
static int elsewhere(const struct invocation *in, struct error *err)
{
    bool named = in->context != NULL || getenv("RESUS_URL") != NULL;
    if (in->url == NULL && !named &&
        (in->token_file != NULL || in->ca_file != NULL || in->pin != NULL))
        return error_set(err, -EINVAL, "--token-file, --ca-file and --pin go with --url");
    if (in->url != NULL && in->context != NULL)
        return error_set(err, -EINVAL, "--url and --context say the same: give one");
    if ((in->url != NULL || in->context != NULL) && in->verb->local)
        return error_set(err, -EINVAL, "%s works on its own machine: without --%s", in->verb->name,
                         in->url != NULL ? "url" : "context");
    if (in->url == NULL)
        return 0;
    struct remote_target target = {.url = in->url, .pin = in->pin};
    return remote_check(&target, err);
}

/* What only the whole line shows. */
static int whole_line(const struct invocation *in, struct error *err)
{
    if (in->verb == NULL || in->help || in->version)
        return 0;
    for (int id = 0; id < OPTION_COUNT; id++)
        if (in->options[id] != NULL && (in->verb->options & OPTION_BIT(id)) == 0)
            return error_set(err, -EINVAL, "%s does not take %s", in->verb->name,
                             option_rows[id].name);
    if (in->verb->subs != NULL && in->sub == NULL && !in->verb->sub_may_lack)
        return error_set(err, -EINVAL, "%s: a word is missing", in->verb->name);
    if (in->verb->assignments && str_equal(in->sub, "set") && in->assignment_count == 0)
        return error_set(err, -EINVAL, "%s set: KEY=VALUE is missing", in->verb->name);
    return elsewhere(in, err);
}

int arguments_parse(int argc, char **argv, struct invocation *ret, struct error *err)
{
    *ret = (struct invocation){0};
    struct reader r = {.argc = argc, .next = 1, .argv = argv, .in = ret, .err = err};
    while (r.next < r.argc) {
        const char *text = r.argv[r.next++];
        int rc = 0;
        if (!r.only_words && str_equal(text, "--"))
            r.only_words = true;
        else if (!r.only_words && text[0] == '-' && text[1] != '\0')
            rc = option(&r, text);
        else
            rc = word(&r, text);
        if (rc < 0)
            return rc;
    }
    return whole_line(ret, err);
}
