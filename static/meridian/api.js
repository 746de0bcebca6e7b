// The description of the API, drawn by Swagger UI, which comes with django-ninja.
const place = document.getElementById("swagger");

// Its dark scheme goes by a class of its own.
const root = document.documentElement;
const follow = () => root.classList.toggle("dark-mode", root.dataset.bsTheme === "dark");
new MutationObserver(follow).observe(root, { attributeFilter: ["data-bs-theme"] });
follow();

window.SwaggerUIBundle({
  domNode: place,
  url: place.dataset.url,
  deepLinking: true,
  // Nothing outside is asked whether the description is valid.
  validatorUrl: null,
  docExpansion: "list",
  // Each request shows its own schemas; all of them below would be a page of their own.
  defaultModelsExpandDepth: 0,
});
