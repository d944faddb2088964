package main

import (
	"encoding/hex"

	"github.com/google/go-sev-guest/abi"
	"github.com/google/go-sev-guest/kds"
)

// parse reads one thing by itself.
func parse(r *request) (map[string]any, error) {
	switch r.Kind {
	case "report":
		return parseReport(r.Data)
	case "certtable":
		return nil, new(abi.CertTable).Unmarshal(r.Data)
	}
	return nil, errUnsupported("no function reads a " + r.Kind)
}

// parseReport is abi.ReportToProto; its comment leaves the version to abi.ValidateReportFormat.
func parseReport(data []byte) (map[string]any, error) {
	report, err := abi.ReportToProto(data)
	if err != nil {
		return nil, err
	}
	if err := abi.ValidateReportFormat(data); err != nil {
		return nil, err
	}
	return map[string]any{
		"version":           report.Version,
		"guest_svn":         report.GuestSvn,
		"vmpl":              report.Vmpl,
		"family_id":         hex.EncodeToString(report.FamilyId),
		"image_id":          hex.EncodeToString(report.ImageId),
		"report_data":       hex.EncodeToString(report.ReportData),
		"measurement":       hex.EncodeToString(report.Measurement),
		"host_data":         hex.EncodeToString(report.HostData),
		"id_key_digest":     hex.EncodeToString(report.IdKeyDigest),
		"author_key_digest": hex.EncodeToString(report.AuthorKeyDigest),
		"report_id":         hex.EncodeToString(report.ReportId),
		"report_id_ma":      hex.EncodeToString(report.ReportIdMa),
		"chip_id":           hex.EncodeToString(report.ChipId),
	}, nil
}

// vcekURL is kds.VCEKCertURL for a report. The product line is the report's, or what the request says of a
// version 2 report.
func vcekURL(r *request) (map[string]any, error) {
	report, err := abi.ReportToProto(r.Report)
	if err != nil {
		return nil, err
	}
	signer, err := abi.ParseSignerInfo(report.SignerInfo)
	if err != nil {
		return nil, err
	}
	if signer.SigningKey != abi.VcekReportSigner {
		return nil, errUnsupported("the function is for VCEKs")
	}
	line := r.Product
	if fms := report.GetCpuid1EaxFms(); fms != 0 {
		line = kds.ProductLineFromFms(fms)
	}
	return map[string]any{"url": kds.VCEKCertURL(line, report.ChipId, kds.TCBVersion(report.ReportedTcb))}, nil
}
