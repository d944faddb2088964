// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the genuine sev-guest driver needs of an SEV-SNP guest and a plain virtual machine lacks. The driver's
 * imports of this name are bound to the functions here (../rebind.py); all else of the driver stays its own.
 *
 *   cc_platform_has          the guest is SNP's
 *   snp_issue_guest_request  the hypercall: handed to a program, and so to a host, through a device node
 *   snp_vmpl                 the VMPL (6.11 and later), by parameter
 *
 * The platform device `sev-guest` is registered with the address of a secrets page. The page is a piece of
 * memory that the command line keeps from the kernel (memmap=), so that the driver's own ioremap_encrypted
 * can map it.
 *
 *   /dev/sevkit-secrets   the page, to be read and written
 *   /dev/sevkit-door      read: the next hypercall. write: its answer. One program has it open at a time
 *
 * Layout of both, little-endian, is that of the payloads of pspd's frame GUEST_REQUEST (docs/socket.md).
 */
#include <linux/cc_platform.h>
#include <linux/fs.h>
#include <linux/io.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/platform_device.h>
#include <linux/poll.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/wait.h>

#include <asm/sev.h>
#include <uapi/linux/sev-guest.h>

#define NPAGES_MAX 32
#define REQUEST_HEAD 8
#define ANSWER_HEAD 16
#define ANSWER_MAX (ANSWER_HEAD + PAGE_SIZE + NPAGES_MAX * PAGE_SIZE)

#define EXIT_EXT_GUEST_REQUEST 0x80000012ull
#define NO_FW_CALL (~0ull)
#define VMM_ERROR_INVALID_LEN 1
#define VMM_ERROR_BUSY 2

static unsigned long secrets;
module_param(secrets, ulong, 0444);
MODULE_PARM_DESC(secrets, "physical address of a page that is not the kernel's");

u8 shim_snp_vmpl;
module_param_named(vmpl, shim_snp_vmpl, byte, 0644);
MODULE_PARM_DESC(vmpl, "the guest's VMPL");
EXPORT_SYMBOL_GPL(shim_snp_vmpl);

static void *secrets_page;
static struct platform_device *device;

bool shim_cc_platform_has(enum cc_attr attr);
bool shim_cc_platform_has(enum cc_attr attr) {
    return attr == CC_ATTR_GUEST_SEV_SNP || attr == CC_ATTR_MEM_ENCRYPT ||
           attr == CC_ATTR_GUEST_MEM_ENCRYPT;
}
EXPORT_SYMBOL_GPL(shim_cc_platform_has);

/* ---- the hypercall ---- */

enum call_state {
    CALL_NONE,
    CALL_WAITING, /* nobody has read it */
    CALL_TAKEN,   /* read, not answered */
    CALL_ANSWERED,
    CALL_LOST, /* whoever had the node open is gone */
};

/* The one hypercall of the moment; the driver makes them one at a time. */
static struct {
    struct mutex lock; /* of all below */
    wait_queue_head_t changed;
    bool open;
    enum call_state state;
    bool extended;
    u32 npages; /* of certificates, that the caller has room for */
    u8 request[REQUEST_HEAD + PAGE_SIZE];
    u8 answer[ANSWER_MAX];
} call = {
    .lock = __MUTEX_INITIALIZER(call.lock),
    .changed = __WAIT_QUEUE_HEAD_INITIALIZER(call.changed),
};

static u32 get32(const u8 *bytes) {
    return bytes[0] | bytes[1] << 8 | bytes[2] << 16 | (u32)bytes[3] << 24;
}

static void put32(u8 *bytes, u32 value) {
    bytes[0] = value;
    bytes[1] = value >> 8;
    bytes[2] = value >> 16;
    bytes[3] = value >> 24;
}

static bool is_in(enum call_state state) {
    return READ_ONCE(call.state) == state;
}

static void enter(enum call_state state) {
    WRITE_ONCE(call.state, state);
    wake_up_all(&call.changed);
}

/* Hands the request over and waits, as long as it takes, for an answer. False: there is none to come. */
static bool exchange(u64 exit_code, const struct snp_req_data *input) {
    const bool extended = exit_code == EXIT_EXT_GUEST_REQUEST;
    bool answered;

    mutex_lock(&call.lock);
    if (!call.open || (extended && input->data_npages > NPAGES_MAX)) {
        mutex_unlock(&call.lock);
        return false;
    }
    call.extended = extended;
    call.npages = extended ? input->data_npages : 0;
    put32(call.request, call.extended);
    put32(call.request + 4, call.npages);
    memcpy(call.request + REQUEST_HEAD, __va(input->req_gpa), PAGE_SIZE);
    enter(CALL_WAITING);
    mutex_unlock(&call.lock);

    wait_event(call.changed, is_in(CALL_ANSWERED) || is_in(CALL_LOST));

    mutex_lock(&call.lock);
    answered = call.state == CALL_ANSWERED;
    call.state = CALL_NONE;
    mutex_unlock(&call.lock);
    return answered;
}

/* What the guest's kernel makes of EXITINFO2; the number of pages comes back in RBX. */
static int result_of(u64 exitinfo2, u32 npages, struct snp_req_data *input) {
    const u32 vmm_error = exitinfo2 >> 32;

    if (exitinfo2 == 0) return 0;
    if ((u32)exitinfo2 != 0) return -EIO;
    if (vmm_error == VMM_ERROR_BUSY) return -EAGAIN;
    if (vmm_error != VMM_ERROR_INVALID_LEN || !call.extended) return -EIO;
    input->data_npages = npages;
    return -ENOSPC;
}

int shim_snp_issue_guest_request(u64 exit_code, struct snp_req_data *input,
                                 struct snp_guest_request_ioctl *rio);
int shim_snp_issue_guest_request(u64 exit_code, struct snp_req_data *input,
                                 struct snp_guest_request_ioctl *rio) {
    const u8 *pages = call.answer + ANSWER_HEAD;
    u32 es_result;

    rio->exitinfo2 = NO_FW_CALL;
    if (!exchange(exit_code, input)) return -EIO;
    es_result = get32(call.answer + 8);
    if (es_result != 0) return es_result;
    rio->exitinfo2 = (u64)get32(call.answer + 4) << 32 | get32(call.answer);
    if (rio->exitinfo2 == 0) {
        memcpy(__va(input->resp_gpa), pages, PAGE_SIZE);
        if (call.npages != 0)
            memcpy(__va(input->data_gpa), pages + PAGE_SIZE, call.npages * PAGE_SIZE);
    }
    return result_of(rio->exitinfo2, get32(call.answer + 12), input);
}
EXPORT_SYMBOL_GPL(shim_snp_issue_guest_request);

/* ---- /dev/sevkit-door ---- */

static int door_open(struct inode *inode, struct file *file) {
    int rc = 0;

    mutex_lock(&call.lock);
    if (call.open)
        rc = -EBUSY;
    else
        call.open = true;
    mutex_unlock(&call.lock);
    return rc;
}

static int door_release(struct inode *inode, struct file *file) {
    mutex_lock(&call.lock);
    call.open = false;
    if (call.state == CALL_WAITING || call.state == CALL_TAKEN) enter(CALL_LOST);
    mutex_unlock(&call.lock);
    return 0;
}

static ssize_t door_read(struct file *file, char __user *buffer, size_t size, loff_t *position) {
    ssize_t rc = sizeof(call.request);

    if (size < sizeof(call.request)) return -EINVAL;
    if (wait_event_interruptible(call.changed, is_in(CALL_WAITING))) return -ERESTARTSYS;
    mutex_lock(&call.lock);
    if (call.state != CALL_WAITING)
        rc = -EAGAIN;
    else if (copy_to_user(buffer, call.request, sizeof(call.request)))
        rc = -EFAULT;
    else
        enter(CALL_TAKEN);
    mutex_unlock(&call.lock);
    return rc;
}

static ssize_t door_write(struct file *file, const char __user *buffer, size_t size,
                          loff_t *position) {
    ssize_t rc = size;

    mutex_lock(&call.lock);
    if (call.state != CALL_TAKEN || size != ANSWER_HEAD + PAGE_SIZE * (1 + (size_t)call.npages))
        rc = -EINVAL;
    else if (copy_from_user(call.answer, buffer, size))
        rc = -EFAULT;
    else
        enter(CALL_ANSWERED);
    mutex_unlock(&call.lock);
    return rc;
}

/* So that the pump can wait for a hypercall and for the end of its host at once. */
static __poll_t door_poll(struct file *file, poll_table *table) {
    poll_wait(file, &call.changed, table);
    return is_in(CALL_WAITING) ? EPOLLIN | EPOLLRDNORM : 0;
}

static const struct file_operations door_fops = {
    .owner = THIS_MODULE,
    .open = door_open,
    .release = door_release,
    .read = door_read,
    .write = door_write,
    .poll = door_poll,
    .llseek = noop_llseek,
};

static struct miscdevice door = {
    .minor = MISC_DYNAMIC_MINOR,
    .name = "sevkit-door",
    .fops = &door_fops,
};

/* ---- /dev/sevkit-secrets ---- */

static ssize_t secrets_read(struct file *file, char __user *buffer, size_t size, loff_t *position) {
    return simple_read_from_buffer(buffer, size, position, secrets_page, PAGE_SIZE);
}

static ssize_t secrets_write(struct file *file, const char __user *buffer, size_t size,
                             loff_t *position) {
    return simple_write_to_buffer(secrets_page, PAGE_SIZE, position, buffer, size);
}

static const struct file_operations secrets_fops = {
    .owner = THIS_MODULE,
    .read = secrets_read,
    .write = secrets_write,
    .llseek = default_llseek,
};

static struct miscdevice secrets_node = {
    .minor = MISC_DYNAMIC_MINOR,
    .name = "sevkit-secrets",
    .fops = &secrets_fops,
};

/* ---- the module ---- */

static int __init shim_init(void) {
    const struct sev_guest_platform_data data = {.secrets_gpa = secrets};
    int rc;

    if (secrets == 0 || (secrets & ~PAGE_MASK) != 0) return -EINVAL;
    secrets_page = memremap(secrets, PAGE_SIZE, MEMREMAP_WB);
    if (!secrets_page) return -ENOMEM;
    rc = misc_register(&door);
    if (rc) goto unmap;
    rc = misc_register(&secrets_node);
    if (rc) goto no_door;
    device =
        platform_device_register_data(NULL, "sev-guest", PLATFORM_DEVID_NONE, &data, sizeof(data));
    rc = PTR_ERR_OR_ZERO(device);
    if (!rc) return 0;
    misc_deregister(&secrets_node);
no_door:
    misc_deregister(&door);
unmap:
    memunmap(secrets_page);
    return rc;
}

static void __exit shim_exit(void) {
    platform_device_unregister(device);
    misc_deregister(&secrets_node);
    misc_deregister(&door);
    memunmap(secrets_page);
}

module_init(shim_init);
module_exit(shim_exit);
MODULE_DESCRIPTION("sevkit: an SNP guest's hypercall, handed to a program");
MODULE_LICENSE("GPL");
