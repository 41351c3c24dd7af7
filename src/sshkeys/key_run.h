/* Shared by sshkeys.c (orders and the clock) and key_run.c (the machine) alone. */
#ifndef RESUS_SSHKEYS_KEY_RUN_H
#define RESUS_SSHKEYS_KEY_RUN_H

#include <uv.h>

#include "api/call.h"
#include "host/key_proof.h"
#include "sshkeys/key_answer.h"
#include "sshkeys/key_book.h"

enum key_work_kind {
    KEY_WORK_LOOK,
    KEY_WORK_MAKE,
    KEY_WORK_SWITCH,
    KEY_WORK_REMOVE,
    KEY_WORK_NOTE
};

/* One rotation's way from an order to its answer. There is one at a time. */
struct key_run {
    struct call *call; /* NULL: asked for by the clock */
    struct engine_user user;
    char request_id[48];
    char service[SETTINGS_ID_MAX]; /* for the commands in texts */
    enum key_event asked;          /* KEY_BEGIN, KEY_CONTINUE or KEY_DUE */
    enum key_phase phase;
    enum key_work_kind work; /* the last one that changed files; KEY_WORK_LOOK = none */
    struct key_order order;
    uint64_t proved_under;       /* keys.reloads: the proof holds for the hosts of then */
    struct keypair_public fresh; /* of the new key, while there is one */
    char note[160];              /* what an earlier rotation had left */
    int status;                  /* the answer that waits for the disk */
    json_t *body;
};

struct key_work;

struct sshkeys {
    struct sshkeys_ports ports;
    struct key_book book; /* as it is on the disk */
    struct error broken;  /* why it cannot be read; code 0 = it was */
    uint64_t reloads;
    struct key_run *run; /* NULL = none is under way */
    struct key_proof *proof;
    struct key_work *work;
    uv_timer_t *timer;
};

static inline struct now sshkeys_now(const struct sshkeys *k)
{
    return k->ports.now(k->ports.context);
}

/* Takes the run, allocated by mem_calloc. */
void key_run_begin(struct sshkeys *k, struct key_run *run);
/* The daemon ends: the call is answered, what a worker or the SSH thread still does is let go. */
void key_run_drop(struct sshkeys *k);
/* A line of the audit log about the run. `failed` NULL = success. */
void key_run_audit(struct sshkeys *k, const char *reason, const struct error *failed);
/* sshkeys.c: when the clock asks next. */
void sshkeys_schedule(struct sshkeys *k);

#endif
