// Reads every case of the bundle: go run main.go FOLDER/cases
package main

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

type ref struct {
	Blob   string   `json:"blob"`
	Base64 []byte   `json:"base64"`
	Patch  [][3]any `json:"patch"`
}

type family struct {
	Blobs map[string][]byte `json:"blobs"`
	Cases []struct {
		ID     string                     `json:"id"`
		Input  map[string]json.RawMessage `json:"input"`
		Expect json.RawMessage            `json:"expect"`
	} `json:"cases"`
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func (f family) bytes(raw json.RawMessage) []byte {
	var r ref
	if json.Unmarshal(raw, &r) != nil || r.Blob == "" {
		return r.Base64 // or nothing: an object of fields, or absent
	}
	data, out, done := f.Blobs[r.Blob], []byte{}, 0
	for _, p := range r.Patch {
		at, gone := int(p[0].(float64)), int(p[1].(float64))
		fresh, err := hex.DecodeString(p[2].(string))
		must(err)
		out = append(append(out, data[done:at]...), fresh...)
		done = at + gone
	}
	return append(out, data[done:]...)
}

func main() {
	count, size, total := 0, 0, 0
	paths, err := filepath.Glob(filepath.Join(os.Args[1], "*.json"))
	must(err)
	for _, path := range paths {
		text, err := os.ReadFile(path)
		must(err)
		var f family
		must(json.Unmarshal(text, &f))
		for _, c := range f.Cases {
			report := f.bytes(c.Input["report"]) // ... here your verifier judges it; c.Expect says what is right
			count, size = count+1, size+len(report)
			for _, b := range report {
				total += int(b)
			}
		}
	}
	fmt.Printf("%d cases, %d bytes of reports, sum %d\n", count, size, total)
}
