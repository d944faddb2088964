/* The area device. */
#include "device/device.h"

/* The last test costs a real machine its VMPCK, if it is allowed to. */
static const struct suite_area *const parts[] = {&device_answer_tests,
                                                 &device_refuse_tests,
                                                 &device_ext_tests,
                                                 &device_order_tests,
                                                 &device_node_tests,
                                                 &device_module_tests,
                                                 &device_host_tests,
                                                 &device_busy_tests,
                                                 &device_response_tests,
                                                 &device_wiped_tests,
                                                 NULL};

const struct suite_area device_area = {.name = "device", .parts = parts};
