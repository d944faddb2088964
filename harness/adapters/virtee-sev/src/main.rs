//! The adapter of the crate `sev` (docs/adapters.md): one JSON object a line in and out. It converts formats,
//! calls the crate's documented entry points and decides nothing.
//!
//! What is claimed is what the crate's documentation speaks of: reading reports, certificates and tables, and the
//! signatures of certificate chains and reports. Of the layer `chain` that is a few rules only.

use base64::{engine::general_purpose::STANDARD, Engine};
use serde_json::{json, Value};
use sev::certs::snp::{Certificate, Chain, Verifiable};
use sev::firmware::guest::AttestationReport;
use sev::firmware::host::CertTableEntry;
use sev::parser::ByteParser;
use std::io::{BufRead, Write};

const LOCK: &str = include_str!("../Cargo.lock");

enum No {
    /// The library refused; at which stage, where its entry point tells.
    Refused(Option<&'static str>, String),
    Unsupported(String),
    /// A request that this adapter cannot read.
    Request(String),
}

type Outcome = Result<(), No>;

fn refused<E: std::fmt::Display>(stage: Option<&'static str>) -> impl Fn(E) -> No {
    move |error| No::Refused(stage, error.to_string())
}

fn bytes(value: &Value) -> Result<Option<Vec<u8>>, No> {
    match value.as_str() {
        Some(text) => STANDARD
            .decode(text)
            .map(Some)
            .map_err(|e| No::Request(e.to_string())),
        None => Ok(None),
    }
}

fn needed(value: &Value, name: &str) -> Result<Vec<u8>, No> {
    bytes(value)?.ok_or_else(|| No::Request(format!("{name} is missing")))
}

/// The certificate of the first slot that is there.
fn slot(certs: &Value, names: [&str; 2]) -> Result<Certificate, No> {
    for name in names {
        if let Some(cert) = bytes(&certs[name])? {
            return Certificate::from_der(&cert).map_err(refused(Some("chain")));
        }
    }
    Err(No::Unsupported(format!(
        "a Chain takes three certificates: no {}",
        names[0]
    )))
}

/// The chain of the request: its leaf and intermediate under ROOT, which takes the place of an ARK that came
/// along, as it is the caller who says which ARK is trusted.
fn chain(request: &Value, root: Certificate, vlek: bool) -> Result<Chain, No> {
    if let Some(mut table) = bytes(&request["table"])? {
        let entries = CertTableEntry::vec_bytes_to_cert_table(&mut table).map_err(refused(Some("chain")))?;
        let mut chain = Chain::from_cert_table_der(entries).map_err(refused(Some("chain")))?;
        chain.ca.ark = root;
        return Ok(chain);
    }
    let certs = &request["certs"];
    let (leaf, ca) = if vlek {
        (["vlek", "vcek"], ["asvk", "ask"])
    } else {
        (["vcek", "vlek"], ["ask", "asvk"])
    };
    Ok(Chain::from((slot(certs, ca)?, root, slot(certs, leaf)?)))
}

fn verify_under(request: &Value, report: &AttestationReport, root: Certificate) -> Outcome {
    let chain = chain(request, root, report.key_info.signing_key() == 1)?;
    let vek = chain.verify().map_err(refused(Some("chain")))?;
    // Also refuses a leaf whose key is of another kind, which is the chain's matter: no stage.
    (vek, report).verify().map_err(refused(None))
}

/// With several roots, one of them must do.
fn verify(request: &Value) -> Outcome {
    let raw = needed(&request["report"], "report")?;
    let report = AttestationReport::from_bytes(&raw).map_err(refused(None))?;
    let roots = match request["roots"].as_array() {
        Some(roots) if !roots.is_empty() => roots,
        _ => {
            let why = "the crate's own roots are AMD's, which sign no vector";
            return Err(No::Unsupported(why.into()));
        }
    };
    let mut outcome = Ok(());
    for pem in roots {
        let root = Certificate::from_pem(pem.as_str().unwrap_or_default().as_bytes())
            .map_err(|e| No::Request(e.to_string()))?;
        outcome = verify_under(request, &report, root);
        if outcome.is_ok() {
            break;
        }
    }
    outcome
}

fn parse(request: &Value) -> Result<Value, No> {
    let mut data = needed(&request["data"], "data")?;
    match request["kind"].as_str() {
        Some("report") => {
            let r = AttestationReport::from_bytes(&data).map_err(refused(None))?;
            Ok(json!({
                "version": r.version,
                "guest_svn": r.guest_svn,
                "vmpl": r.vmpl,
                "family_id": hex(&r.family_id),
                "image_id": hex(&r.image_id),
                "report_data": hex(&r.report_data),
                "measurement": hex(&r.measurement),
                "host_data": hex(&r.host_data),
                "id_key_digest": hex(&r.id_key_digest),
                "author_key_digest": hex(&r.author_key_digest),
                "report_id": hex(&r.report_id),
                "report_id_ma": hex(&r.report_id_ma),
                "chip_id": hex(&r.chip_id),
            }))
        }
        Some("certtable") => {
            CertTableEntry::vec_bytes_to_cert_table(&mut data).map_err(refused(None))?;
            Ok(json!({}))
        }
        kind => Err(No::Unsupported(format!("nothing reads a {kind:?}"))),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// The crate's version, as it is locked.
fn version() -> &'static str {
    let found = LOCK.split_once("name = \"sev\"\nversion = \"");
    found
        .and_then(|(_, rest)| rest.split_once('"'))
        .map_or("unknown", |(version, _)| version)
}

fn hello() -> Value {
    json!({
        "name": "virtee-sev", "version": version(), "language": "rust",
        "ops": ["verify", "parse"],
        "layers": ["parse", "version", "signature", "certtable", "table", "forward-compat"],
        // The chain ends in the root, which signs the ASK, which signs the leaf.
        "requirements": ["VRF-024", "VRF-025", "VRF-026", "VRF-027"],
        // No time is asked for, and no rule about time is claimed.
        "options": ["at"],
        "anchors": "configurable",
    })
}

fn answer(request: &Value) -> Value {
    let outcome = match request["op"].as_str() {
        Some("hello") => return hello(),
        Some("verify") => verify(request).map(|()| json!({})),
        Some("parse") => parse(request),
        op => Err(No::Unsupported(format!("op {op:?}"))),
    };
    let id = &request["id"];
    match outcome {
        Ok(output) => json!({"id": id, "verdict": "accept", "stage": null, "output": output}),
        Err(No::Refused(stage, why)) => {
            json!({"id": id, "verdict": "reject", "stage": stage, "detail": why})
        }
        Err(No::Unsupported(why)) => {
            json!({"id": id, "verdict": "unsupported", "stage": null, "detail": why})
        }
        Err(No::Request(why)) => {
            json!({"id": id, "verdict": "error", "stage": null, "detail": why})
        }
    }
}

fn main() {
    let mut out = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let Ok(line) = line else { return };
        let said = match serde_json::from_str(&line) {
            Ok(request) => answer(&request),
            Err(error) => json!({"verdict": "error", "stage": null, "detail": error.to_string()}),
        };
        if writeln!(out, "{said}").and_then(|()| out.flush()).is_err() {
            return;
        }
    }
}
