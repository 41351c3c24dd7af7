#include "redis/endpoint.h"

#include <errno.h>

#include "base/mem.h"
#include "io/file.h"
#include "redis/resp.h"

/* NULL for "". */
static int copy(const char *text, char **ret)
{
    if (text[0] == '\0')
        return 0;
    char *made = mem_strdup(text);
    if (made == NULL)
        return -ENOMEM;
    *ret = made;
    return 0;
}

static int copy_texts(struct endpoint *e, const struct redis_settings *settings)
{
    const char *name =
        settings->tls.server_name[0] == '\0' ? settings->host : settings->tls.server_name;
    int r = copy(settings->socket, &e->socket);
    if (r == 0 && e->socket == NULL)
        r = copy(settings->host, &e->host);
    if (r == 0)
        r = copy(settings->username, &e->username);
    if (r == 0)
        r = copy(settings->password_file, &e->password_file);
    if (r == 0)
        r = copy(name, &e->server_name);
    return r;
}

static int check(struct endpoint *e, const struct redis_settings *settings, struct error *err)
{
    if (e->host == NULL && e->socket == NULL)
        return error_set(err, -EINVAL, "no address of the Redis");
    if (e->tunnel && e->host == NULL)
        return error_set(err, -EINVAL, "an SSH tunnel reaches a host and port, not %s", e->socket);
    if (e->password_file != NULL) {
        ATTR_CLEANUP(buf_free) struct buf command = BUF_LIMIT(2 * ENDPOINT_SECRET_MAX);
        int r = endpoint_auth(e, &command, err);
        if (r < 0)
            return r;
    }
    if (!settings->tls.enabled)
        return 0;
    if (e->server_name == NULL)
        return error_set(err, -EINVAL, "TLS over %s needs server_name, to verify the certificate",
                         e->socket);
    const struct stream_tls_files files = {
        .ca_file = settings->tls.ca_file,
        .certificate = settings->tls.certificate,
        .key = settings->tls.key,
    };
    return stream_tls_load(&files, &e->tls, err);
}

int endpoint_new(const struct redis_settings *settings, struct endpoint **ret, struct error *err)
{
    struct endpoint *e = mem_calloc(1, sizeof *e);
    if (e == NULL)
        return error_set(err, -ENOMEM, "out of memory");
    e->port = settings->port;
    e->tunnel = settings->via == VIA_SSH;
    int r = copy_texts(e, settings);
    r = r < 0 ? error_set(err, r, "out of memory") : check(e, settings, err);
    if (r < 0)
        endpoint_free(e);
    else
        *ret = e;
    return r;
}

void endpoint_free(struct endpoint *e)
{
    if (e == NULL)
        return;
    mem_free(e->host);
    mem_free(e->socket);
    mem_free(e->username);
    mem_free(e->password_file);
    mem_free(e->server_name);
    stream_tls_free(e->tls);
    mem_free(e);
}

static int wrap(struct endpoint *e, struct stream *plain, struct stream **ret, struct error *err)
{
    if (e->tls != NULL) {
        stream_tls_refresh(e->tls);
        return stream_tls_new(e->tls, e->server_name, plain, ret, err);
    }
    *ret = plain;
    return 0;
}

int endpoint_stream(struct endpoint *e, uv_loop_t *loop, struct stream **ret, struct error *err)
{
    struct stream *plain = NULL;
    int r = e->socket != NULL ? stream_unix_new(loop, e->socket, &plain, err)
                              : stream_tcp_new(loop, e->host, e->port, &plain, err);
    return r < 0 ? r : wrap(e, plain, ret, err);
}

int endpoint_stream_over(struct endpoint *e, uv_loop_t *loop, int fd, struct stream **ret,
                         struct error *err)
{
    struct stream *plain = NULL;
    int r = stream_fd_new(loop, fd, &plain, err);
    return r < 0 ? r : wrap(e, plain, ret, err);
}

int endpoint_auth(const struct endpoint *e, struct buf *to, struct error *err)
{
    if (e->password_file == NULL)
        return 0;
    ATTR_CLEANUP(buf_free) struct buf secret = BUF_LIMIT(ENDPOINT_SECRET_MAX);
    int r = file_read_secret(e->password_file, &secret, err);
    if (r < 0)
        return r;
    const char *words[3] = {"AUTH"};
    size_t count = 1;
    if (e->username != NULL)
        words[count++] = e->username;
    words[count++] = buf_text(&secret);
    r = resp_command(to, words, count);
    return r < 0 ? error_set(err, r, "AUTH: out of memory") : 0;
}
