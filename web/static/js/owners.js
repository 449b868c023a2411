// @ts-check
/** Who owns each cell at each ply, as `web/owners.py` packs it. */

/** @import {Owners} from "./overlay.js" */
/** @import {ReplayView} from "./types.js" */

/**
 * @param {Uint8Array} packed
 * @param {ReplayView} view
 * @returns {Owners}
 */
function ownersOf(packed, { height, width }) {
  return { packed, rows: height - 2, cols: width - 2 };
}

/**
 * @param {string} address
 * @param {ReplayView} view
 * @returns {Promise<Owners>}
 */
export async function fetchOwners(address, view) {
  const response = await fetch(address);
  if (!response.ok) throw new Error(`no territory: ${response.status}`);
  return ownersOf(new Uint8Array(await response.arrayBuffer()), view);
}

/**
 * @param {string} text  base64 of gzip
 * @param {ReplayView} view
 * @returns {Promise<Owners>}
 */
export async function inflateOwners(text, view) {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return ownersOf(new Uint8Array(await new Response(stream).arrayBuffer()), view);
}
