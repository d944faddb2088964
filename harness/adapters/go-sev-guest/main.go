// The adapter of google/go-sev-guest (docs/adapters.md): one JSON object a line in and out. It converts
// formats, calls the documented functions of verify, validate, abi and kds with the options that their
// README names, and decides nothing. The library's errors do not say at which stage they arose.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"runtime/debug"
)

const module = "github.com/google/go-sev-guest"

type request struct {
	Op      string            `json:"op"`
	ID      string            `json:"id"`
	Kind    string            `json:"kind"`
	Data    []byte            `json:"data"`
	Report  []byte            `json:"report"`
	Certs   map[string][]byte `json:"certs"`
	Table   []byte            `json:"table"`
	CRL     []byte            `json:"crl"`
	Roots   []string          `json:"roots"`
	Product string            `json:"product"`
	At      string            `json:"at"`
	Policy  policy            `json:"policy"`
}

type answer struct {
	ID      string         `json:"id"`
	Verdict string         `json:"verdict"`
	Stage   *string        `json:"stage"`
	Detail  string         `json:"detail"`
	Output  map[string]any `json:"output,omitempty"`
}

// errUnsupported is what the library has no function or option for.
type errUnsupported string

func (e errUnsupported) Error() string { return string(e) }

// errRequest is a request that this adapter cannot read.
type errRequest struct{ error }

func hello() map[string]any {
	version := "unknown"
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, dep := range info.Deps {
			if dep.Path == module {
				version = dep.Version
			}
		}
	}
	return map[string]any{
		"name":     "go-sev-guest",
		"version":  version,
		"language": "go",
		"ops":      []string{"verify", "parse", "kds_url"},
		"layers": []string{"parse", "version", "signer", "chain", "revocation", "binding", "signature",
			"tcb", "policy", "certtable", "table", "extension", "forward-compat", "kds-request"},
		"options": options,
		"anchors": "configurable",
	}
}

func answerTo(r *request) answer {
	var output map[string]any
	var err error
	switch r.Op {
	case "verify":
		err = verifyReport(r)
	case "parse":
		output, err = parse(r)
	case "kds_url":
		output, err = vcekURL(r)
	default:
		err = errUnsupported("op " + r.Op)
	}
	switch err := err.(type) {
	case nil:
		return answer{ID: r.ID, Verdict: "accept", Output: output}
	case errUnsupported:
		return answer{ID: r.ID, Verdict: "unsupported", Detail: err.Error()}
	case errRequest:
		return answer{ID: r.ID, Verdict: "error", Detail: err.Error()}
	default:
		return answer{ID: r.ID, Verdict: "reject", Detail: err.Error()}
	}
}

func main() {
	in := bufio.NewReader(os.Stdin)
	out := json.NewEncoder(os.Stdout)
	for {
		line, err := in.ReadBytes('\n')
		if err != nil {
			return
		}
		var r request
		var said any
		if err := json.Unmarshal(line, &r); err != nil {
			said = answer{ID: r.ID, Verdict: "error", Detail: fmt.Sprintf("request: %v", err)}
		} else if r.Op == "hello" {
			said = hello()
		} else {
			said = answerTo(&r)
		}
		if err := out.Encode(said); err != nil {
			return
		}
	}
}
