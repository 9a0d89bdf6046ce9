(() => {
  const isLocal = location.protocol === "file:";
  for (const player of document.querySelectorAll("audio[data-source]")) {
    // Over a network the address of a file is one of another machine.
    if (!isLocal) continue;
    player.addEventListener("error", () => { player.nextElementSibling.hidden = false; });
    player.src = player.dataset.source;
    player.hidden = false;
  }
  if (!isLocal) document.querySelector(".online").hidden = false;
})();
