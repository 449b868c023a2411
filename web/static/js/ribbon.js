// @ts-check
/** Geometry of ribbons: cells to a line with rounded corners. */

/** @import {Cell} from "./types.js" */

/** Corner radius, in cells. */
const CORNER = 0.42;

/**
 * Merge straight runs, so that only ends and corners are left.
 * @param {readonly Cell[]} points
 * @returns {Cell[]}
 */
export function corners(points) {
  /** @type {Cell[]} */
  const kept = [];
  for (const point of points) {
    const [before, last] = [kept.at(-2), kept.at(-1)];
    if (last !== undefined && last[0] === point[0] && last[1] === point[1]) continue;
    const straight =
      before !== undefined &&
      last !== undefined &&
      ((before[0] === last[0] && last[0] === point[0]) ||
        (before[1] === last[1] && last[1] === point[1]));
    if (straight) kept.pop();
    kept.push(point);
  }
  return kept;
}

/**
 * Cut the newest stretch off a ribbon.
 * @param {readonly Cell[]} points  neighbours one cell apart, the last perhaps nearer
 * @param {number} length  in cells
 * @returns {Cell[]} the last `length` cells, beginning between two points where it falls so
 */
export function tail(points, length) {
  let left = length;
  for (let index = points.length - 1; index > 0; index -= 1) {
    const [to, from] = [points[index], points[index - 1]];
    const step = Math.abs(to[0] - from[0]) + Math.abs(to[1] - from[1]);
    if (step >= left) {
      const part = step === 0 ? 0 : left / step;
      /** @type {Cell} */
      const start = [to[0] + (from[0] - to[0]) * part, to[1] + (from[1] - to[1]) * part];
      return [start, ...points.slice(index)];
    }
    left -= step;
  }
  return [...points];
}

/**
 * Trace a ribbon's centre line.
 * @param {Path2D|CanvasPath} path
 * @param {readonly Cell[]} points
 * @param {(cell: Cell) => [number, number]} place  cell to x and y
 * @param {number} cellPx
 */
export function traceRibbon(path, points, place, cellPx) {
  const vertices = corners(points).map(place);
  if (vertices.length === 0) return;
  path.moveTo(...vertices[0]);
  for (let index = 1; index < vertices.length - 1; index += 1) {
    const [before, at, after] = [vertices[index - 1], vertices[index], vertices[index + 1]];
    const into = Math.hypot(at[0] - before[0], at[1] - before[1]);
    const out = Math.hypot(after[0] - at[0], after[1] - at[1]);
    const bend = CORNER * cellPx;
    const enter = Math.min(bend, into) / into;
    const leave = Math.min(bend, out) / out;
    path.lineTo(at[0] + (before[0] - at[0]) * enter, at[1] + (before[1] - at[1]) * enter);
    path.quadraticCurveTo(
      at[0],
      at[1],
      at[0] + (after[0] - at[0]) * leave,
      at[1] + (after[1] - at[1]) * leave,
    );
  }
  path.lineTo(...vertices[vertices.length - 1]);
}

/**
 * Trace a short bar across the ribbon between every two cells: the second rider's pattern.
 * @param {Path2D|CanvasPath} path
 * @param {readonly Cell[]} points
 * @param {(cell: Cell) => [number, number]} place
 * @param {number} half  half of the bar's length, px
 */
export function traceNotches(path, points, place, half) {
  for (let index = 1; index < points.length; index += 1) {
    const [from, to] = [place(points[index - 1]), place(points[index])];
    const [dx, dy] = [to[0] - from[0], to[1] - from[1]];
    const length = Math.hypot(dx, dy);
    if (length < half) continue;
    const [x, y] = [from[0] + dx / 2, from[1] + dy / 2];
    const [across, down] = [(-dy / length) * half, (dx / length) * half];
    path.moveTo(x - across, y - down);
    path.lineTo(x + across, y + down);
  }
}
