// @ts-check
/** The colours that the canvas draws with, read from tokens.css. */

/**
 * @typedef {object} Look
 * @property {[string, string]} seats
 * @property {[string, string]} hot
 * @property {string} core
 * @property {string} ground
 * @property {string} lift
 * @property {string} grid
 * @property {string} wall
 * @property {string} ink
 * @property {string} font
 */

/** @returns {boolean} whether the reader asked for less motion */
export function prefersStill() {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}

/**
 * @param {Element} element
 * @returns {Look}
 */
export function readLook(element) {
  const style = getComputedStyle(element);
  /** @param {string} name */
  const token = (name) => style.getPropertyValue(name).trim();
  return {
    seats: [token("--board-seat-0"), token("--board-seat-1")],
    hot: [token("--board-seat-0-hot"), token("--board-seat-1-hot")],
    core: token("--core"),
    ground: token("--board"),
    lift: token("--board-lift"),
    grid: token("--board-grid"),
    wall: token("--board-wall"),
    ink: token("--board-ink"),
    font: token("--display"),
  };
}
