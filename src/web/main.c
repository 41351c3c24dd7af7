/* resus-web: HTTPS and WebSocket for the engine, which starts it with one socket as descriptor 3.
 * It holds no key but that of TLS and reaches nothing but that socket and its listener.
 *
 * usage (by the engine): resus-web --console FOLDER */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "api/link.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/parse.h"
#include "base/str.h"
#include "io/log.h"
#include "web/followers.h"
#include "web/router.h"
#include "web/sandbox.h"
#include "web/static_files.h"

#define HOST_MAX 256

struct process {
    uv_loop_t loop;
    struct router router;
    json_t *setup, *services; /* until the server is open */
    bool lost;
    char why[128];
};

/* ── the engine ── */

static void on_lost(void *context, const char *why)
{
    struct process *p = context;
    p->lost = true;
    (void)str_copy(p->why, sizeof p->why, why);
    uv_stop(&p->loop);
}

/* The certificate of a reload goes to the connections to come. */
static void renew(struct process *p, const json_t *setup)
{
    struct error err = {0};
    router_setup(&p->router, setup);
    server_proxies(p->router.server, json_object_get(setup, "trusted_proxies"));
    server_hsts(p->router.server, json_bool_or(setup, "hsts", false));
    if (server_certificate(p->router.server, json_text_or(setup, "certificate", ""),
                           json_text_or(setup, "key", ""), &err) < 0)
        log_error("web", "the certificate stays as it was: %s", err.text);
}

static void on_told(void *context, const json_t *frame)
{
    struct process *p = context;
    const json_t *setup = json_object_get(frame, "setup");
    if (setup == NULL)
        router_told(&p->router, frame);
    else if (p->router.server != NULL)
        renew(p, setup);
    else if (p->setup == NULL)
        p->setup = json_incref((json_t *)setup);
}

static void on_services(void *context, const json_t *frame)
{
    struct process *p = context;
    p->services = json_incref(json_object_get(frame, "body"));
}

/* ── opening ── */

/* "host:port", "[v6]:port"; an empty host, "*", 0.0.0.0 and :: are every address. */
static int split_listen(const char *listen, char *host, size_t size, int *ret_port,
                        struct error *err)
{
    const char *colon = strrchr(listen, ':');
    int64_t port = 0;
    if (colon == NULL || parse_int(colon + 1, 1, 65535, &port, NULL) < 0)
        return error_set(err, -EINVAL, "server.listen: \"%s\" is not host:port", listen);
    const char *begin = listen;
    const char *end = colon;
    if (*begin == '[' && end > begin && end[-1] == ']') {
        begin++;
        end--;
    }
    (void)str_copy_n(host, size, begin, (size_t)(end - begin));
    if (str_equal(host, "*") || str_equal(host, "0.0.0.0") || str_equal(host, "::"))
        host[0] = '\0';
    *ret_port = (int)port;
    return 0;
}

static void raise_files(void)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) != 0)
        return;
    rlim_t wanted = SERVER_CONNECTIONS_MAX + 128;
    files.rlim_cur =
        files.rlim_max == RLIM_INFINITY || files.rlim_max > wanted ? wanted : files.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &files);
}

static int wait_for_engine(struct process *p, struct error *err)
{
    json_t *request = json_object();
    (void)json_put_text(request, "op", "service_list"); /* all: also what strangers do not see */
    (void)engine_link_ask(p->router.link, request, on_services, p);
    while (!p->lost && (p->setup == NULL || p->services == NULL))
        (void)uv_run(&p->loop, UV_RUN_ONCE);
    return p->lost ? error_set(err, -EPIPE, "%s", p->why) : 0;
}

static int open_server(struct process *p, struct error *err)
{
    char host[HOST_MAX] = "";
    struct server_options options = {
        .certificate = json_text_or(p->setup, "certificate", ""),
        .key = json_text_or(p->setup, "key", ""),
        .hsts = json_bool_or(p->setup, "hsts", false),
        .proxies = json_object_get(p->setup, "trusted_proxies"),
    };
    const struct server_events events = {.context = &p->router,
                                         .request = router_request,
                                         .gone = router_gone,
                                         .opened = router_opened,
                                         .closed = router_closed,
                                         .unopened = router_unopened};
    int r =
        split_listen(json_text_or(p->setup, "listen", ""), host, sizeof host, &options.port, err);
    if (r < 0)
        return r;
    options.host = host[0] == '\0' ? NULL : host;
    return server_open(&p->loop, &options, &events, &p->router.server, err);
}

static int open_router(struct process *p, const char *console, struct error *err)
{
    struct router *router = &p->router;
    router->identities = identities_new();
    router->rate = rate_new();
    if (router->identities == NULL || router->rate == NULL)
        return error_set(err, -ENOMEM, "out of memory");
    const struct engine_link_events events = {.context = p, .told = on_told, .lost = on_lost};
    int r = engine_link_open(&p->loop, LINK_FD, &events, &router->link, err);
    if (r == 0)
        r = wait_for_engine(p, err);
    if (r < 0)
        return r;
    router->snapshots = snapshots_new(router->link, p->services);
    if (router->snapshots == NULL)
        return error_set(err, -ENOMEM, "out of memory");
    router->followers =
        followers_new(&p->loop, router->link, router->snapshots, router->identities);
    if (router->followers == NULL)
        return error_set(err, -ENOMEM, "out of memory");
    router_setup(router, p->setup);
    r = static_files_load(console, &router->files, err);
    if (r == 0)
        r = open_server(p, err);
    json_decref(p->setup);
    json_decref(p->services);
    p->setup = p->services = NULL;
    return r;
}

int main(int argc, char **argv)
{
    static struct process p;
    struct error err = {0};
    log_init(LOG_LEVEL_INFO);
    if (argc != 3 || !str_equal(argv[1], "--console")) {
        (void)fprintf(stderr, "resus-web is started by `resus serve`\n");
        return 64;
    }
    (void)signal(SIGPIPE, SIG_IGN);
    /* Ctrl-C reaches everything on the terminal. When this process ends is the engine's to say. */
    (void)signal(SIGINT, SIG_IGN);
    (void)signal(SIGHUP, SIG_IGN); /* so does a terminal that is closed */
    tzset();
    raise_files();
    int r = sandbox_prepare(&err);
    if (r == 0)
        r = uv_loop_init(&p.loop);
    if (r == 0)
        r = open_router(&p, argv[2], &err);
    if (r == 0)
        r = sandbox_enter(&err);
    if (r < 0) {
        log_error("web", "%s", err.code != 0 ? err.text : uv_strerror(r));
        return EXIT_FAILURE;
    }
    json_t *ready = json_object();
    (void)json_put_bool(ready, "ready", true);
    engine_link_tell(p.router.link, ready);
    (void)uv_run(&p.loop, UV_RUN_DEFAULT);
    /* Nothing is taken apart: the engine has gone, or starts another. */
    return EXIT_SUCCESS;
}
