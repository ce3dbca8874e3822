// What makes the playground live; every page works without it.

"use strict";

// Events as they arrive (server-sent events). Hidden pages let go of the
// connection: a browser gives one server only six of them.

const pulse = document.getElementById("pulse");
const arrivals = document.getElementById("arrivals");
let source = null;
let last = "";

function listen() {
  if (source !== null || pulse === null) return;
  const address = new URL(pulse.dataset.live, location.href);
  if (last) address.searchParams.set("count", last);
  source = new EventSource(address);
  source.addEventListener("open", () => say("live", true));
  source.addEventListener("error", () => say("connecting again", false));
  source.addEventListener("log", (message) => {
    last = message.lastEventId;
    arrive(message.data);
  });
  source.addEventListener("walk", () => location.reload());
}

function deafen() {
  source?.close();
  source = null;
  say("paused", false);
}

function say(text, on) {
  pulse.classList.toggle("on", on);
  pulse.firstElementChild.textContent = text;
}

function arrive(html) {
  const piece = document.createElement("template");
  piece.innerHTML = html;
  const item = piece.content.firstElementChild;
  const id = CSS.escape(item.dataset.event);
  if (arrivals.querySelector(`[data-event="${id}"]`)) return;
  item.classList.add("fresh");
  arrivals.prepend(item);
  document.getElementById("silence").hidden = true;
}

if (pulse !== null) {
  listen();
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) deafen();
    else listen();
  });
  addEventListener("pagehide", deafen);
  addEventListener("pageshow", (event) => {
    if (event.persisted) location.reload();
  });
}

// Copy as curl, with what was edited.

function quoted(text) {
  return `'${text.replaceAll("'", `'"'"'`)}'`;
}

for (const input of document.querySelectorAll("[data-field]")) {
  const name = input.dataset.field;
  const line = document.querySelector(`[data-curl="${CSS.escape(name)}"]`);
  if (line === null) continue;
  const end = line.textContent.endsWith("\\") ? " \\" : "";
  input.addEventListener("input", () => {
    line.hidden = input.value === "";
    line.textContent = `  --data-urlencode ${quoted(`${name}=${input.value}`)}${end}`;
  });
}

for (const button of document.querySelectorAll("[data-copy]")) {
  if (!navigator.clipboard) break;
  button.hidden = false;
  button.addEventListener("click", async () => {
    const lines = document.getElementById(button.dataset.copy).children;
    const shown = [...lines].filter((line) => !line.hidden);
    await navigator.clipboard.writeText(shown.map((line) => line.textContent).join("\n"));
    button.textContent = "Copied";
    setTimeout(() => (button.textContent = "Copy"), 1500);
  });
}

// A form is sent once.

document.getElementById("step-form")?.addEventListener("submit", (event) => {
  if (event.submitter?.formTarget === "_blank") return;
  if (pulse !== null) deafen(); // a reload now would stop the form on its way
  setTimeout(() => {
    for (const button of event.target.querySelectorAll("button")) button.disabled = true;
  });
});
