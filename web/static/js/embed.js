// @ts-check
/** The viewer inside a page of somebody else. */

import { need } from "./dom.js";
import { mountViewer } from "./viewer.js";

const asked = new URLSearchParams(location.search).get("ply");
mountViewer(need("[data-viewer]", HTMLElement), {
  start: asked === null ? 0 : Number(asked) || 0,
  playing: false,
});
