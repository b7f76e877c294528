// What the Node contenders share with meter.py: the same events in the same words.
import { createRequire } from "node:module";

export const given = { option: {} };
for (let i = 2; i < process.argv.length; i += 2) {
  const name = process.argv[i].slice(2);
  const value = process.argv[i + 1];
  if (name === "option") given.option[value.split("=")[0]] = value.slice(value.indexOf("=") + 1);
  else given[name] = value;
}
export const n = Number(given.n);
export const client = () => {
  const { Analytics } = createRequire(`${given.modules}/`)("@customerio/cdp-analytics-node");
  return new Analytics({ writeKey: "key", host: given.url });
};
export const event = (i) => ({
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
export const person = (i) => `user_${String(i % 50_000).padStart(6, "0")}`;
// A server yields between its requests; without that this client sends nothing before the end.
export const breathe = () => new Promise((resolve) => setImmediate(resolve));
