// Whether the dashboard's map is folded away is known before the first paint, so that nothing jumps.
document.documentElement.toggleAttribute("data-map-folded", localStorage.getItem("meridian-map") === "folded");
