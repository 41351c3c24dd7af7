#include <assert.h>

#include "base/attr.h"
#include "store/record.h"

#define DAY_MS (INT64_C(24) * 3600 * 1000)

const struct record_kind_row record_kinds[RECORD_KIND_COUNT] = {
    /* Accounts are held in memory by their owner, which tries again what the disk did not take. */
    [RECORD_USER] = {.word = "user", .class = STORE_FULL},
    [RECORD_SESSION] = {.word = "session", .class = STORE_FULL},
    [RECORD_API_TOKEN] = {.word = "api_token", .class = STORE_FULL},
    [RECORD_ACCESS_REQUEST] = {.word = "access_request", .class = STORE_FULL},
    /* The outbox asks for more where a message begins: it is on disk before a byte leaves. What
     * becomes of it may be lost by a power cut: it is then sent again under the same id. */
    [RECORD_MESSAGE] = {.word = "message",
                        .class = STORE_NORMAL,
                        .service = "service",
                        .state = "state",
                        .time = "at",
                        .numbers_ahead = 10000,
                        .keep_ms = 90 * DAY_MS,
                        .keep_max = 50000,
                        .live = {"open"},
                        .kept = true},
    [RECORD_DELIVERY] = {.word = "delivery",
                         .class = STORE_NORMAL,
                         .service = "channel",
                         .state = "state",
                         .time = "at",
                         .numbers_ahead = 10000,
                         .keep_ms = 90 * DAY_MS,
                         .keep_max = 100000,
                         .live = {"queued", "sending", "waiting"},
                         .kept = true},
    /* With each message that they send, so in its class; what is only shown may be lost. */
    [RECORD_ALERT] = {.word = "alert",
                      .class = STORE_NORMAL,
                      .service = "service",
                      .state = "state",
                      .time = "at",
                      .numbers_ahead = 100,
                      .keep_ms = 90 * DAY_MS,
                      .keep_max = 5000,
                      .live = {"pending", "firing", "clearing", "flapping"},
                      .kept = true},
    [RECORD_INCIDENT] = {.word = "incident",
                         .class = STORE_FULL,
                         .service = "service",
                         .state = "status",
                         .time = "at",
                         .numbers_ahead = 100,
                         .keep_ms = 400 * DAY_MS,
                         .keep_max = 2000,
                         .live = {"investigating", "mitigated", "resolved"},
                         .kept = true},
    /* An occurrence of a maintenance window. Its owner asks for more where people wait for it. */
    [RECORD_MAINTENANCE] = {.word = "maintenance",
                            .class = STORE_NORMAL,
                            .service = "window",
                            .state = "state",
                            .time = "starts_ms",
                            .keep_ms = 400 * DAY_MS,
                            .keep_max = 20000,
                            .live = {"planned", "announced", "open", "verifying"},
                            .kept = true},
    /* When a report was sent last. It is written with the report's message. */
    [RECORD_REPORT] = {.word = "report", .class = STORE_NORMAL, .kept = true},
    /* The journal of a restore: each step is on the disk before it is taken, or it is not taken. */
    [RECORD_RESTORE] = {.word = "restore",
                        .class = STORE_FULL,
                        .service = "service",
                        .state = "phase",
                        .time = "at",
                        .numbers_ahead = 10,
                        .keep_ms = 400 * DAY_MS,
                        .keep_max = 200,
                        .live = {"open"}},
    /* How long a backup took to load. Its owner keeps fewer of each service. */
    [RECORD_DRILL] = {.word = "drill",
                      .class = STORE_NORMAL,
                      .service = "service",
                      .state = "result",
                      .time = "at",
                      .numbers_ahead = 10,
                      .keep_ms = 800 * DAY_MS,
                      .keep_max = 60000,
                      .kept = true},
};
static_assert(ARRAY_LENGTH(record_kinds) == RECORD_KIND_COUNT, "a row for every kind");
