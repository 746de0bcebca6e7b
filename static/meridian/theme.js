// Runs before the first paint, so that a page never flashes in the other scheme.
(() => {
  const KEY = "meridian-theme";
  const system = matchMedia("(prefers-color-scheme: dark)");
  const paper = matchMedia("print");
  const ofSystem = () => (system.matches ? "dark" : "light");
  const show = (scheme) => {
    document.documentElement.dataset.bsTheme = scheme;
  };
  const apply = () => show(paper.matches ? "light" : (localStorage.getItem(KEY) ?? ofSystem()));

  apply();
  system.addEventListener("change", apply);
  addEventListener("storage", apply);
  // Paper is white, and what a canvas holds for a dark screen cannot be read on it. Not every browser tells of the
  // medium before it prints.
  paper.addEventListener("change", apply);
  addEventListener("beforeprint", () => show("light"));
  addEventListener("afterprint", apply);
  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-switch-theme]")) return;
    const chosen = document.documentElement.dataset.bsTheme === "dark" ? "light" : "dark";
    if (chosen === ofSystem()) localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, chosen);
    apply();
  });
})();
