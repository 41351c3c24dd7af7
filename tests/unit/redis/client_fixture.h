/* A client on a loop, and everything it told. */
#ifndef RESUS_TEST_CLIENT_FIXTURE_H
#define RESUS_TEST_CLIENT_FIXTURE_H

#include <uv.h>

#include "redis/client.h"

#define ANSWERS_MAX 512

struct told {
    uint64_t id;
    enum redis_request request;
    struct probe_facts probe;
    struct info_facts info;
    size_t text_length;
    size_t items; /* of a list */
    int own_errors;
    struct canary_facts canary;
};

struct client_fixture {
    uv_loop_t loop;
    struct redis_client *client;
    struct service_settings service;
    struct told told[ANSWERS_MAX];
    size_t count, lost, lost_after; /* answers that were there when `lost` came */
    char why[256];
    void (*on_answer)(struct client_fixture *f, const struct redis_answer *answer);
};

/* The loop and plain settings for 127.0.0.1:port; then fixture_connect makes the client. */
void fixture_start(struct client_fixture *f, int port);
void fixture_connect(struct client_fixture *f);
void fixture_connect_through(struct client_fixture *f, const struct redis_tunnel *tunnel);
/* Frees the client, runs the loop empty and closes it: a handle left open fails the test. */
void fixture_end(struct client_fixture *f);
/* A request with a deadline so many ms from now; ids are the caller's. */
void fixture_ask(struct client_fixture *f, uint64_t id, enum redis_request request, bool fresh,
                 int64_t ms);
/* Runs the loop until something was told. */
void fixture_run(struct client_fixture *f);
/* Runs the loop until there are `count` answers in all. */
void fixture_wait(struct client_fixture *f, size_t count);
/* Asks and waits for the answer; ids from 1000 on. */
const struct told *fixture_answer(struct client_fixture *f, enum redis_request request, bool fresh,
                                  int64_t ms);
/* The answer with that id; fails when there is none or more than one. */
const struct told *fixture_told(const struct client_fixture *f, uint64_t id);

#endif
