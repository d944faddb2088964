// Reads every case of the vectors: go run main.go FOLDER (their cases/)
package main

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
)

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

// resolve gives the byte strings that value refers to, at any depth.
func resolve(value any, blobs map[string]any) (found [][]byte) {
	list, _ := value.([]any)
	object, _ := value.(map[string]any)
	text := object["base64"]
	if name, ok := object["blob"].(string); ok {
		text = blobs[name]
	} else if text == nil {
		for _, v := range slices.AppendSeq(list, maps.Values(object)) {
			found = append(found, resolve(v, blobs)...)
		}
		return found
	}
	data := must(base64.StdEncoding.DecodeString(text.(string)))
	patch, _ := object["patch"].([]any)
	end := len(data)
	for _, p := range slices.Backward(patch) {
		p := p.([]any)
		at, count := int(p[0].(float64)), int(p[1].(float64))
		if at < 0 || count < 0 || count > end-at {
			panic("patch: no such bytes")
		}
		data = slices.Replace(data, at, at+count, must(hex.DecodeString(p[2].(string)))...)
		end = at
	}
	return [][]byte{data}
}

func main() {
	cases, size, total := 0, 0, uint32(0)
	for _, path := range must(filepath.Glob(filepath.Join(os.Args[1], "*.json"))) {
		var family struct {
			Blobs map[string]any
			Cases []struct{ Input, Expect any }
		}
		must(0, json.Unmarshal(must(os.ReadFile(path)), &family))
		for _, c := range family.Cases {
			cases++ // ... here your verifier judges c.Input; c.Expect says what is right
			for _, data := range resolve(c.Input, family.Blobs) {
				size += len(data)
				for _, b := range data {
					total += uint32(b)
				}
			}
		}
	}
	fmt.Printf("%d cases, %d bytes, sum %d\n", cases, size, total)
}
