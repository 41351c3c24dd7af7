#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "web/connection.h"

/* LWS_WRITE_CLOSE of the library, which its public header leaves out of the enum. */
#define WRITE_CLOSE ((enum lws_write_protocol)4)
#define CLOSE_SECONDS 5 /* for what is queued and the closing frame to go out */

void *conversation_data(struct conversation *c)
{
    return c->data;
}

static void drop_messages(struct conversation *c)
{
    while (c->first != NULL) {
        struct message *m = c->first;
        c->first = m->next;
        mem_free(m);
    }
    c->last = &c->first;
    c->queued = 0;
}

void conversation_open(struct connection *c)
{
    struct conversation *talk = c->conversation;
    if (talk == NULL)
        return;
    talk->open = true;
    c->server->events.opened(c->server->events.context, talk);
}

void conversation_drop(struct connection *c)
{
    struct conversation *talk = c->conversation;
    if (talk == NULL)
        return;
    c->conversation = NULL;
    if (talk->open)
        c->server->events.closed(c->server->events.context, talk);
    else
        c->server->events.unopened(c->server->events.context, talk->data);
    drop_messages(talk);
    mem_free(talk);
}

/* On the spot when nothing waits and the socket takes it: thousands of clients are told of an event
 * in half the time that a turn of the loop for each would take. */
static bool say_now(struct conversation *c, const char *text, size_t length)
{
    struct lws *wsi = c->connection->wsi;
    unsigned char *small = c->connection->server->small;
    if (c->first != NULL || length > WRITE_MAX || lws_send_pipe_choked(wsi))
        return false;
    memcpy(small + LWS_PRE, text, length);
    /* A failure is met again, and the connection ended, by the next write in its turn. */
    return lws_write(wsi, small + LWS_PRE, length, LWS_WRITE_TEXT) >= 0;
}

bool conversation_say(struct conversation *c, const char *text, size_t length)
{
    if (c->ending)
        return false;
    if (say_now(c, text, length))
        return true;
    struct message *m =
        c->queued + length > SERVER_QUEUE_MAX ? NULL : mem_calloc(1, sizeof *m + LWS_PRE + length);
    if (m == NULL) {
        drop_messages(c);
        conversation_end(c, 1013, "you do not read fast enough");
        return false;
    }
    memcpy(m->bytes + LWS_PRE, text, length);
    m->length = length;
    *c->last = m;
    c->last = &m->next;
    c->queued += length;
    (void)lws_callback_on_writable(c->connection->wsi);
    return true;
}

void conversation_end(struct conversation *c, int code, const char *why)
{
    if (c->ending)
        return;
    c->ending = true;
    c->end_code = code;
    (void)str_copy(c->why, sizeof c->why, why);
    (void)lws_callback_on_writable(c->connection->wsi);
    /* A client that reads nothing would never let us say good-bye. */
    lws_set_timeout(c->connection->wsi, PENDING_TIMEOUT_USER_REASON_BASE, CLOSE_SECONDS);
}

/* The closing frame; the client's own ends the connection, or the timeout set by
 * conversation_end(). (lws_close_reason() and a refusal, as documented, end the connection without
 * the frame in 4.1.6 over TLS.) */
static int say_goodbye(struct connection *c)
{
    struct conversation *talk = c->conversation;
    unsigned char bytes[LWS_PRE + 2 + sizeof talk->why];
    size_t length = strlen(talk->why);
    if (talk->said_goodbye)
        return 0;
    talk->said_goodbye = true;
    bytes[LWS_PRE] = (unsigned char)(talk->end_code >> 8);
    bytes[LWS_PRE + 1] = (unsigned char)(talk->end_code & 0xFF);
    memcpy(bytes + LWS_PRE + 2, talk->why, length);
    return lws_write(c->wsi, bytes + LWS_PRE, length + 2, WRITE_CLOSE) < 0 ? -1 : 0;
}

/* One write a turn: libwebsockets keeps what the socket did not take and asks again. */
int conversation_writable(struct connection *c)
{
    struct conversation *talk = c->conversation;
    if (talk == NULL)
        return -1;
    struct message *m = talk->first;
    if (m == NULL) {
        if (!talk->ending)
            return 0;
        return say_goodbye(c);
    }
    talk->first = m->next;
    if (talk->first == NULL)
        talk->last = &talk->first;
    talk->queued -= m->length;
    int n = lws_write(c->wsi, m->bytes + LWS_PRE, m->length, LWS_WRITE_TEXT);
    mem_free(m);
    if (n < 0)
        return -1;
    if (talk->first != NULL || talk->ending)
        (void)lws_callback_on_writable(c->wsi);
    return 0;
}
