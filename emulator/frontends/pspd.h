/* What pspd's own files share: machines and guests by name, what they are saved as, frames, control lines,
 * the loop. One thread does everything, so that nothing here has a lock. docs/socket.md. */
#ifndef FRONTENDS_PSPD_H
#define FRONTENDS_PSPD_H

#include <jansson.h>

#include "frontends/frame.h"
#include "frontends/world.h"

#define PSPD_VMPLS 4

/* ---- pspd_options.c: what machines are made of ---- */

/* Where a profile or scenario came from, so that a saved machine can tell: JSON's text, or NULL for one that
 * the build carries under the name that stands in the struct. */
struct pspd_options {
    struct world_options world;
    char *profile_json;
    char *scenario_json;
};
/* FROM's into TO, which was empty. */
SEVKIT_MUST struct sevkit_result pspd_options_copy(const struct pspd_options *from,
                                                   struct pspd_options *to);
void pspd_options_free(struct pspd_options *options);
/* From a built-in NAME, or, with NAME NULL, from JSON of SIZE bytes. On failure OPTIONS stay as they were. */
SEVKIT_MUST struct sevkit_result pspd_set_profile(struct pspd_options *options, const char *name,
                                                  const char *json, size_t size);
SEVKIT_MUST struct sevkit_result pspd_set_scenario(struct pspd_options *options, const char *name,
                                                   const char *json, size_t size);

/* ---- pspd_machine.c ---- */

struct pspd_machine;

/* What a reset exchanges: the machine and what it stands on. */
struct pspd_core {
    struct world_env env;
    struct vmm_machine *vmm;
    struct vmm_kds *kds; /* NULL until it is asked for */
};

struct pspd_guest {
    struct pspd_machine *machine;
    struct pspd_guest *next;
    char name[FRAME_NAME_MAX + 1]; /* "": of one connection, gone with it */
    unsigned users;                /* connections */
    struct vmm_guest *vmm;
    uint64_t clock_ms;                    /* the drivers' time */
    uint8_t secrets[ABI_PAGE_SIZE];       /* as the guest's kernel keeps it */
    struct drv_guest *driver[PSPD_VMPLS]; /* of a kernel at that VMPL; NULL until it is asked for */
    bool probed[PSPD_VMPLS];              /* its probe was good */
};

struct pspd_machine {
    struct pspd_machine *next;
    char name[FRAME_NAME_MAX + 1]; /* "": of one connection, gone with it */
    struct pspd_options options;
    struct pspd_core *core;
    struct pspd_guest *guests;
    unsigned users; /* connections */
};

struct pspd_counts {
    uint64_t accepted, dropped, frames, ioctls, requests, saves;
    unsigned clients, controls;
};

struct pspd {
    struct pspd_options options; /* of machines that are made from now on */
    struct pspd_machine *machines;
    size_t machine_count;
    int state_dir; /* -1 without --state */
    struct pspd_counts counts;
    /* Scratch for the frame of the moment. */
    uint8_t pages[FRAME_NPAGES_MAX * ABI_PAGE_SIZE];
    struct vmm_kds_answer answer;
};

#define PSPD_MACHINES_MAX 4096

/* The guest that a HELLO names, made where it is missing; *NEW is a set of FRAME_HELLO_NEW_. On failure
 * *ERROR says why and the result has the text. */
SEVKIT_MUST struct sevkit_result pspd_join(struct pspd *pspd, const char *machine,
                                           const char *guest, struct pspd_guest **joined,
                                           unsigned *new, enum frame_error *error);
/* What has no name and no user any more is gone. */
void pspd_leave(struct pspd *pspd, struct pspd_guest *guest);

struct pspd_machine *pspd_machine_find(const struct pspd *pspd, const char *name);
/* An empty machine NAME ("": none) of OPTIONS, not yet one of PSPD's; core NULL. */
SEVKIT_MUST struct sevkit_result pspd_machine_new(const struct pspd_options *options,
                                                  const char *name, struct pspd_machine **machine);
void pspd_machine_add(struct pspd *pspd, struct pspd_machine *machine);
/* Not one of PSPD's any more, and freed. */
void pspd_machine_remove(struct pspd *pspd, struct pspd_machine *machine);
void pspd_machine_free(struct pspd_machine *machine);
/* A place for a guest NAME over VMM. */
SEVKIT_MUST struct sevkit_result pspd_guest_new(struct pspd_machine *machine, const char *name,
                                                struct vmm_guest *vmm, struct pspd_guest **guest);
/* Fresh machine and guests of OPTIONS under the same names. On failure all stays as it was. */
SEVKIT_MUST struct sevkit_result pspd_machine_reset(struct pspd_machine *machine,
                                                    const struct pspd_options *options);
SEVKIT_MUST struct sevkit_result pspd_machine_set_scenario(struct pspd_machine *machine,
                                                           const char *name, const char *json,
                                                           size_t size);
SEVKIT_MUST struct sevkit_result pspd_kds(struct pspd_machine *machine, struct vmm_kds **kds);
/* The driver of GUEST's kernel at VMPL. *DRIVER NULL: its probe failed, there is no device. */
SEVKIT_MUST struct sevkit_result pspd_driver(struct pspd_guest *guest, unsigned vmpl,
                                             struct drv_guest **driver);

/* ---- pspd_state.c: named machines as bytes and files ---- */

/* MACHINE as bytes; they hold keys. */
SEVKIT_MUST struct sevkit_result pspd_state_encode(struct pspd_machine *machine,
                                                   struct frame_out *out);
/* The machine that was encoded, under NAME; not yet one of PSPD's. Any other bytes are refused. */
SEVKIT_MUST struct sevkit_result pspd_state_decode(const char *name, const uint8_t *bytes,
                                                   size_t size, struct pspd_machine **machine);
/* --state's folder, made if missing and locked against others. False after a message, with *EXIT. */
bool pspd_state_open(struct pspd *pspd, const char *dir, int *exit);
/* Before an answer goes out: nothing to do for machines without a name or without --state. */
SEVKIT_MUST struct sevkit_result pspd_state_write(struct pspd *pspd, struct pspd_machine *machine);
/* The machine NAME from its file; *MACHINE NULL when there is none. */
SEVKIT_MUST struct sevkit_result pspd_state_read(const struct pspd *pspd, const char *name,
                                                 struct pspd_machine **machine);

/* ---- pspd_data.c: one frame ---- */

/* A connection's part in the protocol. */
struct pspd_session {
    struct pspd_guest *guest; /* NULL before HELLO */
    unsigned vmpl;
};
enum pspd_next {
    PSPD_GO_ON,
    PSPD_CLOSE, /* after what is in OUT has gone */
    PSPD_DROP,  /* at once */
};
enum pspd_next pspd_frame(struct pspd *pspd, struct pspd_session *session,
                          const struct frame_header *header, const uint8_t *payload,
                          struct frame_out *out);
/* An ERROR frame that says what R does; the connection goes on. */
enum pspd_next pspd_answer_error(struct frame_out *out, uint32_t id, enum frame_error code,
                                 struct sevkit_result r);

/* ---- pspd_rmp.c: the frame RMP ---- */

enum pspd_next pspd_rmp(struct pspd *pspd, struct pspd_session *session, uint32_t id,
                        struct frame_in *in, struct frame_out *out);

/* ---- pspd_control.c: one line ---- */

#define PSPD_LINE_MAX 0x400000
/* Answers LINE of SIZE bytes, its newline not among them. */
enum pspd_next pspd_control(struct pspd *pspd, const char *line, size_t size,
                            struct frame_out *out);

/* ---- pspd_kds.c ---- */

struct pspd_kds_server;
/* Serves at TEXT, "ADDR:PORT", with a server certificate under a CA that is written to the file CA. TEXT NULL:
 * nothing to do, *SERVER NULL. False after a message, with *EXIT. */
bool pspd_kds_start(const struct pspd_options *options, const char *text, const char *ca,
                    struct pspd_kds_server **server, int *exit);
void pspd_kds_stop(struct pspd_kds_server *server);

/* ---- pspd_cuse.c ---- */

struct pspd_cuse;
/* /dev/sev-guest is there, of the guest "cuse" of the machine "cuse", whose kernel runs at VMPL; who opens it
 * waits for pspd_cuse_event. False after a message, with *EXIT. */
bool pspd_cuse_start(struct pspd *pspd, unsigned vmpl, struct pspd_cuse **cuse, int *exit);
int pspd_cuse_fd(const struct pspd_cuse *cuse);
/* The next call of a program, when the descriptor is readable. False after a message: there is no device any
 * more. */
bool pspd_cuse_event(struct pspd_cuse *cuse);
/* With the device. CUSE may be NULL. */
void pspd_cuse_stop(struct pspd_cuse *cuse);

/* ---- pspd_loop.c ---- */

/* SIGTERM and SIGINT wait for pspd_serve, in every thread that is made later too. */
void pspd_block_signals(void);

/* Two listening sockets at PATH and PATH.control. False after a message, with *EXIT. */
bool pspd_listen(const char *path, int fds[2], int *exit);
/* Serves until SIGTERM or SIGINT. CUSE may be NULL. The exit code. */
int pspd_serve(struct pspd *pspd, const int fds[2], struct pspd_cuse *cuse);

/* ---- pspd_sandbox.c ---- */

/* From here on the process has the system calls that the loop needs and no others; with CUSE those for callers'
 * memory too. False with errno. */
bool pspd_sandbox(bool cuse);

#endif
