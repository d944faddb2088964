package main

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/google/go-sev-guest/abi"
	"github.com/google/go-sev-guest/kds"
	"github.com/google/go-sev-guest/validate"
)

// options are the members of the policy (docs/verifier.md) that an Options of the library expresses.
var options = []string{"at", "allow_debug", "allow_migration_agent", "allow_smt", "require_single_socket",
	"allow_provisional", "require_revocation", "guest_svn_min", "platform_required", "platform_forbidden",
	"launch_mit_required", "current_mit_required", "abi_min", "firmware_min", "tcb_min", "launch_tcb_min",
	"report_data", "chip_id", "measurement", "id_key_digest", "author_key_digest", "host_data", "report_id",
	"report_id_ma", "family_id", "image_id"}

// number is a JSON number, or text with 0x.
type number uint64

func (n *number) UnmarshalJSON(data []byte) error {
	value, err := strconv.ParseUint(strings.Trim(string(data), `"`), 0, 64)
	*n = number(value)
	return err
}

// digits are bytes in hex.
type digits []byte

func (d *digits) UnmarshalJSON(data []byte) error {
	var text string
	if err := json.Unmarshal(data, &text); err != nil {
		return err
	}
	value, err := hex.DecodeString(text)
	*d = value
	return err
}

type tcb struct {
	FMC        uint8 `json:"fmc"`
	BootLoader uint8 `json:"boot_loader"`
	TEE        uint8 `json:"tee"`
	SNP        uint8 `json:"snp"`
	Microcode  uint8 `json:"microcode"`
}

type policy struct {
	AllowDebug          *bool   `json:"allow_debug"`
	AllowMigrationAgent *bool   `json:"allow_migration_agent"`
	AllowSMT            *bool   `json:"allow_smt"`
	AllowProvisional    *bool   `json:"allow_provisional"`
	RequireSingleSocket bool    `json:"require_single_socket"`
	RequireRevocation   bool    `json:"require_revocation"`
	GuestSVNMin         uint32  `json:"guest_svn_min"`
	PlatformRequired    *number `json:"platform_required"`
	PlatformForbidden   *number `json:"platform_forbidden"`
	LaunchMitRequired   number  `json:"launch_mit_required"`
	CurrentMitRequired  number  `json:"current_mit_required"`
	ABIMin              string  `json:"abi_min"`
	FirmwareMin         string  `json:"firmware_min"`
	TCBMin              tcb     `json:"tcb_min"`
	LaunchTCBMin        tcb     `json:"launch_tcb_min"`
	ReportData          digits  `json:"report_data"`
	ChipID              digits  `json:"chip_id"`
	Measurement         digits  `json:"measurement"`
	IDKeyDigest         digits  `json:"id_key_digest"`
	AuthorKeyDigest     digits  `json:"author_key_digest"`
	HostData            digits  `json:"host_data"`
	ReportID            digits  `json:"report_id"`
	ReportIDMA          digits  `json:"report_id_ma"`
	FamilyID            digits  `json:"family_id"`
	ImageID             digits  `json:"image_id"`
}

func orTrue(value *bool) bool { return value == nil || *value }

// options is the policy as validate knows it.
func (p *policy) options() (*validate.Options, error) {
	out := &validate.Options{
		GuestPolicy: abi.SnpPolicy{
			SMT:          orTrue(p.AllowSMT),
			MigrateMA:    orTrue(p.AllowMigrationAgent),
			Debug:        orTrue(p.AllowDebug),
			SingleSocket: p.RequireSingleSocket,
			CXLAllowed:   true,
		},
		MinimumGuestSvn:                p.GuestSVNMin,
		PermitProvisionalFirmware:      orTrue(p.AllowProvisional),
		MinimumLaunchMitigationVector:  uint64(p.LaunchMitRequired),
		MinimumCurrentMitigationVector: uint64(p.CurrentMitRequired),
		ReportData:                     p.ReportData,
		ChipID:                         p.ChipID,
		Measurement:                    p.Measurement,
		HostData:                       p.HostData,
		ReportID:                       p.ReportID,
		ReportIDMA:                     p.ReportIDMA,
		FamilyID:                       p.FamilyID,
		ImageID:                        p.ImageID,
	}
	if p.IDKeyDigest != nil && p.AuthorKeyDigest != nil {
		return nil, errUnsupported("a trusted author key stands for every ID key: no option for both")
	}
	if p.IDKeyDigest != nil {
		out.RequireIDBlock = true
		out.TrustedIDKeyHashes = [][]byte{p.IDKeyDigest}
	}
	if p.AuthorKeyDigest != nil {
		out.RequireAuthorKey = true
		out.TrustedAuthorKeyHashes = [][]byte{p.AuthorKeyDigest}
	}
	if err := p.versions(out); err != nil {
		return nil, err
	}
	if err := p.platform(out); err != nil {
		return nil, err
	}
	return out, p.tcbs(out)
}

func (p *policy) versions(out *validate.Options) error {
	var major, minor, build uint8
	if p.ABIMin != "" {
		if _, err := fmt.Sscanf(p.ABIMin, "%d.%d", &major, &minor); err != nil {
			return errRequest{err}
		}
		out.GuestPolicy.ABIMajor, out.GuestPolicy.ABIMinor = major, minor
	}
	if p.FirmwareMin != "" {
		if _, err := fmt.Sscanf(p.FirmwareMin, "%d.%d.%d", &major, &minor, &build); err != nil {
			return errRequest{err}
		}
		out.MinimumVersion, out.MinimumBuild = uint16(major)<<8|uint16(minor), build
	}
	return nil
}

// platform: of each bit of PLATFORM_INFO the library either lets 1 be forbidden or 1 be demanded.
func (p *policy) platform(out *validate.Options) error {
	if p.PlatformRequired == nil && p.PlatformForbidden == nil {
		return nil
	}
	var required, forbidden number
	if p.PlatformRequired != nil {
		required = *p.PlatformRequired
	}
	if p.PlatformForbidden != nil {
		forbidden = *p.PlatformForbidden
	}
	const canForbid, canRequire = 0x83, 0x3c
	if required&^canRequire != 0 || forbidden&^canForbid != 0 {
		return errUnsupported("no option for these bits of PLATFORM_INFO")
	}
	info, err := abi.ParseSnpPlatformInfo(uint64(required | canForbid&^forbidden))
	if err != nil {
		return errUnsupported(err.Error())
	}
	out.PlatformInfo = &info
	return nil
}

func (p *policy) tcbs(out *validate.Options) error {
	for _, floor := range []struct {
		have tcb
		want *kds.TCBParts
	}{{p.TCBMin, &out.MinimumTCB}, {p.LaunchTCBMin, &out.MinimumLaunchTCB}} {
		if floor.have.FMC != 0 {
			return errUnsupported("no option for a floor of FMC")
		}
		*floor.want = kds.TCBParts{BlSpl: floor.have.BootLoader, TeeSpl: floor.have.TEE,
			SnpSpl: floor.have.SNP, UcodeSpl: floor.have.Microcode}
	}
	return nil
}
