// `@customerio/cdp-analytics-node` as losing.py has the others: says all, then ends as it is told.
import { breathe, client, event, given, n, person } from "./said.mjs";

const pace = Number(given.pace ?? 0);
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const analytics = client();
analytics.on("error", () => {});
process.on("unhandledRejection", () => {});
const start = Date.now();
for (let i = 0; i < n; i++) {
  const early = pace ? start + (i * 1000) / pace - Date.now() : 0;
  if (early > 1) await sleep(early);
  analytics.track({ userId: person(i), event: "order_completed", properties: event(i) });
  if (!pace && i % 100 === 0) await breathe();
}
const end = given.option.end;
if (end === "close") await analytics.closeAndFlush({ timeout: 60_000 });
if (end === "SIGTERM") process.kill(process.pid, "SIGTERM");
if (end === "kill -9") process.kill(process.pid, "SIGKILL");
if (end === "SIGTERM" || end === "kill -9") await sleep(30_000);
// What a command does, or a handler; an event loop that may run dry loses less.
process.exit(0);
