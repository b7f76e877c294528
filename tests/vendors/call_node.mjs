// Makes the calls of the vendor's `customerio-node` Track client that standard input lists:
// `node call_node.mjs NODE_MODULES_FOLDER ORIGIN SITE KEY`, JSON `[[method, [arguments], {}], ...]`.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const [, , folder, origin, site, key] = process.argv;
const { TrackClient } = createRequire(`${folder}/`)("customerio-node");

const cio = new TrackClient(site, key, { url: `${origin}/api/v1` });
const calls = JSON.parse(readFileSync(0, "utf8"));
for (const [method, given] of calls) await cio[method](...given);

console.log(JSON.stringify({ calls: calls.length }));
