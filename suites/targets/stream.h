/* Whole messages over a descriptor: a socket or a character device. */
#ifndef TARGET_STREAM_H
#define TARGET_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* All SIZE bytes, or false with errno when the other side is gone or does not answer in the socket's time. */
__attribute__((warn_unused_result)) bool target_put_all(int fd, const uint8_t *bytes, size_t size);
__attribute__((warn_unused_result)) bool target_take_all(int fd, uint8_t *bytes, size_t size);

#endif
