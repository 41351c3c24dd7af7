/* The engine's side of the SSH thread. Inside host/ only. */
#ifndef RESUS_HOST_SSH_POOL_H
#define RESUS_HOST_SSH_POOL_H

#include "host/ssh_link.h"

#define SSH_PENDING_MAX 8192 /* jobs of all services under way */
#define SSH_SPARE_JOBS 4     /* kept for the moment without memory: every request is answered */

/* A user of the link to this host, account and key more, and one less: without users the session
 * is closed. On the engine's thread, as all here. */
int ssh_pool_join(struct ssh_pool *pool, const struct ssh_settings *ssh,
                  struct error *err) ATTR_MUST_USE;
void ssh_pool_leave(struct ssh_pool *pool, const struct ssh_settings *ssh);

/* A new job on the engine's list, to be filled and sent. Never NULL: without memory it is one that
 * ends as HOST_NOT_REACHED, or the program ends (SSH_SPARE_JOBS were under way like that). `ssh`
 * names the link, made when there is none. */
struct ssh_job *ssh_pool_job(struct ssh_pool *pool, enum ssh_job_kind kind,
                             const struct ssh_settings *ssh);
/* Off it goes; its answer comes by job->deliver, unless owner is NULL by then. The pool frees it
 * after that. A job with job->error set is answered at once (on a later turn of the loop). */
void ssh_pool_send(struct ssh_pool *pool, struct ssh_job *job);
void ssh_pool_cancel(struct ssh_pool *pool, const void *owner, uint64_t id);
/* HOST_CANCELLED: the command was not sent and never will be; HOST_CUT_OFF: it may have been sent.
 * Nothing is delivered for it. */
enum host_end ssh_pool_give_up(struct ssh_pool *pool, const void *owner, uint64_t id);
/* Gives up all jobs of the owner. */
void ssh_pool_disown(struct ssh_pool *pool, const void *owner);

#endif
