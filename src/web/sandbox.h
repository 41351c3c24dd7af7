/* What the web process gives up before it reads a stranger's first byte: files (Landlock), every
 * system call that serving does not need (seccomp: no open, socket, connect, exec, ptrace, kill of
 * others, no code made at run time), capabilities, cores, ever more memory. It cannot be undone. */
#ifndef RESUS_WEB_SANDBOX_H
#define RESUS_WEB_SANDBOX_H

#include "base/attr.h"
#include "base/error.h"

/* A kernel without Landlock is named in the log and seccomp stands alone; without seccomp it
 * fails. */
int sandbox_enter(struct error *err) ATTR_MUST_USE;

#endif
