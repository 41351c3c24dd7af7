/* Users, requests, tokens and sessions as the API shows them. */
#ifndef RESUS_ACCOUNTS_ACCOUNT_JSON_H
#define RESUS_ACCOUNTS_ACCOUNT_JSON_H

#include "accounts/book.h"

json_t *user_json(const struct accounts *a, const struct user *u);
json_t *access_request_json(const struct accounts *a, const struct access_request *r);
json_t *api_token_json(const struct api_token *t);
/* Those that work. */
json_t *api_tokens_made_by(const struct accounts *a, const char *email);
json_t *session_json(const struct session *s, bool current);
/* A token until s->expires, and what else a login answers. NULL with the error. */
json_t *session_welcome(struct accounts *a, const struct user *u, const struct session *s,
                        const char *jti, struct error *err);
/* What users see of themselves, and adds what they see of this login. */
json_t *own_user_json(const struct accounts *a, const struct user *u);
void own_session_json(struct accounts *a, const char *jti, json_t *body);

#endif
