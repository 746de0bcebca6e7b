// Short messages in the corner: what the server says with an answer ({"toast": {"level", "text"}} in HX-Trigger),
// and what went wrong with a request. Texts are only ever shown as text.

const SHOWN_MS = { info: 5_000, success: 4_000, warning: 8_000, danger: 10_000 };
const TRIGGERS = ["HX-Trigger", "HX-Trigger-After-Swap", "HX-Trigger-After-Settle"];

const corner = document.getElementById("toasts");

function toast(level, text) {
  const known = level in SHOWN_MS ? level : "info";
  for (const same of corner.children) if (same.dataset.text === text) same.remove();
  const note = document.createElement("p");
  note.className = `note note-${known}`;
  note.dataset.text = text;
  note.textContent = text;
  corner.append(note);
  setTimeout(() => note.remove(), SHOWN_MS[known]);
}

function signIn() {
  const here = encodeURIComponent(location.pathname + location.search);
  location.assign(`${document.body.dataset.login}?next=${here}`);
}

function endsAtSignIn(xhr) {
  return Boolean(xhr.responseURL) && new URL(xhr.responseURL).pathname === document.body.dataset.login;
}

// On the request itself: a live event may have replaced the element that sent it, and its events would be lost.
document.addEventListener("htmx:beforeSend", ({ detail: { xhr } }) => {
  xhr.addEventListener("loadend", () => judge(xhr));
  xhr.addEventListener("timeout", () => toast("danger", "The server took too long to answer. Nothing may have changed; try again."));
  xhr.addEventListener("error", () => toast("danger", "The server could not be reached. Check the network and try again."));
});

function judge(xhr) {
  if (xhr.status === 401 || xhr.status === 403 || endsAtSignIn(xhr)) signIn();
  else if (xhr.status === 404) toast("danger", "That is no longer there. Somebody may have deleted it.");
  else if (xhr.status === 429) toast("warning", "Too many requests. Wait a moment and try again.");
  else if (xhr.status >= 500) toast("danger", `The server failed (${xhr.status}). Nothing was lost on this page; try again.`);
  else if (xhr.status >= 400 && xhr.status !== 422) toast("danger", `The server refused that (${xhr.status}). Reload the page and try again.`);
  else announced(xhr).forEach(({ level, text }) => toast(level, text));
}

function announced(xhr) {
  return TRIGGERS.map((name) => xhr.getResponseHeader(name) ?? "")
    .filter((value) => value.startsWith("{"))
    .map((value) => JSON.parse(value).toast)
    .filter(Boolean);
}

document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  if (endsAtSignIn(detail.xhr)) detail.shouldSwap = false;
});
document.addEventListener("signed-out", signIn);
