// Finds among many boxes to tick: a field above them hides those whose words do not hold what is typed.

document.addEventListener("input", ({ target }) => {
  if (!("filterChoices" in target.dataset)) return;
  const words = target.value.toLowerCase().split(/\s+/).filter(Boolean);
  for (const choice of target.parentElement.querySelectorAll(".form-check")) {
    const text = choice.textContent.toLowerCase();
    choice.hidden = !words.every((word) => text.includes(word));
  }
});
