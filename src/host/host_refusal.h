/* Did the host refuse a command before anything was done? Read from what the command left behind:
 * sudo prints in the account's language, so its refusals are known by their form. */
#ifndef RESUS_HOST_HOST_REFUSAL_H
#define RESUS_HOST_HOST_REFUSAL_H

#include <stddef.h>

#include "host/command.h"

enum host_refusal {
    HOST_NOT_REFUSED,
    HOST_REFUSED_SUDO,   /* the account lacks the right */
    HOST_REFUSED_MASKED, /* systemd: the unit is masked */
    HOST_REFUSED_UNIT,   /* systemd does not know the unit */
    HOST_REFUSED_LOGIN,  /* the login shell: account or password expired; no command is run */
    HOST_REFUSAL_COUNT
};

/* Of a command that has exited with `code`; `out_length` bytes of stdout, `err` its stderr. */
enum host_refusal host_refusal_of(enum host_command command, int code, size_t out_length,
                                  const char *err, size_t length);
/* "sudo", "masked", "unit", "login"; "" = none */
const char *host_refusal_word(enum host_refusal refusal);

#endif
