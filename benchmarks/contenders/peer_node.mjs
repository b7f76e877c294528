// The vendor's `@customerio/cdp-analytics-node`; prints the same line of results as meter.py.
import { breathe, client, event, n, person } from "./said.mjs";

const cpu = (since) => {
  const used = process.cpuUsage(since);
  return (used.user + used.system) / 1e6;
};

const bare = process.cpuUsage();
for (let i = 0; i < 20_000; i++) event(i);
const harness = cpu(bare) / 20_000;

const latencies = [];
const analytics = client();
const start = process.hrtime.bigint();
const before = process.cpuUsage();
for (let i = 0; i < n; i++) {
  const made = event(i);
  const called = process.hrtime.bigint();
  analytics.track({ userId: person(i), event: "order_completed", properties: made });
  latencies.push(Number(process.hrtime.bigint() - called) / 1e3);
  if (i % 100 === 0) await breathe();
}
await analytics.closeAndFlush({ timeout: 300_000 });
const wall = Number(process.hrtime.bigint() - start) / 1e9;
latencies.sort((a, b) => a - b);
const at = (share) => latencies[Math.min(n - 1, Math.floor(n * share))];

console.log(
  JSON.stringify({
    wall_s: wall,
    cpu_s: Math.max(0, cpu(before) - harness * n),
    peak_mb: process.resourceUsage().maxRSS / 1024,
    refused: 0,
    p50_us: at(0.5),
    p99_us: at(0.99),
    max_us: latencies[n - 1],
  }),
);
process.exit(0);
