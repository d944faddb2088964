// tsm-report DIR NONCE...: reports from configfs-tsm by go-configfs-tsm, which has no program of its own.
// The first nonce goes through report.Get, the others through one open entry, whose generation the library
// compares after each read. Writes DIR/report-N.bin and DIR/auxblob-N.bin, prints provider and generation.
package main

import (
	"encoding/hex"
	"fmt"
	"log"
	"os"
	"strings"

	"github.com/google/go-configfs-tsm/configfs/linuxtsm"
	"github.com/google/go-configfs-tsm/report"
)

func must[T any](value T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}

func save(number int, generation string, got *report.Response) {
	for name, blob := range map[string][]byte{"report": got.OutBlob, "auxblob": got.AuxBlob} {
		path := fmt.Sprintf("%s/%s-%d.bin", os.Args[1], name, number)
		must(0, os.WriteFile(path, blob, 0o644))
	}
	fmt.Println(number, strings.TrimSpace(got.Provider), generation)
}

func main() {
	log.SetFlags(0)
	if len(os.Args) < 3 {
		log.Fatal("usage: tsm-report DIR NONCE...")
	}
	client := must(linuxtsm.MakeClient())
	request := &report.Request{InBlob: must(hex.DecodeString(os.Args[2])), GetAuxBlob: true}
	save(0, "-", must(report.Get(client, request)))
	entry := must(report.Create(client, request))
	for number, nonce := range os.Args[3:] {
		entry.InBlob = must(hex.DecodeString(nonce))
		got := must(entry.Get())
		save(number+1, strings.TrimSpace(string(must(entry.ReadOption("generation")))), got)
	}
	must(0, entry.Destroy())
}
