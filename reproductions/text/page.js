"use strict";
// The page is complete without this script. It adds: where one is, in the table of contents; ancestors, in the trees.
(() => {
  const links = new Map();
  for (const link of document.querySelectorAll(".contents a")) links.set(link.hash.slice(1), link);
  const contents = document.querySelector("details.contents");
  const wide = matchMedia("(min-width: 72rem)");
  const unfold = () => { if (contents) contents.open = wide.matches; };
  wide.addEventListener("change", unfold);
  unfold();
  const sections = [...links.keys()].map((id) => document.getElementById(id)).filter(Boolean);
  const mark = () => {
    let here = sections[0];
    for (const section of sections) if (section.getBoundingClientRect().top < innerHeight * 0.3) here = section;
    if (innerHeight + scrollY >= document.body.scrollHeight - 4) here = sections[sections.length - 1];
    for (const [id, link] of links) {
      if (here && id === here.id) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
  };
  addEventListener("scroll", mark, { passive: true });
  mark();

  for (const tree of document.querySelectorAll("svg.tree")) {
    const nodes = new Map([...tree.querySelectorAll(".node")].map((node) => [node.dataset.id, node]));
    const trace = (start) => {
      const found = new Set(), todo = start ? [start] : [];
      while (todo.length) {
        const id = todo.pop();
        if (found.has(id) || !nodes.has(id)) continue;
        found.add(id);
        todo.push(...nodes.get(id).dataset.parents.split(" ").filter(Boolean));
      }
      tree.classList.toggle("traced", found.size > 0);
      for (const [id, node] of nodes) node.classList.toggle("on", found.has(id));
      for (const edge of tree.querySelectorAll(".edge")) edge.classList.toggle("on", found.has(edge.dataset.child));
    };
    let pinned = null;
    tree.addEventListener("pointerover", (event) => {
      const node = event.target.closest(".node");
      if (node && !pinned) trace(node.dataset.id);
    });
    tree.addEventListener("pointerleave", () => { if (!pinned) trace(null); });
    tree.addEventListener("click", (event) => {
      const node = event.target.closest(".node");
      pinned = node && node.dataset.id !== pinned ? node.dataset.id : null;
      trace(pinned);
    });
  }
  addEventListener("beforeprint", () => { for (const one of document.querySelectorAll("details")) one.open = true; });
})();
