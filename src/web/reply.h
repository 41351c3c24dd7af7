/* Answers in the API's forms. */
#ifndef RESUS_WEB_REPLY_H
#define RESUS_WEB_REPLY_H

#include <jansson.h>
#include <stdbool.h>

#include "web/server.h"

#define REPLY_LINES_MAX 1024

/* `lines`: more header lines, each with CRLF; NULL = none. */
void reply_error(struct request *x, int status, const char *code, const char *message,
                 const char *lines);
/* Takes `body`; an error's gets its request_id. */
void reply_json(struct request *x, int status, json_t *body, const char *lines);
/* Does the client read gzip? */
bool reply_takes_gzip(struct request *x);
/* 401 with WWW-Authenticate. */
void reply_login(struct request *x, const char *code, const char *message);

#endif
