// Reads every case of the bundle: node loader.mjs FOLDER/cases
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const folder = process.argv[2];
let count = 0, size = 0, total = 0;

function resolve(value, blobs) {
  if (Array.isArray(value)) return value.map((v) => resolve(v, blobs));
  if (value === null || typeof value !== "object") return value;
  if (Object.keys(value).join() === "base64") return Buffer.from(value.base64, "base64");
  if (!("blob" in value)) {
    return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, resolve(v, blobs)]));
  }
  const data = blobs[value.blob], parts = [];
  let done = 0;
  for (const [at, gone, hex] of value.patch ?? []) {
    parts.push(data.subarray(done, at), Buffer.from(hex, "hex"));
    done = at + gone;
  }
  return Buffer.concat([...parts, data.subarray(done)]);
}

for (const name of readdirSync(folder).filter((n) => n.endsWith(".json")).sort()) {
  const family = JSON.parse(readFileSync(join(folder, name), "utf8"));
  const blobs = Object.fromEntries(
    Object.entries(family.blobs).map(([k, v]) => [k, Buffer.from(v, "base64")]));
  for (const { input, expect } of family.cases) {
    let report = resolve(input, blobs).report; // ... here your verifier judges it; `expect` says what is right
    if (!Buffer.isBuffer(report)) report = Buffer.alloc(0);
    count += 1;
    size += report.length;
    total = report.reduce((sum, byte) => sum + byte, total);
    void expect;
  }
}
console.log(`${count} cases, ${size} bytes of reports, sum ${total}`);
