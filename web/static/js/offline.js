// @ts-check
/** The viewer in a file of its own, without any server. */

import { need } from "./dom.js";
import { inflateOwners } from "./owners.js";
import { mountViewer } from "./viewer.js";

const root = need("[data-viewer]", HTMLElement);
const viewer = mountViewer(root, {
  start: Number(/^#ply-(\d+)$/.exec(location.hash)?.[1] ?? 0),
  playing: location.hash === "",
  loadOwners: () => inflateOwners(root.dataset.owners ?? "", viewer.view),
});
