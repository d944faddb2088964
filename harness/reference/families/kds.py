"""Family kds: requests to the key distribution service and what comes back."""

from __future__ import annotations

from reference.bundle import Family
from reference.families import _kds_body, _kds_url

TEXT = """
A client of AMD's key distribution service, https://kdsintf.amd.com, from both ends of the wire.

Op `kds_url`: the path and query of the VCEK that a `report` needs (`product`: the product line, for a
version 2 report, which does not say it); with `what` the path of its leaf's chain, `cert_chain`, or of the
list of that chain's ARK, `crl`. Output: `url`, in lower case and with two digits at least. With `url` in
the input, and `method` if it is not GET, that request is judged: it is valid if it brings the VCEK of the
report's chip and REPORTED_TCB, whatever its digits look like, or the chain that its leaf needs. Reasons:
`vlek` (a VLEK signed the report, it is not to be had here), `masked` (CHIP_ID is zero), `product` (no
known product line), `signer` (the report names no key), `method`, `malformed` (not a path and query that
clients send), `unknown` (another chip, or no such product line), `credentials` (a VLEK, which needs a
provider's), `other-tcb` (it brings the VCEK of another TCB), `kind` (it brings the chain of another kind
of leaf or of another line). How AMD's service refuses what is malformed or needs credentials, and whether
it overlooks a parameter too many, is open (AMB-63, AMB-64, AMB-90): sevkit's answers 400, 404 and 401.

Op `kds_body`: what a client may take of an answer to `path`: HTTP `status`, `body`, `content_length` if
there was one; for a list also the `report` and `certs` that it is checked with at the time `at`. Output:
`kinds`, what the body holds. Reasons: `status`, `length` (not as many bytes as announced), `encoding` (not
what the path promises), `count` (not two certificates in a chain), `order` (the ARK first), `kind`
(certificates of other kinds), `other` (of another product line, chip or TCB than asked for), `list` (no list
that this ARK signed). `served`: sevkit's service answers with these very bytes.

sevkit has the service and no client of it. What C proves of a request is what that service says to the
path, which is written in the test, as are the reasons before there is one; of an answer, what sevkit's
reader of certificates and its verifier make of the parts that the test takes out of it. That a client sends
these paths and refuses these answers is for its own tests.
"""

NOTES = (
    ("kds-turin-url", "encoding", "no VCEK of a Turin chip can be fetched", "google/go-sev-guest#193"),
    (
        "kds-zen4c-product",
        "wrong reject",
        "Bergamo and Siena are asked for by a name of no product line",
        "class",
    ),
    (
        "kds-url-tcb-source",
        "wrong field",
        "the VCEK of another TCB, under which the signature fails",
        "virtee/snpguest#32",
    ),
    (
        "kds-masked-chip-id-request",
        "missing check",
        "a request that can only fail, again and again",
        "google/go-sev-guest#69",
    ),
    (
        "kds-vlek-not-fetchable",
        "missing check",
        "a VCEK is asked for where a VLEK signed",
        "google/go-sev-guest#69",
    ),
    ("tcb-turin-legacy-layout", "encoding", "components of TCB_VERSION are taken from wrong bytes", "class"),
    ("kds-number-base", "encoding", "leading zeros read as octal, or hexadecimal written", "class"),
    (
        "kds-404-saved-as-cert",
        "missing check",
        "an error page is stored as a certificate",
        "virtee/snpguest#37",
    ),
    ("kds-content-length-truncated", "missing check", "a cut answer is kept, perhaps for ever", "class"),
    (
        "kds-cert-chain-order",
        "crash",
        "certificates are taken by their place without a look at them",
        "class",
    ),
    ("kds-other-answer", "missing check", "a certificate for another request is kept", "class"),
    ("kds-redirect-http", "missing check", "a redirection's body, or its target, is taken", "class"),
    ("crl-html-or-pem", "fail open", "a list that cannot be read counts as an empty one", "class"),
    ("chain-cert-trailing-bytes", "parsing", "bytes after a certificate are carried along unseen", "class"),
    (
        "chain-short-cert-panics",
        "crash",
        "code that looks for the PEM header reads past a short body",
        "class",
    ),
)


def build() -> Family:
    f = Family("kds", "The key distribution service", TEXT)
    for flag, bug_class, effect, origin in NOTES:
        f.note(flag, bug_class=bug_class, effect=effect, origin=origin)
    _kds_url.add(f)
    _kds_body.add(f)
    return f
