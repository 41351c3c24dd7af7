/* What the web process gives up before it reads a stranger's first byte: files, new connections and
 * signals to others (Landlock, where the kernel has it), every system call that serving does not
 * need (seccomp: no open, socket, connect, exec, ptrace, kill of others, no signal handlers, no
 * code made at run time), capabilities, core dumps, unlimited memory. The kernel ends it when the
 * engine ends. None of this can be undone. */
#ifndef RESUS_WEB_SANDBOX_H
#define RESUS_WEB_SANDBOX_H

#include "base/attr.h"
#include "base/error.h"

/* Before the loop is made: from 1.45 on libuv sets up an io_uring for it where it can, and aborts
 * when the sandbox does not let it enter that. */
int sandbox_prepare(struct error *err) ATTR_MUST_USE;

/* A kernel without Landlock is named in the log and seccomp stands alone; without seccomp it
 * fails. */
int sandbox_enter(struct error *err) ATTR_MUST_USE;

#endif
