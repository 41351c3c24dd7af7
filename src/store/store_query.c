/* The store's questions about history. */
#include "store/history.h"

void store_query_recoveries(struct store *s, uint64_t id, const char *service, wall_ms since,
                            int limit)
{
    store_ask(s, id, history_recoveries, service,
              &(struct history_question){.since = since, .limit = limit});
}

void store_query_events(struct store *s, uint64_t id, const char *service, uint64_t since_seq,
                        int limit)
{
    store_ask(s, id, history_events, service,
              &(struct history_question){.since_seq = since_seq, .limit = limit});
}

void store_query_operations(struct store *s, uint64_t id, const char *service, wall_ms since,
                            int limit)
{
    store_ask(s, id, history_operations, service,
              &(struct history_question){.since = since, .limit = limit});
}

void store_query_recovery_summary(struct store *s, uint64_t id, const char *service, wall_ms since)
{
    store_ask(s, id, history_summary, service, &(struct history_question){.since = since});
}
