/* Proof at compile time that a wire layout has neither gap nor overlap: every field ends where the
 * next one starts, the last one at the structure's total size. Together the lines of one structure
 * pin every offset, because the total is a number of the specification. */
#ifndef ABI_LAYOUT_H
#define ABI_LAYOUT_H

#define ABI_FIELD_ENDS(type, member, at, end)                                                      \
    _Static_assert((at) + sizeof(((const type *)0)->member) == (end),                              \
                   #type "." #member " at " #at " must end at " #end)

#endif
