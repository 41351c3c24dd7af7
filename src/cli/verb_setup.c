#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "base/str.h"
#include "cli/ask.h"
#include "cli/cli.h"
#include "cli/page.h"
#include "cli/setup.h"
#include "cli/usage.h"
#include "cli/verb.h"

#define DEFAULT_USER "resus"
#define DEFAULT_UNIT "redis-server"
#define ANSWER_MAX 512 /* bytes of a line that is typed */

/* ── questions ── */

/* A line of standard input; an empty one means `standard`. `flag` is what says it beforehand. */
static int ask(const char *question, const char *standard, const char *flag, char *to, size_t size,
               struct error *err)
{
    char line[ANSWER_MAX];
    (void)printf(standard == NULL ? "%s: " : "%s [%s]: ", question, standard);
    (void)fflush(stdout);
    if (fgets(line, sizeof line, stdin) == NULL)
        return error_set(err, -ENODATA, "no answer to \"%s\": give %s", question, flag);
    line[strcspn(line, "\r\n")] = '\0';
    if (!str_copy(to, size, line[0] == '\0' ? standard : line))
        return error_set(err, -EINVAL, "the answer to \"%s\" is too long", question);
    return 0;
}

/* What the command line leaves open. With --fingerprint nothing is asked. */
static int collect(const struct invocation *in, struct setup_answers *ret, struct error *err)
{
    struct setup_answers a = {.port = 22};
    char place[SETTINGS_HOST_MAX + SETUP_NAME_MAX];
    bool silent = in->json || arguments_has(in, OPTION_FINGERPRINT);
    const char *user = in->options[OPTION_USER];
    const char *unit = in->options[OPTION_UNIT];
    int r = 0;
    if (in->sub != NULL)
        (void)str_copy(place, sizeof place, in->sub);
    else if (silent)
        return error_set(err, -EINVAL, "name the host: resus setup USER@HOST");
    else
        r = ask("Host of Redis", NULL, "it as resus setup USER@HOST", place, sizeof place, err);
    r = r < 0 ? r : setup_read_place(place, &a, err);
    if (user != NULL)
        (void)str_copy(a.user, sizeof a.user, user);
    if (r == 0 && a.user[0] == '\0' && silent)
        (void)str_copy(a.user, sizeof a.user, DEFAULT_USER);
    else if (r == 0 && a.user[0] == '\0')
        r = ask("Account there, for Resus to log in", DEFAULT_USER, "--user", a.user, sizeof a.user,
                err);
    if (r == 0 && (unit != NULL || silent))
        (void)str_copy(a.unit, sizeof a.unit, unit != NULL ? unit : DEFAULT_UNIT);
    else if (r == 0)
        r = ask("Unit of Redis", DEFAULT_UNIT, "--unit", a.unit, sizeof a.unit, err);
    *ret = a;
    return r;
}

/* ── the plan ── */

static void show_plan(const struct setup *s)
{
    const struct ssh_settings *ssh = &s->service->ssh;
    (void)printf("\nResus logs in to %s port %d as %s and watches the unit %s there.\n", ssh->host,
                 ssh->port, ssh->user, s->service->unit);
    (void)printf("\nThe host shows this key%s:\n  %s %s\n",
                 s->host.state == HOST_KEY_KNOWN ? ", which is known already" : "", s->host.type,
                 s->host.fingerprint);
    if (s->host.state != HOST_KEY_KNOWN)
        (void)printf("Compare it on the host's own console:\n"
                     "  for f in /etc/ssh/ssh_host_*_key.pub; do ssh-keygen -lf $f; done\n");
    (void)printf("\nThis is written on this machine, and nothing on %s:\n", ssh->host);
    (void)printf("  %s  %s\n", ssh->key,
                 s->key_is_there ? "is there already and is used"
                                 : "a new SSH key (Ed25519, mode 600)");
    if (s->host.state != HOST_KEY_KNOWN)
        (void)printf("  %s  a line more: the host's key\n", ssh->known_hosts);
    (void)printf("  %s  the settings (mode 640)\n", s->config);
}

static int agree(const struct invocation *in, const struct setup *s, struct error *err)
{
    const char *wanted = in->options[OPTION_FINGERPRINT];
    char answer[16];
    if (wanted != NULL && str_equal(wanted, s->host.fingerprint))
        return 0;
    if (wanted != NULL)
        return error_set(err, -EKEYREJECTED, "the host shows the key %s %s, and not %.100s",
                         s->host.type, s->host.fingerprint, wanted);
    if (in->json)
        return error_set(err, -EINVAL,
                         "the host shows the key %s %s: compare it on the host, then give it with "
                         "--fingerprint",
                         s->host.type, s->host.fingerprint);
    int r = ask("\nIs the fingerprint right, and shall this be written? (yes or no)", "no",
                "--fingerprint SHA256:...", answer, sizeof answer, err);
    if (r == 0 && !str_equal(answer, "yes"))
        r = error_set(err, -ECANCELED, "not confirmed");
    return r;
}

/* ── the result ── */

static void next_lines(const struct setup *s, char *ret, size_t size)
{
    if (str_equal(s->config, ASK_DEFAULT_CONFIG))
        (void)str_copy(ret, size, "systemctl enable --now resus\nresus doctor\n");
    else
        (void)str_format(ret, size, "resus serve --config %s\nresus doctor --config %s\n",
                         s->config, s->config);
}

static int show_result(const struct invocation *in, const struct setup *s,
                       const struct keypair_public *key, struct error *err)
{
    char next[2 * SETTINGS_PATH_MAX + 64];
    struct buf script = BUF_LIMIT(SETUP_TEXT_MAX);
    struct buf line = BUF_LIMIT(SETUP_TEXT_MAX);
    struct buf sudoers = BUF_LIMIT(SETUP_TEXT_MAX);
    int r = setup_host_script(s, key, &script, err);
    next_lines(s, next, sizeof next);
    if (r == 0 && in->json) {
        JSON_CLEANUP json_t *body = json_object();
        if (setup_authorized_line(key, &line) == 0 && setup_sudoers(s, &sudoers) == 0)
            (void)(json_put_text(body, "file", s->config) &&
                   json_put_text(body, "host_key", s->host.fingerprint) &&
                   json_put_text(body, "authorized_keys", buf_text(&line)) &&
                   json_put_text(body, "sudoers", buf_text(&sudoers)) &&
                   json_put_text(body, "host_script", buf_text(&script)) &&
                   json_put_text(body, "next", next));
        ask_print_json(body);
    } else if (r == 0) {
        (void)printf("\nWritten. Now run this on %s as root:\n\n%s", s->service->ssh.host,
                     buf_text(&script));
        (void)printf("\nThen here:\n\n%s", next);
    }
    buf_free(&script);
    buf_free(&line);
    buf_free(&sudoers);
    return r;
}

static int run(const struct invocation *in, struct setup *s, struct error *err)
{
    struct keypair_public key;
    int r = setup_ask_host(s, err);
    if (r == 0 && !in->json)
        show_plan(s);
    r = r < 0 ? r : agree(in, s, err);
    r = r < 0 ? r : setup_apply(s, &key, err);
    return r < 0 ? r : show_result(in, s, &key, err);
}

static int run_setup(const struct invocation *in)
{
    struct setup_answers answers;
    struct setup s;
    struct error err = {0};
    int r = collect(in, &answers, &err);
    r = r < 0 ? r : setup_find_daemon(&answers, &err);
    r = r < 0 ? r : setup_plan(ask_config(in), &answers, &s, &err);
    if (r < 0)
        return ask_failed(in, CLI_REFUSED, "setup_refused", "%s", err.text);
    r = run(in, &s, &err);
    setup_free(&s);
    if (r < 0)
        return ask_failed(in, CLI_REFUSED, "setup_refused",
                          "%s. Nothing was changed; `resus setup` can be run again", err.text);
    return CLI_DONE;
}

const struct verb verbs_setup[] = {
    {"setup", GROUP_SETUP,
     "setup [USER@HOST] [--unit UNIT] [--user NAME] [--fingerprint SHA256:...]",
     "write the first settings: Redis on another host, by SSH",
     "Asks for what is not given, shows the host's key and every file that it is going\n"
     "to write, and writes after a yes: a new SSH key, the line of known_hosts, the\n"
     "settings. Prints what is to be run on the host, and the next command. Settings\n"
     "that are there are never changed. HOST:PORT where sshd is not on port 22. With\n"
     "--fingerprint it asks nothing, and writes only if the host shows that key.\n",
     .free_word = true, .options = TAKES(UNIT) | TAKES(USER) | TAKES(FINGERPRINT), .local = true,
     .run = run_setup},
    {0},
};
