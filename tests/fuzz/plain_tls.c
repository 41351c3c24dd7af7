#include "plain_tls.h"

#include <errno.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/mem.h"

struct plain_tls plain_tls;
static int last; /* of SSL_get_error */

int __wrap_SSL_accept(SSL *ssl);
int __wrap_SSL_read_ex(SSL *ssl, void *to, size_t size, size_t *ret);
int __wrap_SSL_write_ex(SSL *ssl, const void *bytes, size_t length, size_t *ret);
int __wrap_SSL_get_error(const SSL *ssl, int r);
int __wrap_SSL_has_pending(const SSL *ssl);
int __wrap_SSL_shutdown(SSL *ssl);

int __wrap_SSL_accept(SSL *ssl)
{
    (void)ssl;
    return 1;
}

int __wrap_SSL_read_ex(SSL *ssl, void *to, size_t size, size_t *ret)
{
    ssize_t n = recv(SSL_get_fd(ssl), to, size, 0);
    last = n == 0            ? SSL_ERROR_ZERO_RETURN
           : errno == EAGAIN ? SSL_ERROR_WANT_READ
                             : SSL_ERROR_SYSCALL;
    *ret = n > 0 ? (size_t)n : 0;
    return n > 0 ? 1 : 0;
}

int __wrap_SSL_write_ex(SSL *ssl, const void *bytes, size_t length, size_t *ret)
{
    if (plain_tls.dice != NULL && dice_throw(plain_tls.dice, 8) == 1) { /* full */
        last = SSL_ERROR_WANT_WRITE;
        return 0;
    }
    ssize_t n = send(SSL_get_fd(ssl), bytes, length, MSG_NOSIGNAL);
    last = n < 0 && errno == EAGAIN ? SSL_ERROR_WANT_WRITE : SSL_ERROR_SYSCALL;
    *ret = n > 0 ? (size_t)n : 0;
    return n > 0 ? 1 : 0;
}

int __wrap_SSL_get_error(const SSL *ssl, int r)
{
    (void)ssl, (void)r;
    return last;
}

int __wrap_SSL_has_pending(const SSL *ssl)
{
    int bytes = 0;
    return plain_tls.pending && ioctl(SSL_get_fd(ssl), FIONREAD, &bytes) == 0 && bytes > 0;
}

int __wrap_SSL_shutdown(SSL *ssl)
{
    (void)ssl;
    return 0;
}

struct server *plain_server(uv_loop_t *loop, const struct server_events *events)
{
    struct server *s = mem_must(mem_calloc(1, sizeof *s));
    (void)signal(SIGPIPE, SIG_IGN);
    s->loop = loop;
    s->events = *events;
    s->tls = SSL_CTX_new(TLS_server_method());
    PROMISE(s->tls != NULL && uv_idle_init(loop, &s->idle) == 0);
    s->idle.data = s;
    return s;
}
