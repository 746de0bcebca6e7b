// Buttons that copy the value of a field.
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const field = document.getElementById(button.dataset.copy);
  field.select();
  try {
    await navigator.clipboard.writeText(field.value);
    button.textContent = "Copied";
  } catch {
    // Over plain HTTP there is no clipboard: it is selected, so Ctrl-C copies it.
    button.textContent = "Press Ctrl-C";
  }
});
