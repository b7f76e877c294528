// The vendor's `@customerio/cdp-analytics-node`: node peer_node.mjs --n N --url URL --modules DIR.
// Says the same events as meter.py makes, in the same words, and prints the same line of results.
import { createRequire } from "node:module";

const given = Object.fromEntries(
  process.argv.slice(2).reduce((pairs, word, i, all) => {
    if (word.startsWith("--")) pairs.push([word.slice(2), all[i + 1]]);
    return pairs;
  }, []),
);
const n = Number(given.n);
const { Analytics } = createRequire(`${given.modules}/`)("@customerio/cdp-analytics-node");

const event = (i) => ({
  mk: `ev@${String(i).padStart(9, "0")}`,
  order_id: `ord_${String((i * 7919) % 100_000_000).padStart(8, "0")}`,
  total: 129.95 + (i % 100),
  currency: "EUR",
  coupon: null,
  first_order: i % 3 === 0,
  items: [
    { sku: "SKU-10442", name: "Linen shirt, navy", quantity: 2, price: 39.5 },
    { sku: "SKU-20993", name: "Canvas belt", quantity: 1, price: 24.0 },
  ],
  url: "https://shop.example.com/checkout/thanks",
});
const person = (i) => `user_${String(i % 50_000).padStart(6, "0")}`;
const cpu = (since) => {
  const used = process.cpuUsage(since);
  return (used.user + used.system) / 1e6;
};

const bare = process.cpuUsage();
for (let i = 0; i < 20_000; i++) event(i);
const harness = cpu(bare) / 20_000;

const latencies = [];
const start = process.hrtime.bigint();
const before = process.cpuUsage();
const analytics = new Analytics({ writeKey: "key", host: given.url });
for (let i = 0; i < n; i++) {
  const made = event(i);
  const called = process.hrtime.bigint();
  analytics.track({ userId: person(i), event: "order_completed", properties: made });
  latencies.push(Number(process.hrtime.bigint() - called) / 1e3);
  // A server yields between its requests; without that this client sends nothing before the end.
  if (i % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
}
await analytics.closeAndFlush({ timeout: 300_000 });
const wall = Number(process.hrtime.bigint() - start) / 1e9;
latencies.sort((a, b) => a - b);
const at = (share) => latencies[Math.min(n - 1, Math.floor(n * share))];

console.log(
  JSON.stringify({
    wall_s: wall,
    cpu_s: cpu(before),
    harness_cpu_s: harness * n,
    peak_mb: process.resourceUsage().maxRSS / 1024,
    refused: 0,
    extra: {},
    p50_us: at(0.5),
    p99_us: at(0.99),
    max_us: latencies[n - 1],
  }),
);
process.exit(0);
