/* Frames of WebSockets (RFC 6455), those of a stranger and ours. Pure. */
#ifndef RESUS_WEB_FRAME_H
#define RESUS_WEB_FRAME_H

#include <stddef.h>
#include <stdint.h>

#define WSFRAME_HEAD_MAX 14
#define WSFRAME_CONTROL_MAX 125 /* bytes of a close, ping or pong */
#define WSFRAME_LENGTH_MAX (64 * 1024)
#define WSFRAME_ACCEPT_SIZE 29

enum wsframe_opcode {
    WSFRAME_MORE = 0,
    WSFRAME_TEXT = 1,
    WSFRAME_BINARY = 2,
    WSFRAME_CLOSE = 8,
    WSFRAME_PING = 9,
    WSFRAME_PONG = 10
};

struct wsframe {
    enum wsframe_opcode opcode;
    size_t length; /* of what follows */
    unsigned char mask[4];
};

/* A client's: the head's length, 0 while part of it is missing; or the code to close with,
 * negative: -1002 (wrong), -1009 (too long). */
int wsframe_read(const unsigned char *bytes, size_t length, struct wsframe *ret);
/* Ours, one whole message: what was written, at most WSFRAME_HEAD_MAX. */
size_t wsframe_write(unsigned char *to, enum wsframe_opcode opcode, size_t length);
/* What Sec-WebSocket-Accept says to that key. */
void wsframe_accept(const char *key, size_t length, char to[WSFRAME_ACCEPT_SIZE]);

#endif
