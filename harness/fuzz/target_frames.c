/* What a client of pspd sends: a stream of frames, taken apart as pspd's loop does. The first byte selects:
 *   bit 0     HELLO has been said already, for a fresh machine and guest
 *   bit 1     the same for the named guest "g" of the machine "m" (with bit 0)
 * A second client, which has a machine of its own, must never notice. */
#include <string.h>

#include "frontends/pspd.h"
#include "fuzz.h"
#include "sevkit/rmp.h"

enum { JOINED = 1, NAMED = 2 };

#define SEED 1
#define BYTES_MAX 0x40000 /* answers of one input: the loop does not let more wait */

static struct pspd pspd = {.state_dir = -1};
static struct pspd_guest *other; /* the second client's */

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerInitialize(int *argc, char ***argv) {
    enum frame_error error;
    unsigned new;
    (void)argc;
    (void)argv;
    fuzz_need(world_defaults(&pspd.options.world));
    pspd.options.world.tsm = false;
    pspd.options.world.seeded = true;
    pspd.options.world.seed = SEED;
    pspd.options.world.at_given = true;
    pspd.options.world.at = SEVKIT_EPOCH_EMBEDDED;
    fuzz_need(pspd_join(&pspd, "", "", &other, &new, &error));
    return 0;
}

/* ---- one frame ---- */

static void check_error(const struct frame_header *asked, const uint8_t *answer, size_t size,
                        enum pspd_next next) {
    const size_t head = FRAME_HEADER_SIZE + 4;
    fuzz_require(size > head, "an ERROR has a code and a text");
    const uint32_t code = abi_get_le32(answer + FRAME_HEADER_SIZE);
    fuzz_require(code >= FRAME_ERROR_VERSION && code <= FRAME_ERROR_LAST, "a code is one");
    fuzz_require(memchr(answer + head, 0, size - head) == NULL, "the text is one");
    fuzz_require(code != FRAME_ERROR_FIELD || asked->type == FRAME_RMP, "only RMP names fields");
    fuzz_require((next == PSPD_CLOSE) == (asked->type == FRAME_HELLO),
                 "an ERROR closes after HELLO only");
}

/* Nothing outside the protocol's numbers, and a state with its name. */
static void check_rmp(const uint8_t *payload, const uint8_t *body, size_t size) {
    fuzz_require(size == FRAME_RMP_ANSWER_SIZE, "RMP's answer has one size");
    fuzz_require(body[0] == payload[FRAME_RMP_OPERATION], "and is its operation's");
    fuzz_require(body[1] <= RMP_VMEXIT_INVALID && body[2] <= RMP_FAIL_UNFIT && body[3] <= 1,
                 "a fault, a code and a carry flag that there are");
    fuzz_require(body[6] <= RMP_MOVE_IN_USE && body[61] < RMP_STATE_COUNT,
                 "a move's result and a state that there are");
    fuzz_require((body[7] & FRAME_RMP_HAS_ENTRY) != 0 || abi_all_zero(body + 48, 24),
                 "no entry is empty");
    fuzz_require((body[32] != 0) == (body[0] == FRAME_RMP_LOOKUP), "a look-up has a name");
}

/* What SIZE bytes at ANSWER are to the frame that ASKED. */
static void check_answer(const struct frame_header *asked, const uint8_t *payload,
                         const uint8_t *answer, size_t size, enum pspd_next next) {
    if (next == PSPD_DROP) {
        fuzz_require(size == 0, "who is dropped gets no word");
        return;
    }
    fuzz_require(size >= FRAME_HEADER_SIZE, "a frame is answered");
    fuzz_require(abi_get_le32(answer) == size - FRAME_LENGTH_SIZE, "by one frame");
    fuzz_require(abi_all_zero(answer + FRAME_RESERVED, 3), "whose reserved bytes are zero");
    fuzz_require(abi_get_le32(answer + FRAME_REQUEST_ID) == asked->request_id, "with the same id");
    if (answer[FRAME_TYPE] == FRAME_ERROR) {
        check_error(asked, answer, size, next);
        return;
    }
    fuzz_require(answer[FRAME_TYPE] == (asked->type | FRAME_ANSWER), "and the answer's type");
    fuzz_require(next == PSPD_GO_ON, "and the connection goes on");
    if (asked->type == FRAME_RMP)
        check_rmp(payload, answer + FRAME_HEADER_SIZE, size - FRAME_HEADER_SIZE);
}

/* Until the client is dropped or nothing whole is left. */
static void serve(struct pspd_session *session, const uint8_t *bytes, size_t size) {
    struct frame_out out = {0};
    while (size >= FRAME_HEADER_SIZE && out.size <= BYTES_MAX) {
        struct frame_header header;
        if (!frame_header_read(bytes, &header)) break;
        if (header.payload_size > size - FRAME_HEADER_SIZE) break;
        const size_t start = out.size;
        const enum pspd_next next =
            pspd_frame(&pspd, session, &header, bytes + FRAME_HEADER_SIZE, &out);
        fuzz_require(!out.failed, "there is memory");
        const uint8_t *answer = out.size == start ? NULL : out.bytes + start;
        check_answer(&header, bytes + FRAME_HEADER_SIZE, answer, out.size - start, next);
        if (next != PSPD_GO_ON) break;
        bytes += FRAME_HEADER_SIZE + header.payload_size;
        size -= FRAME_HEADER_SIZE + header.payload_size;
    }
    frame_out_free(&out);
}

/* ---- afterwards ---- */

/* Whatever frames have made of a named machine, its file brings it back. */
static void check_state(struct pspd_machine *machine) {
    struct frame_out first = {0}, second = {0};
    struct pspd_machine *restored;
    for (const struct pspd_guest *g = machine->guests; g != NULL; g = g->next)
        if (g->name[0] == 0) return; /* gone before the state is read again */
    fuzz_need(pspd_state_encode(machine, &first));
    fuzz_need(pspd_state_decode(machine->name, first.bytes, first.size, &restored));
    fuzz_need(pspd_state_encode(restored, &second));
    fuzz_require(first.size == second.size, "a machine's state is restored whole");
    pspd_machine_free(restored);
    frame_out_free(&first);
    frame_out_free(&second);
}

/* The second client asks for a key. */
static void check_other(void) {
    static const struct frame_header header = {.type = FRAME_IOCTL, .request_id = 7};
    struct pspd_session session = {.guest = other};
    struct frame_out frame = {0}, out = {0};
    struct frame_header asked = header;
    frame_put_u32(&frame, DRV_SNP_GET_DERIVED_KEY);
    frame_put_u64(&frame, 0x1000);
    frame_put_u32(&frame, 3);
    const uint64_t address[] = {0x1000, 0x2000, 0x3000};
    const uint32_t size[] = {DRV_REQUEST_SIZE, DRV_KEY_REQ_SIZE, DRV_KEY_RESP_SIZE};
    for (size_t i = 0; i < 3; i++) {
        frame_put_u64(&frame, address[i]);
        frame_put_u32(&frame, size[i]);
        frame_put_u32(&frame, i == 0 ? FRAME_REGION_SENT : 0);
    }
    frame_put_u64(&frame, 1);
    frame_put_u64(&frame, address[1]);
    frame_put_u64(&frame, address[2]);
    frame_put_u64(&frame, 0);
    asked.payload_size = (uint32_t)frame.size;
    fuzz_require(pspd_frame(&pspd, &session, &asked, frame.bytes, &out) == PSPD_GO_ON,
                 "the second client is served");
    fuzz_require(out.size == FRAME_HEADER_SIZE + 8 &&
                     abi_all_zero(out.bytes + FRAME_HEADER_SIZE, 8),
                 "and gets its key");
    frame_out_free(&frame);
    frame_out_free(&out);
}

/* Machines with names stay when their clients leave; the next input finds none. */
static void clean(void) {
    for (struct pspd_machine *m = pspd.machines, *next; m != NULL; m = next) {
        next = m->next;
        if (m == other->machine) continue;
        fuzz_require(m->name[0] != 0 && m->users == 0, "what has no name goes with its client");
        check_state(m);
        pspd_machine_remove(&pspd, m);
    }
    fuzz_require(pspd.machine_count == 1, "machines are counted");
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    struct pspd_session session = {0};
    enum frame_error error;
    unsigned new;
    if (size == 0) return 0;
    const char *const machine = (bytes[0] & NAMED) != 0 ? "m" : "";
    const char *const guest = (bytes[0] & NAMED) != 0 ? "g" : "";
    if ((bytes[0] & JOINED) != 0)
        fuzz_need(pspd_join(&pspd, machine, guest, &session.guest, &new, &error));
    serve(&session, bytes + 1, size - 1);
    if (session.guest != NULL) pspd_leave(&pspd, session.guest);
    clean();
    check_other();
    return 0;
}
