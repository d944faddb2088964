package main

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/go-sev-guest/abi"
	"github.com/google/go-sev-guest/kds"
	spb "github.com/google/go-sev-guest/proto/sevsnp"
	"github.com/google/go-sev-guest/validate"
	"github.com/google/go-sev-guest/verify"
	"github.com/google/go-sev-guest/verify/trust"
)

// crlGetter is the network: it has the request's CRL and nothing else.
type crlGetter struct{ crl []byte }

func (g crlGetter) Get(url string) ([]byte, error) {
	if g.crl == nil || !strings.HasSuffix(url, "/crl") {
		return nil, fmt.Errorf("%s is not there", url)
	}
	return g.crl, nil
}

// verifyReport is verify.SnpAttestation, then validate.SnpAttestation.
func verifyReport(r *request) error {
	attestation, err := attestationOf(r)
	if err != nil {
		return err
	}
	options, err := verifyOptions(r, attestation)
	if err != nil {
		return err
	}
	if err := verify.SnpAttestation(attestation, options); err != nil {
		return err
	}
	demands, err := r.Policy.options()
	if err != nil {
		return err
	}
	return validate.SnpAttestation(attestation, demands)
}

func attestationOf(r *request) (*spb.Attestation, error) {
	report, err := abi.ReportToProto(r.Report)
	if err != nil {
		return nil, err
	}
	chain := &spb.CertificateChain{VcekCert: r.Certs["vcek"], VlekCert: r.Certs["vlek"],
		AskCert: r.Certs["ask"], ArkCert: r.Certs["ark"]}
	if chain.AskCert == nil {
		chain.AskCert = r.Certs["asvk"]
	}
	if r.Table != nil {
		table := new(abi.CertTable)
		if err := table.Unmarshal(r.Table); err != nil {
			return nil, err
		}
		chain = table.Proto()
	}
	return &spb.Attestation{Report: report, CertificateChain: chain}, nil
}

func verifyOptions(r *request, attestation *spb.Attestation) (*verify.Options, error) {
	options := &verify.Options{
		CheckRevocations:    r.CRL != nil || r.Policy.RequireRevocation,
		DisableCertFetching: true,
		Getter:              crlGetter{r.CRL},
		Now:                 time.Now(),
	}
	if r.At != "" {
		at, err := time.Parse(time.RFC3339, r.At)
		if err != nil {
			return nil, errRequest{err}
		}
		options.Now = at
	}
	if r.Product != "" {
		// Unknown names (Bergamo, Siena) are no lines of the library's: it then takes the certificate's.
		if product, err := kds.ParseProductLine(r.Product); err == nil {
			options.Product = product
		}
	}
	roots, err := trustedRoots(r, attestation.CertificateChain)
	options.TrustedRoots = roots
	return options, err
}

// trustedRoots is a bundle of each ARK with the request's ASK and ASVK, under the line that the ARK's name has.
// TrustedRoots takes no ARK alone: what it holds, "the ARK and ASK certificates to trust" (its comment), is the
// user's in either case. The library does verify the intermediate under the ARK; what it does not look at there
// is no deviation, and adapter.toml says so (given-bundle).
func trustedRoots(r *request, chain *spb.CertificateChain) (map[string][]*trust.AMDRootCerts, error) {
	if len(r.Roots) == 0 {
		return nil, errUnsupported("the library's own roots are AMD's, which sign no vector")
	}
	intermediates := [][]byte{chain.GetAskCert()}
	if r.Certs["ask"] != nil && r.Certs["asvk"] != nil {
		intermediates = append(intermediates, r.Certs["asvk"])
	}
	roots := map[string][]*trust.AMDRootCerts{}
	for _, text := range r.Roots {
		block, _ := pem.Decode([]byte(text))
		if block == nil {
			return nil, errRequest{errors.New("a root is no PEM")}
		}
		line := r.Product
		if ark, err := x509.ParseCertificate(block.Bytes); err == nil {
			line = strings.TrimPrefix(ark.Subject.CommonName, "ARK-")
		}
		root := trust.AMDRootCertsProduct(line)
		root.ProductCerts = &trust.ProductCerts{}
		for _, intermediate := range intermediates {
			if err := root.ProductCerts.Decode(intermediate, block.Bytes); err != nil {
				return nil, err
			}
		}
		roots[line] = append(roots[line], root)
	}
	return roots, nil
}
