// @ts-check
/** The replay page: the viewer, its permalink, its council and the other games of the duel. */

import { copyText } from "./copy.js";
import { bindCouncil } from "./council.js";
import { need } from "./dom.js";
import { fetchOwners } from "./owners.js";
import { mountViewer } from "./viewer.js";

const root = need("[data-viewer]", HTMLElement);
const copyButton = need("[data-do=copy]", HTMLButtonElement);
const panel = root.querySelector("[data-council]");
const here = `/replays/${root.dataset.game}`;
const asked = new URLSearchParams(location.search).get("ply");

/** @param {number} ply */
function permalink(ply) {
  const url = new URL(location.href);
  url.searchParams.set("ply", String(ply));
  return url;
}

/** @param {number} ply */
function follow(ply) {
  for (const link of root.querySelectorAll("a[data-takeover]")) {
    if (!(link instanceof HTMLAnchorElement)) continue;
    const url = new URL(link.href);
    url.searchParams.set("ply", String(ply));
    link.href = url.href;
  }
  council?.stale(ply);
}

/** @type {ReturnType<typeof bindCouncil>|null} */
let council = null;

const viewer = mountViewer(root, {
  start: asked === null ? 0 : Number(asked) || 0,
  playing: asked === null,
  loadOwners: () => fetchOwners(`${here}/territory`, viewer.view),
  onRest: (ply) => history.replaceState(null, "", permalink(ply)),
  onPly: (ply) => follow(ply),
});

if (panel instanceof HTMLElement) {
  council = bindCouncil(panel, `${here}/council`, viewer.view.plies);
}

Object.assign(viewer.actions, {
  council: () => void council?.ask(viewer.ply()),
  next: () => step("next"),
  previous: () => step("previous"),
  copy: () => void copyText(copyButton, permalink(viewer.ply()).href, "Copy it from the address bar"),
});

/** @param {string} where */
function step(where) {
  const link = root.querySelector(`[data-step=${where}]`);
  if (link instanceof HTMLAnchorElement) location.assign(link.href);
}
