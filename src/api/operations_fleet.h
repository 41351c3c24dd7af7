/* The rows of the fleet, for the table in operations.c and for no other file. */
#ifndef RESUS_API_OPERATIONS_FLEET_H
#define RESUS_API_OPERATIONS_FLEET_H

#define FLEET_FIELDS                                                                               \
    static const struct field fleet_engine_fields[] = {                                            \
        {.name = "name", .type = FIELD_TEXT, .required = true, .min = 1, .max = 63}, REASON, END}

/* clang-format off */
#define FLEET_OPERATIONS                                                                           \
    [OP_FLEET] = {"fleet", GET, "/api/fleet", ACCESS_VIEWER, false, RATE_NONE, no_fields,          \
                  "The engines of the fleet, and which of them owns each service.", "Fleet"},      \
    [OP_FLEET_DIFF] = {"fleet_diff", GET, "/api/fleet/diff", ACCESS_VIEWER, false, RATE_NONE,      \
                       no_fields, "Engines and services whose settings differ from those here.",   \
                       "FleetDiff"},                                                               \
    [OP_FLEET_DRAIN] = {"fleet_drain", POST, "/api/fleet/engines/{name}/drain", ACCESS_ADMIN,      \
                        false, RATE_NONE, fleet_engine_fields,                                     \
                        "Has an engine hand over its services and take no others.", "Fleet"},      \
    [OP_FLEET_UNDRAIN] = {"fleet_undrain", POST, "/api/fleet/engines/{name}/undrain",              \
                          ACCESS_ADMIN, false, RATE_NONE, fleet_engine_fields,                     \
                          "Has an engine take services again.", "Fleet"},                          \
    [OP_FLEET_REMOVE] = {"fleet_remove", DELETE, "/api/fleet/engines/{name}", ACCESS_ADMIN, false, \
                         RATE_NONE, fleet_engine_fields,                                           \
                         "Forgets an engine that is gone for good.", "Fleet"}
/* clang-format on */

#endif
