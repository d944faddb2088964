/* suite-runner: sevkit's conformance tests as one program. Design section 4. */
#include <stdio.h>

#include "runner/run.h"
#include "targets/agent.h"

int main(int argc, char **argv) {
    struct suite_registry registry;
    const struct sevkit_result r = suite_registry_load(&registry);
    if (!sevkit_ok(r)) {
        fprintf(stderr, "suite-runner: test %s: %s\n", r.field, r.rule);
        return SUITE_EXIT_FAILED;
    }
    struct suite_options options;
    int code;
    if (suite_options_parse(argc, argv, &options, &code)) {
        if (options.serve_socket >= 0) target_serve(options.serve_socket, options.serve_user);
        if (options.serve_path != NULL) target_agent_serve(options.serve_path);
        code = suite_run(&options, &registry);
    }
    suite_registry_free(&registry);
    return code;
}
