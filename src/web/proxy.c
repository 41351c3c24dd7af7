#include "web/proxy.h"

#include <string.h>

#include "base/str.h"

#define BLANKS " \t"

void proxies_set(struct proxies *proxies, const json_t *list)
{
    size_t i;
    json_t *one;
    proxies->count = 0;
    json_array_foreach(list, i, one) {
        if (proxies->count < PROXIES_MAX && json_is_string(one) &&
            network_read(json_string_value(one), &proxies->networks[proxies->count]))
            proxies->count++;
    }
}

bool proxies_hold(const struct proxies *proxies, const char *address)
{
    for (size_t i = 0; i < proxies->count; i++)
        if (network_holds(&proxies->networks[i], address))
            return true;
    return false;
}

/* "192.0.2.7", "192.0.2.7:4711", "2001:db8::1", "[2001:db8::1]:4711" */
static bool read_hop(struct http_text hop, char to[NETWORK_TEXT_MAX])
{
    char text[NETWORK_TEXT_MAX];
    while (hop.length > 0 && strchr(BLANKS, hop.at[0]) != NULL) {
        hop.at++;
        hop.length--;
    }
    while (hop.length > 0 && strchr(BLANKS, hop.at[hop.length - 1]) != NULL)
        hop.length--;
    if (!str_copy_n(text, sizeof text, hop.at, hop.length))
        return false;
    char *colon = strchr(text, ':');
    char *end = text[0] == '[' ? strchr(text, ']') : NULL;
    if (end != NULL && (end[1] == '\0' || end[1] == ':')) {
        *end = '\0';
        return network_plain(text + 1, to, NETWORK_TEXT_MAX);
    }
    if (colon != NULL && strchr(colon + 1, ':') == NULL)
        *colon = '\0';
    return network_plain(text, to, NETWORK_TEXT_MAX);
}

/* The last entry of a list, which is shortened by it. */
static struct http_text take_last(struct http_text *list)
{
    size_t begin = list->length;
    while (begin > 0 && list->at[begin - 1] != ',')
        begin--;
    struct http_text last = {list->at + begin, list->length - begin};
    list->length = begin > 0 ? begin - 1 : 0;
    if (begin == 0)
        list->at = NULL;
    return last;
}

void proxies_client(const struct proxies *proxies, const struct http_head *head, const char *peer,
                    char to[NETWORK_TEXT_MAX])
{
    (void)str_copy(to, NETWORK_TEXT_MAX, peer);
    size_t hops = 0;
    for (size_t line = head->forwarded_count; line > 0; line--) {
        struct http_text list = head->forwarded[line - 1];
        while (list.at != NULL) {
            char hop[NETWORK_TEXT_MAX];
            if (!proxies_hold(proxies, to) || ++hops > PROXY_HOPS_MAX ||
                !read_hop(take_last(&list), hop))
                return;
            (void)str_copy(to, NETWORK_TEXT_MAX, hop);
        }
    }
}

bool proxies_plain_http(const struct proxies *proxies, const struct http_head *head,
                        const char *peer)
{
    return proxies_hold(proxies, peer) && !head->twice[FIELD_FORWARDED_PROTO] &&
           http_is(head->fields[FIELD_FORWARDED_PROTO], "http");
}
