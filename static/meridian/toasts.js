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

/* Signed out: a page that holds what somebody typed stays, and is renewed once they have signed in elsewhere. ------ */

const login = document.body.dataset.login;
const TYPED = "form[method=post] :is(input, textarea)";

let request = null; // the note that asks to sign in, while it is shown

const endsAtSignIn = ({ responseURL }) => Boolean(responseURL) && new URL(responseURL).pathname === login;
const holdsSomething = () =>
  request?.isConnected ||
  document.querySelector("dialog[open] form") !== null ||
  [...document.querySelectorAll(TYPED)].some(({ value, defaultValue }) => value !== defaultValue);

function signedOut() {
  if (holdsSomething()) askToSignIn();
  else location.assign(`${login}?next=${encodeURIComponent(location.pathname + location.search)}`);
}

function askToSignIn() {
  if (request?.isConnected) return;
  const link = document.createElement("a");
  link.textContent = "Sign in in another tab";
  link.href = login;
  link.target = "_blank";
  link.rel = "noopener";
  request = document.createElement("p");
  request.className = "note note-warning";
  request.role = "alert";
  request.append("You are signed out. ", link, ", then come back and do it again: what you typed stays here.");
  // Nothing outside of an open dialog can be pressed.
  (document.querySelector("dialog[open]") ?? corner).append(request);
}

// Every sign-in changes the token that requests carry; the page's own address tells the one that counts now.
async function renew() {
  const answer = await fetch(location.href);
  if (endsAtSignIn({ responseURL: answer.url })) return false;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").body.getAttribute("hx-headers");
  if (fresh === null) return false;
  document.body.setAttribute("hx-headers", fresh);
  const token = JSON.parse(fresh)["X-CSRFToken"];
  for (const field of document.querySelectorAll("input[name=csrfmiddlewaretoken]")) field.value = token;
  return true;
}

async function refused() {
  if (await renew()) toast("warning", "The server refused that, perhaps because this page was too old. It is up to date now: try again.");
  else askToSignIn();
}

addEventListener("focus", async () => {
  if (!request?.isConnected || !(await renew())) return;
  request.remove();
  toast("success", "You are signed in again.");
  document.dispatchEvent(new CustomEvent("signed-in"));
});

/* What became of a request ------------------------------------------------------------------------------------ */

// On the request itself: a live event may have replaced the element that sent it, and its events would be lost.
document.addEventListener("htmx:beforeSend", ({ detail: { xhr, requestConfig } }) => {
  xhr.addEventListener("loadend", () => judge(xhr, requestConfig.verb));
  xhr.addEventListener("timeout", () => toast("danger", "The server took too long to answer. Nothing may have changed; try again."));
  xhr.addEventListener("error", () => toast("danger", "The server could not be reached. Check the network and try again."));
});

function judge(xhr, verb) {
  if (xhr.status === 401 || endsAtSignIn(xhr)) verb === "get" ? signedOut() : askToSignIn();
  else if (xhr.status === 403 && verb !== "get") refused();
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
document.addEventListener("signed-out", signedOut);
