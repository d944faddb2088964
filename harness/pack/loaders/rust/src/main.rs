//! Reads every case of the bundle: cargo run -- FOLDER/cases
use base64::{engine::general_purpose::STANDARD, Engine};
use serde_json::Value;

/// The bytes that a reference stands for; empty for anything else.
fn bytes(value: &Value, blobs: &Value) -> Vec<u8> {
    let decode = |text: &Value| STANDARD.decode(text.as_str().unwrap()).unwrap();
    let Some(name) = value["blob"].as_str() else {
        return if value["base64"].is_string() { decode(&value["base64"]) } else { Vec::new() };
    };
    let (data, mut out, mut done) = (decode(&blobs[name]), Vec::new(), 0);
    for p in value["patch"].as_array().unwrap_or(&Vec::new()) {
        let at = p[0].as_u64().unwrap() as usize;
        out.extend_from_slice(&data[done..at]);
        out.extend(hex::decode(p[2].as_str().unwrap()).unwrap());
        done = at + p[1].as_u64().unwrap() as usize;
    }
    out.extend_from_slice(&data[done..]);
    out
}

fn main() {
    let folder = std::env::args().nth(1).expect("usage: loader FOLDER/cases");
    let (mut count, mut size, mut total) = (0, 0, 0u64);
    for entry in std::fs::read_dir(folder).unwrap() {
        let family: Value = serde_json::from_slice(&std::fs::read(entry.unwrap().path()).unwrap()).unwrap();
        for case in family["cases"].as_array().unwrap() {
            // ... here your verifier judges it; case["expect"] says what is right
            let report = bytes(&case["input"]["report"], &family["blobs"]);
            count += 1;
            size += report.len();
            total += report.iter().map(|b| u64::from(*b)).sum::<u64>();
        }
    }
    println!("{count} cases, {size} bytes of reports, sum {total}");
}
