"""How the page looks, and its one script, which filters the entries.

The look is that of the emulator's page. Nothing is loaded from elsewhere.
"""

from typing import Final

STYLE: Final = """
:root {
  color-scheme: light dark; --ground: light-dark(#fff, #16181b);
  --ink: light-dark(#1c1f23, #e4e6e9); --line: light-dark(#d9dce0, #363a40);
  --soft: light-dark(#f5f6f8, #1f2226); --quiet: light-dark(#5a6068, #a3a9b1);
  --link: light-dark(#0b57a4, #86b9f2); --bad: light-dark(#a3261e, #f2908a);
  --mark: light-dark(#7a4a00, #f0bd6b)
}
* { box-sizing: border-box }
html { scroll-padding-top: 1rem }
body {
  background: var(--ground); color: var(--ink); font: 15px/1.55 system-ui, sans-serif;
  margin: 0 auto; max-width: 84rem; padding: 1.5rem 1rem 4rem
}
a { color: var(--link) }
h1 { font-size: 1.6rem; margin: 0 0 .3rem }
h2 { font-size: 1.2rem; margin: 2.6rem 0 .6rem }
h3 { font-size: 1.05rem; margin: 0; font-family: ui-monospace, monospace; overflow-wrap: anywhere }
h4 { font-size: .85rem; margin: 1.2rem 0 .3rem; color: var(--quiet) }
p { margin: .5rem 0; max-width: 46rem }
.lead, .facts { color: var(--quiet) }
.facts { font-size: .85rem }
dl {
  display: grid; grid-template-columns: repeat(auto-fill, minmax(9rem, 1fr)); gap: .6rem;
  margin: 1.2rem 0
}
dl div {
  border: 1px solid var(--line); border-radius: .5rem; padding: .4rem .8rem;
  background: var(--soft); display: flex; flex-direction: column-reverse
}
dt { color: var(--quiet); font-size: .8rem }
dd { margin: 0; font-size: 1.35rem; font-variant-numeric: tabular-nums }
.search { display: flex; flex-wrap: wrap; gap: .3rem .8rem; align-items: center; margin: 1rem 0 }
.search label { font-weight: 600 }
.search input {
  font: inherit; color: inherit; background: var(--soft); border: 1px solid var(--quiet);
  border-radius: .4rem; padding: .35rem .6rem; flex: 1 1 12rem; max-width: 26rem
}
.search output { color: var(--quiet); font-size: .85rem }
nav ul { list-style: none; margin: .2rem 0 1rem; padding: 0 }
nav li { margin: .1rem 0; overflow-wrap: anywhere }
nav a { text-decoration: none; font-family: ui-monospace, monospace; font-size: .85rem }
nav a:hover, nav a:focus { text-decoration: underline }
nav h2 { font-size: .85rem; color: var(--quiet); margin: 1rem 0 .2rem }
.entry { border: 1px solid var(--line); border-radius: .6rem; padding: 1rem 1.1rem; margin: 1rem 0 }
.entry:target { border-color: var(--link) }
.entry header { display: flex; flex-wrap: wrap; gap: .2rem .7rem; align-items: baseline }
.wide { overflow-x: auto }
table { border-collapse: collapse; width: 100%; font-size: .88rem; margin: .8rem 0 0 }
caption {
  text-align: left; color: var(--quiet); font-size: .85rem; font-weight: 600; padding: 0 0 .2rem
}
th, td {
  text-align: left; vertical-align: top; padding: .35rem .9rem .35rem 0;
  border-bottom: 1px solid var(--line)
}
thead th { color: var(--quiet); font-size: .8rem; white-space: nowrap }
tbody th { font-weight: 400 }
.fields thead th:nth-child(1) { width: 19% }
.fields thead th:nth-child(2) { width: 19% }
.fields thead th:nth-child(3) { width: 15% }
.fields thead th:nth-child(5) { width: 19% }
.fields td, .fields tbody th { overflow-wrap: anywhere }
tbody tr:last-child > * { border-bottom: 0 }
td ul { margin: 0; padding: 0; list-style: none; color: var(--quiet) }
code, pre { font-family: ui-monospace, monospace; font-size: .88em }
td code, th code { overflow-wrap: anywhere }
pre {
  background: var(--soft); border: 1px solid var(--line); border-radius: .4rem;
  padding: .6rem .8rem; margin: .3rem 0 0; overflow-x: auto; font-size: .82rem; line-height: 1.45
}
.tag {
  border: 1px solid currentColor; border-radius: 1rem; font-size: .72rem; padding: 0 .5rem;
  white-space: nowrap; font-family: system-ui, sans-serif
}
.bad { color: var(--bad) } .mark { color: var(--mark) }
.pair {
  display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 24rem), 1fr));
  gap: 0 1rem
}
.pair > * { min-width: 0 }
[hidden] { display: none !important }
footer { color: var(--quiet); font-size: .85rem; margin-top: 3rem }
@media not (min-width: 64rem) {
  nav { display: none }
}
@media (min-width: 64rem) {
  .sheet { display: grid; grid-template-columns: 15rem minmax(0, 1fr); gap: 0 2.2rem }
  nav {
    position: sticky; top: 0; align-self: start; max-height: 100vh; overflow-y: auto;
    padding: .2rem 0 2rem
  }
}
@media (max-width: 44rem) {
  body { padding: 1rem .8rem 3rem }
  .entry { padding: .8rem }
  .fields thead {
    position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%)
  }
  .fields, .fields caption, .fields tbody, .fields tr, .fields th, .fields td { display: block }
  .fields tr { border-bottom: 1px solid var(--line); padding: .5rem 0 }
  .fields tr:last-child { border-bottom: 0 }
  .fields th, .fields td { border: 0; padding: .05rem 0 }
  .fields tbody th { font-weight: 600 }
  .fields td:nth-child(2), .fields td:nth-child(3) { display: inline }
  .fields td:nth-child(3)::before { content: " · " }
  .fields td:empty { display: none }
  .fields td[data-head]:not(:empty)::before { content: attr(data-head) ": "; color: var(--quiet) }
}
@media print {
  :root { color-scheme: light }
  body { max-width: none; padding: 0; font-size: 10pt }
  nav, .search { display: none }
  .sheet { display: block }
  tr, pre, .entry header { break-inside: avoid }
  h2, h3, h4, caption { break-after: avoid }
  pre { white-space: pre-wrap }
  .wide { overflow: visible }
}
"""

SCRIPT: Final = """
const box = document.querySelector(".search");
const input = box.querySelector("input");
const told = box.querySelector("output");
const entries = [...document.querySelectorAll(".entry")].map((entry) => ({
  entry,
  text: entry.textContent.toLowerCase(),
  links: [...document.querySelectorAll(`nav a[href="#${CSS.escape(entry.id)}"]`)],
}));
box.hidden = false;
input.addEventListener("input", () => {
  const words = input.value.toLowerCase().split(/\\s+/).filter(Boolean);
  let found = 0;
  for (const { entry, text, links } of entries) {
    const fits = words.every((word) => text.includes(word));
    found += fits;
    entry.hidden = !fits;
    for (const link of links) link.parentElement.hidden = !fits;
  }
  for (const section of document.querySelectorAll("section.kind"))
    section.hidden = !section.querySelector(".entry:not([hidden])");
  told.textContent = words.length ? `${found} of ${entries.length}` : "";
});
"""
