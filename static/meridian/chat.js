// The assistant's page: keys of the question's field, suggestions, and a log that follows what is written.

const NEAR_END_PX = 80;

const log = () => document.getElementById("live");
const question = () => document.getElementById("question");

/* Asking --------------------------------------------------------------------------------------------------- */

document.addEventListener("keydown", (event) => {
  const { key, target } = event;
  if (key === "Enter" && !event.shiftKey && !event.isComposing && target.matches(".chat textarea")) {
    event.preventDefault();
    target.form.requestSubmit();
  } else if (key === "Escape" && target.id === "question") {
    document.querySelector("[data-stop]")?.click();
  } else if (key === "ArrowUp" && target.id === "question" && target.value === "") {
    editLast(event);
  }
});

function editLast(event) {
  const last = [...document.querySelectorAll(".turn-user .edit")].at(-1);
  if (!last) return;
  event.preventDefault();
  last.open = true;
  last.querySelector("textarea").focus();
}

document.addEventListener("click", ({ target }) => {
  if (!target.matches("[data-suggestion]")) return;
  question().value = target.textContent;
  question().form.requestSubmit();
});

// What was asked is in the log now; what was refused stays in the field.
document.addEventListener("htmx:afterRequest", ({ detail }) => {
  if (detail.elt.id !== "ask" || detail.xhr.status !== 200) return;
  question().value = "";
  toEnd();
});

/* Following ------------------------------------------------------------------------------------------------ */

let following = true;

function toEnd() {
  following = true;
  log()?.scrollTo({ top: log().scrollHeight, behavior: "instant" });
}

document.addEventListener(
  "scroll",
  ({ target }) => {
    if (target.id !== "live") return;
    following = target.scrollHeight - target.scrollTop - target.clientHeight < NEAR_END_PX;
  },
  true,
);

/* Words for those who listen: an answer is told when it has ended, not word by word. */

let busy = new Set();

function announce() {
  const now = new Set([...document.querySelectorAll(".turn[aria-busy]")].map(({ id }) => id));
  for (const id of busy) {
    const ended = document.getElementById(id);
    if (ended && !now.has(id)) document.getElementById("announcer").textContent = `Answer: ${ended.dataset.state}.`;
  }
  busy = now;
}

for (const name of ["meridian:changed", "htmx:afterSwap"]) {
  document.addEventListener(name, () => {
    if (following) toEnd();
    announce();
  });
}
toEnd();
announce();
