// An offer to undo leaves when its time is over, unless somebody is about to take it.

for (const offer of document.querySelectorAll("[data-undo]")) {
  const leave = () => {
    if (offer.matches(":hover, :focus-within")) setTimeout(leave, 1_000);
    else offer.remove();
  };
  setTimeout(leave, Number(offer.dataset.undo) * 1_000);
}
