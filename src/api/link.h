/* The one socket between the engine and the web process: frames (api/frame.h), both ways.
 *
 * engine -> web
 *   {"setup": {"listen", "certificate", "key",   PEM texts: chain, private key
 *              "issuer",
 *              "token_keys": [{"kid", "pem"}],   public keys that sign logins, newest first
 *              "rate_limits": {"start", ... },   a minute, 0 = none
 *              "metrics_anonymous": bool, "public_status": bool, "hsts": bool,
 *              "some_public": bool, "private_services": [ids],   of status and health
 *              "foreign_tokens": bool, "trusted_proxies": [networks]}}
 *                                                first frame; again after a reload
 *   {"users": {"<sub>": {"role", "not_before"}}}   all who may log in; whole map at each change.
 *                                                  Role anonymous: its second factor is missing.
 *                                                  A token of another sub, or issued (iat) before
 *                                                  not_before, is refused
 *   {"revoked": ["<session>", ...]}                token_session(), revoked and not yet expired;
 *                                                  whole list
 *   {"event": {...}, "service": id}                every event, as published
 *                                                  from "ready" on, after the last ones before it
 *   {"id", "line": any}                            a piece of a follow or of a long answer
 *   {"id", "status", "body", "rate"?: {"limit", "remaining", "reset"}}
 *                                                  exactly one for each request. A body that is a
 *                                                  string, or pieces that are, is text/plain
 *
 * web -> engine
 *   {"id", "op", "service"?, "args", "source_ip", "request_id",
 *    "credential"?: {"token", "cookie": bool, "csrf"?}}   cookie and csrf: see accounts.h
 *   {"id", "cancel": true}                         the asker of a follow went away
 *   {"ready": true}                           it serves
 *   {"used": ["<session>", ...]}              came with a request; at most LINK_USED_MAX
 *   op "snapshot" (service; no credential): {"status": {...}, "health": {...}, "events":
 *   [service_status, service_health]} as an admin sees them; what others may see of it is cut by
 *   api/visible.h. It is not a row of the table.
 *   op "service_list" (no credential): the list of services, likewise.
 *
 * The web process holds no secret but the TLS key. What it says of `source_ip` is its claim. */
#ifndef RESUS_API_LINK_H
#define RESUS_API_LINK_H

#define LINK_FD 3           /* the web process' end */
#define LINK_CALLS_MAX 1024 /* requests in flight */
#define LINK_USED_MAX 1024
/* A request's body (64 KiB), its head and what JSON makes of them; all names of LINK_USED_MAX. */
#define LINK_REQUEST_BYTES_MAX ((size_t)256 * 1024)
#define LINK_OUT_MAX                                                                               \
    (16 * 1024 * 1024) /* bytes that wait for the other side before it is dropped */

#endif
