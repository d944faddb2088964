// Reads every case of the vectors: node loader.mjs FOLDER (their cases/)
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

// VALUE with bytes in place of references, at any depth.
function resolve(value, blobs) {
  if (Array.isArray(value)) return value.map((v) => resolve(v, blobs));
  if (value === null || typeof value !== "object") return value;
  if (!("blob" in value) && !("base64" in value)) {
    return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, resolve(v, blobs)]));
  }
  let data = "blob" in value ? blobs[value.blob] : Buffer.from(value.base64, "base64");
  let end = data.length;
  for (const [at, count, hex] of [...(value.patch ?? [])].reverse()) {
    if (!(0 <= at && at <= at + count && at + count <= end)) throw new Error("patch: no such bytes");
    data = Buffer.concat([data.subarray(0, at), Buffer.from(hex, "hex"), data.subarray(at + count)]);
    end = at;
  }
  return data;
}

function strings(value) {
  if (Buffer.isBuffer(value)) return [value];
  return value !== null && typeof value === "object" ? Object.values(value).flatMap(strings) : [];
}

let cases = 0, size = 0, total = 0;
for (const name of readdirSync(process.argv[2]).filter((n) => n.endsWith(".json"))) {
  const family = JSON.parse(readFileSync(join(process.argv[2], name), "utf8"));
  const blobs = Object.fromEntries(
    Object.entries(family.blobs).map(([k, v]) => [k, Buffer.from(v, "base64")]));
  for (const { input } of family.cases) {
    const given = resolve(input, blobs);
    cases += 1; // ... here your verifier judges it; the case's `expect` says what is right
    for (const data of strings(given)) {
      size += data.length;
      for (const byte of data) total = (total + byte) >>> 0;
    }
  }
}
console.log(`${cases} cases, ${size} bytes, sum ${total}`);
