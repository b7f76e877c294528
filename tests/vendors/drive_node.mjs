// Says everything that the vendor's `customerio-node` can say to Track and Pipelines:
// `node drive_node.mjs NODE_MODULES_FOLDER TRACK_ORIGIN PIPELINES_ORIGIN SITE KEY WRITE_KEY`.
// Prints one JSON object: what became of each step, the answer or {"error": text}.
import { createRequire } from "node:module";

const [, , folder, trackOrigin, pipelinesOrigin, site, key, writeKey] = process.argv;
const { TrackClient, PipelinesClient } = createRequire(`${folder}/`)("customerio-node");

const cio = new TrackClient(site, key, { url: `${trackOrigin}/api/v1` });
const stranger = new TrackClient(site, "not-the-key", { url: `${trackOrigin}/api/v1` });
const cdp = new PipelinesClient(writeKey, { url: `${pipelinesOrigin}/v1` });
const strict = new PipelinesClient("not-the-key", { url: `${pipelinesOrigin}/v1`, strictMode: true });
const NOON = Date.UTC(2026, 2, 1, 12) / 1000;

const results = {};
async function step(name, call) {
  try {
    results[name] = await call();
  } catch (error) {
    results[name] = { error: String(error.message), status: error.statusCode ?? null };
  }
}

await step("identify", () => cio.identify("js-1", { email: "js-1@example.com", plan: "gold" }));
await step("identify again", () => cio.identify("js-1", { plan: "silver", seats: 3 }));
const order = {
  name: "order_completed",
  id: "01J00000000000000000000002",
  timestamp: NOON,
  data: { total: 12.5 },
};
await step("track", () => cio.track("js-1", order));
await step("track repeated", () => cio.track("js-1", order));
await step("trackPageView", () => cio.trackPageView("js-1", "/pricing"));
await step("trackAnonymous", () =>
  cio.trackAnonymous("js-anon", { name: "looked", data: { at: "shoes" } }),
);
await step("addDevice", () =>
  cio.addDevice("js-1", "token-1", "ios", { last_used: NOON, device_model: "X" }),
);
await step("addDevice other", () => cio.addDevice("js-1", "token-2", "android"));
await step("deleteDevice", () => cio.deleteDevice("js-1", "token-2"));

await step("identify suppressed", () => cio.identify("js-2", { plan: "gold" }));
await step("suppress", () => cio.suppress("js-2"));
await step("identify while suppressed", () => cio.identify("js-2", { plan: "gold" }));
await step("identify unsuppressed", () => cio.identify("js-3", { plan: "gold" }));
await step("suppress other", () => cio.suppress("js-3"));
await step("unsuppress", () => cio.unsuppress("js-3"));
await step("identify after unsuppress", () => cio.identify("js-3", { plan: "bronze" }));

await step("identify secondary", () => cio.identify("js-4", { nickname: "four" }));
await step("mergeCustomers", () => cio.mergeCustomers("id", "js-1", "id", "js-4"));
await step("identify deleted", () => cio.identify("js-5", { plan: "gold" }));
await step("destroy", () => cio.destroy("js-5"));
await step("identify awkward id", () => cio.identify("js/7 + 8?&#%2Fé", { plan: "odd" }));

await step("identify for segments", () => cio.identify("js-6", { plan: "gold" }));
await step("identify for segments other", () => cio.identify("js-7", { plan: "gold" }));
await step("addCustomersToSegment", () => cio.addCustomersToSegment(7, ["js-6", "js-7"], "id"));
await step("removeCustomersFromSegment", () => cio.removeCustomersFromSegment(7, ["js-7"]));
await step("submitForm", () => cio.submitForm("contact", { id: "js-8", colour: "blue" }));
await step("reportMetric", () =>
  cio.reportMetric({ delivery_id: "delivery-1", metric: "opened", timestamp: NOON }),
);
await step("trackPush", () =>
  cio.trackPush({
    delivery_id: "delivery-2",
    device_id: "token-1",
    event: "opened",
    timestamp: NOON,
  }),
);
await step("unsubscribe", () => cio.unsubscribe("delivery-3"));
await step("getAccountRegion", () => cio.getAccountRegion());

const person = (id, rest) => ({ type: "person", identifiers: { id }, ...rest });
await step("entity", () =>
  cio.entity(person("js-9", { action: "identify", attributes: { plan: "entity" } })),
);
await step("batch", () =>
  cio.batch([
    person("js-9", { action: "event", name: "batched", attributes: { n: 1 } }),
    person("js-9", { action: "add_device", device: { token: "token-9", platform: "ios" } }),
  ]),
);
await step("batch in part", () =>
  cio.batch([
    person("js-9", { action: "event", name: "kept", attributes: {} }),
    { type: "person", action: "no_such_action", identifiers: { id: "js-9" } },
  ]),
);
await step("wrong key", () => stranger.identify("js-stranger", { plan: "none" }));

const userId = "js-cdp";
await step("cdp identify", () =>
  cdp.identify({ userId, traits: { email: "js-cdp@example.com", plan: "gold" } }),
);
const sale = { userId, event: "order_completed", properties: { total: 12.5 }, messageId: "js-m-1" };
await step("cdp track", () => cdp.track(sale));
await step("cdp page", () => cdp.page({ userId, name: "Pricing", properties: { plan: "gold" } }));
await step("cdp screen", () => cdp.screen({ userId, name: "Basket", properties: { lines: 2 } }));
await step("cdp group", () => cdp.group({ userId, groupId: "js-acme", traits: { name: "Acme" } }));
await step("cdp identify secondary", () =>
  cdp.identify({ userId: "js-cdp-old", traits: { nickname: "old" } }),
);
await step("cdp alias", () => cdp.alias({ userId, previousId: "js-cdp-old" }));
await step("cdp batch", () =>
  cdp.batch([
    { type: "identify", userId, traits: { seats: 3 } },
    { type: "track", userId, event: "batched", properties: { n: 1 } },
  ]),
);
await step("cdp wrong key, strict", () => strict.identify({ userId: "js-cdp-stranger" }));

console.log(JSON.stringify(results));
