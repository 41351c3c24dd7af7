/* The rows of `engine` and `fleet`, for the table in keys.c and for no other file. */
#ifndef RESUS_SETTINGS_KEYS_FLEET_H
#define RESUS_SETTINGS_KEYS_FLEET_H

/* clang-format off */
#define KEYS_FLEET                                                                                 \
    {PLACE_ENGINE, "name", KEY_WORD, SETTINGS(fleet.name), .restart = true,                        \
     .help = "of this engine in its fleet, different on each: A-Z a-z 0-9 . _ -, at most 63; "     \
             "`server.name` unless given"},                                                        \
    {PLACE_ENGINE, "site", KEY_WORD, SETTINGS(fleet.site), .restart = true,                        \
     .help = "where this engine runs, for people"},                                                \
    {PLACE_ENGINE, "url", KEY_URL, SETTINGS(fleet.url), .restart = true,                           \
     .help = "the address of this engine's console, such as `https://resus1.example.org:8443`"},   \
    {PLACE_FLEET, "etcd", KEY_URLS, SETTINGS(fleet.etcd), .restart = true,                         \
     .help = "a list of the addresses of etcd's nodes, such as `https://10.0.0.1:2379`, at most 9"}, \
    {PLACE_FLEET, "ca_file", KEY_PATH, SETTINGS(fleet.ca_file), .trusted = true, .restart = true,  \
     .help = "PEM: who signs the nodes' certificates; the system's store unless given"},           \
    {PLACE_FLEET, "certificate", KEY_PATH, SETTINGS(fleet.certificate), .trusted = true,           \
     .restart = true, .help = "client certificate (PEM), with `key`"},                             \
    {PLACE_FLEET, "key", KEY_PATH, SETTINGS(fleet.key), .trusted = true, .restart = true,          \
     .help = "its key (PEM), readable by the owner alone"},                                        \
    {PLACE_FLEET, "prefix", KEY_TEXT, SETTINGS(fleet.prefix), .standard = "/resus/1",              \
     .restart = true, .help = "what the fleet's keys in etcd begin with, the same on each engine"}, \
    {PLACE_FLEET, "ttl_seconds", KEY_INT, SETTINGS(fleet.ttl_seconds), RANGE(15, 300),             \
     .standard = "15", .restart = true,                                                            \
     .help = "when an engine has been silent for so long, others take its services"}
/* clang-format on */

#endif
