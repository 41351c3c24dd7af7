#include "daemon/recall.h"

int recall_recoveries(struct store *store, struct engine *engine, struct error *err)
{
    struct recovery_record past[ENGINE_RECALL_MAX];
    for (int i = 0; i < engine_service_count(engine); i++) {
        int n = store_load_recoveries(store, engine_settings(engine, i)->id, past,
                                      ENGINE_RECALL_MAX, err);
        if (n < 0)
            return n;
        engine_recall(engine, i, past, (size_t)n);
    }
    return 0;
}
