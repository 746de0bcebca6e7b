// Runs before the first paint, so that a page never flashes in the other scheme.
(() => {
  const KEY = "meridian-theme";
  const system = matchMedia("(prefers-color-scheme: dark)");
  const ofSystem = () => (system.matches ? "dark" : "light");
  const apply = () => {
    document.documentElement.dataset.bsTheme = localStorage.getItem(KEY) ?? ofSystem();
  };

  apply();
  system.addEventListener("change", apply);
  addEventListener("storage", apply);
  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-switch-theme]")) return;
    const chosen = document.documentElement.dataset.bsTheme === "dark" ? "light" : "dark";
    if (chosen === ofSystem()) localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, chosen);
    apply();
  });
})();
