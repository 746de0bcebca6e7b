// Your own place: asked of the browser when the button is pressed, kept in this page, sent nowhere.

const PATIENCE_MS = 15_000;
const REASONS = {
  1: "The browser may not tell where you are; its settings decide that.",
  2: "The browser does not know where you are.",
  3: "The browser took too long to find out where you are.",
};

/** Makes the button ask. `found({at, accuracy})` hears of the place, or null when it is pressed again; else `failed(sentence)`. */
export function offerHere(button, { found, failed }, signal) {
  button.setAttribute("aria-pressed", "false");
  button.addEventListener("click", () => press(button, found, failed), { signal });
}

async function press(button, found, failed) {
  if (button.getAttribute("aria-pressed") === "true") {
    button.setAttribute("aria-pressed", "false");
    found(null);
    return;
  }
  if (!isSecureContext || !navigator.geolocation) {
    failed("Browsers tell where you are over HTTPS only.");
    return;
  }
  button.disabled = true;
  try {
    const { coords } = await asked();
    button.setAttribute("aria-pressed", "true");
    found({ at: [coords.latitude, coords.longitude], accuracy: coords.accuracy });
  } catch (refusal) {
    if (!(refusal instanceof GeolocationPositionError)) throw refusal;
    failed(REASONS[refusal.code]);
  } finally {
    button.disabled = false;
  }
}

function asked() {
  return new Promise((resolve, reject) => {
    navigator.geolocation.getCurrentPosition(resolve, reject, { timeout: PATIENCE_MS, maximumAge: 300_000 });
  });
}
