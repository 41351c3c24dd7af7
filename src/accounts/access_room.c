#include "accounts/access_room.h"

size_t access_requests_pending(const struct accounts *a, const struct user *u)
{
    const struct access_request *r;
    size_t count = 0;
    shelf_each(a, STORE_ACCESS_REQUEST, r)
    {
        count += r->user == u->number && r->state == REQUEST_PENDING;
    }
    return count;
}

void access_requests_make_room(struct accounts *a)
{
    struct access_request *r;
    if (a->shelves[STORE_ACCESS_REQUEST].count < ACCESS_REQUESTS_MAX)
        return;
    shelf_each(a, STORE_ACCESS_REQUEST, r)
    {
        if (r->state != REQUEST_REJECTED && r->state != REQUEST_ENDED)
            continue;
        account_remove(a, STORE_ACCESS_REQUEST, r);
        return;
    }
}
