/* The area tsm. */
#include "tsm/tsm.h"

static const struct suite_area *const parts[] = {&tsm_folder_tests,
                                                 &tsm_access_tests,
                                                 &tsm_inblob_tests,
                                                 &tsm_length_tests,
                                                 &tsm_privlevel_tests,
                                                 &tsm_floor_tests,
                                                 &tsm_blob_tests,
                                                 &tsm_request_tests,
                                                 &tsm_read_tests,
                                                 &tsm_service_tests,
                                                 &tsm_failure_tests,
                                                 &tsm_order_tests,
                                                 NULL};

const struct suite_area tsm_area = {.name = "tsm", .parts = parts};
