// @ts-check
/** The strokes a board is made of; each leaves the context at full alpha. */

/** @import {Crash} from "./effects.js" */
/** @import {Look} from "./look.js" */
/** @import {Cell, RiderPose, Seat} from "./types.js" */
import { FLASH_MS, streak } from "./effects.js";
import { tail, traceNotches, traceRibbon } from "./ribbon.js";
import { COL_STEP, ROW_STEP } from "./state.js";

/** Cells of wall shown around the playable ones. */
export const MARGIN = 0.7;

const TAU = 2 * Math.PI;
const BODY = 0.56;
const PULSE_MS = 700;

/** The halo of a ribbon: widths in cells, and how strong each layer is. */
const GLOW = [
  [1.9, 0.03],
  [1.6, 0.035],
  [1.3, 0.045],
  [1.05, 0.06],
  [0.8, 0.09],
];

/** Stretches behind the head, in cells, that add up to its brightness. */
const HEAT = [16, 14, 12, 10, 8.5, 7, 5.5, 4, 3, 2, 1];

/**
 * What every stroke needs.
 * @typedef {object} Pen
 * @property {CanvasRenderingContext2D} context
 * @property {Look} look
 * @property {number} cellPx
 * @property {(cell: Cell) => [number, number]} place  cell to x and y of its centre
 * @property {boolean} still
 */

/**
 * Ground, grid and wall.
 * @param {Pen} pen
 * @param {number} rows  playable ones
 * @param {number} cols
 */
export function paintFloor({ context: c, look, cellPx, place }, rows, cols) {
  const [left, top] = place([0.5, 0.5]);
  const [wide, tall] = [cellPx * cols, cellPx * rows];
  const middle = [left + wide / 2, top + tall / 2];
  const lift = c.createRadialGradient(middle[0], middle[1], 0, middle[0], middle[1], wide * 0.72);
  lift.addColorStop(0, look.lift);
  lift.addColorStop(1, look.ground);
  c.fillStyle = lift;
  c.fillRect(left, top, wide, tall);

  const hair = Math.max(1, Math.round(cellPx / 24));
  if (cellPx >= 6) {
    c.fillStyle = look.grid;
    for (let col = 1; col < cols; col += 1) {
      c.fillRect(Math.round(left + col * cellPx), top, hair, tall);
    }
    for (let row = 1; row < rows; row += 1) {
      c.fillRect(left, Math.round(top + row * cellPx), wide, hair);
    }
  }
  c.strokeStyle = look.wall;
  c.lineJoin = "round";
  const out = cellPx / 12;
  const spread = MARGIN * cellPx;
  for (const [width, alpha] of [
    [spread, 0.08],
    [spread * 0.7, 0.1],
    [spread * 0.4, 0.14],
    [Math.max(1.5, cellPx / 9), 0.95],
  ]) {
    c.globalAlpha = alpha;
    c.lineWidth = width;
    c.strokeRect(left - out, top - out, wide + 2 * out, tall + 2 * out);
  }
  c.globalAlpha = 1;
}

/**
 * @param {Pen} pen
 * @param {RiderPose} rider
 * @param {Seat} seat
 * @param {number} light  0 to 1
 * @param {number} now  ms
 */
export function paintRibbon({ context: c, look, cellPx, place, still }, rider, seat, light, now) {
  /** @type {Cell[]} */
  const points = rider.points.length > 1 ? rider.points : [rider.cell, rider.cell];
  /** @param {readonly Cell[]} cells */
  const line = (cells) => {
    const path = new Path2D();
    traceRibbon(path, cells, place, cellPx);
    return path;
  };
  /**
   * @param {Path2D} path
   * @param {string} colour
   * @param {number} width  cells
   * @param {number} alpha
   */
  const stroke = (path, colour, width, alpha) => {
    c.strokeStyle = colour;
    c.lineWidth = Math.max(width * cellPx, 1);
    c.globalAlpha = alpha * light;
    c.stroke(path);
  };
  const whole = line(points);
  c.lineJoin = "round";
  c.lineCap = "round";
  for (const [width, alpha] of GLOW) stroke(whole, look.seats[seat], width, alpha);
  stroke(whole, look.seats[seat], BODY, 0.74);
  c.lineCap = "butt";
  for (const length of HEAT) stroke(line(tail(points, length)), look.hot[seat], BODY, 0.1);
  if (seat === 1 && cellPx >= 5) {
    const notches = new Path2D();
    traceNotches(notches, points, place, (BODY / 2 + 0.01) * cellPx);
    stroke(notches, look.ground, 0.08, 0.62);
  }
  if (rider.person) stroke(whole, look.core, 0.15, 0.9);
  if (rider.alive && !still && points.length > 2) {
    c.setLineDash([0.9 * cellPx, 2.1 * cellPx]);
    c.lineDashOffset = -(now / 1000) * 9 * cellPx;
    stroke(line(tail(points, 6)), look.core, 0.24, 0.34);
    c.setLineDash([]);
  }
  c.globalAlpha = 1;
}

/**
 * The turns on their way, as a bright stub from the cell where the first one will happen.
 * @param {Pen} pen
 * @param {RiderPose} rider
 * @param {Seat} seat
 */
export function paintPending({ context: c, look, cellPx, place }, rider, seat) {
  if (rider.turnsAt === null) return;
  let at = rider.turnsAt;
  const path = new Path2D();
  path.moveTo(...place(at));
  for (const action of rider.pending) {
    at = [at[0] + ROW_STEP[action], at[1] + COL_STEP[action]];
    path.lineTo(...place(at));
  }
  c.strokeStyle = look.hot[seat];
  c.lineWidth = 0.2 * cellPx;
  c.lineCap = "round";
  c.globalAlpha = 0.75;
  c.stroke(path);
  c.globalAlpha = 1;
}

/**
 * @param {Pen} pen
 * @param {RiderPose} rider
 * @param {Seat} seat
 * @param {number} light  0 to 1
 * @param {number|null} pulseAt  ms, or null for a steady head
 */
export function paintHead({ context: c, look, cellPx, place, still }, rider, seat, light, pulseAt) {
  const [x, y] = place(rider.points[rider.points.length - 1] ?? rider.cell);
  const beat = pulseAt === null || still ? 0 : 0.5 - 0.5 * Math.cos((pulseAt / PULSE_MS) * TAU);
  if (rider.alive) {
    const radius = (1.9 + 1.1 * beat) * cellPx;
    const halo = c.createRadialGradient(x, y, 0, x, y, radius);
    halo.addColorStop(0, look.seats[seat]);
    halo.addColorStop(1, "transparent");
    c.globalAlpha = 0.5 * light;
    c.fillStyle = halo;
    c.beginPath();
    c.arc(x, y, radius, 0, TAU);
    c.fill();
  }
  if (pulseAt !== null && !still) {
    c.globalAlpha = 0.8 * (1 - beat);
    ring({ context: c, colour: look.hot[seat], width: 0.1 * cellPx }, x, y, (0.6 + 1.3 * beat) * cellPx);
  }
  c.save();
  c.translate(x, y);
  c.rotate((rider.pending[0] ?? rider.heading) * (TAU / 4));
  c.scale(cellPx, cellPx);
  c.beginPath();
  c.moveTo(0, -0.62);
  c.quadraticCurveTo(0.42, -0.1, 0.4, 0.36);
  c.quadraticCurveTo(0, 0.16, -0.4, 0.36);
  c.quadraticCurveTo(-0.42, -0.1, 0, -0.62);
  c.globalAlpha = Math.max(light, 0.45);
  c.fillStyle = rider.person ? look.core : look.hot[seat];
  c.fill();
  c.lineWidth = 0.1;
  c.strokeStyle = look.seats[seat];
  c.stroke();
  c.restore();
  c.globalAlpha = 1;
}

/**
 * @param {Pen} pen
 * @param {Crash} crash
 * @param {number} now  ms
 */
export function paintCrash({ context: c, look, cellPx, place }, { seat, at, since, sparks }, now) {
  const elapsed = now - since;
  const [x, y] = place(at);
  if (elapsed < FLASH_MS) {
    const part = elapsed / FLASH_MS;
    const radius = (2 + 6 * part) * cellPx;
    const flash = c.createRadialGradient(x, y, 0, x, y, radius);
    flash.addColorStop(0, look.core);
    flash.addColorStop(0.3, look.seats[seat]);
    flash.addColorStop(1, "transparent");
    c.globalAlpha = (1 - part) ** 1.4;
    c.fillStyle = flash;
    c.beginPath();
    c.arc(x, y, radius, 0, TAU);
    c.fill();
    c.globalAlpha = 0.7 * (1 - part);
    ring({ context: c, colour: look.hot[seat], width: 0.12 * cellPx }, x, y, 8 * Math.sqrt(part) * cellPx);
  }
  c.lineCap = "round";
  for (const [index, spark] of sparks.entries()) {
    const drawn = streak(spark, elapsed);
    if (drawn === null) continue;
    c.globalAlpha = drawn.strength;
    c.strokeStyle = index % 3 === 0 ? look.core : look.hot[seat];
    c.lineWidth = 0.2 * cellPx * (0.4 + 0.6 * drawn.strength);
    c.beginPath();
    c.moveTo(...place(drawn.from));
    c.lineTo(...place(drawn.to));
    c.stroke();
  }
  c.globalAlpha = 1;
}

/**
 * A label beside a head.
 * @param {Pen} pen
 * @param {RiderPose} rider
 * @param {Seat} seat
 * @param {string} text
 */
export function paintTag({ context: c, look, cellPx, place }, rider, seat, text) {
  const size = Math.max(cellPx * 0.8, 11 * Math.min(devicePixelRatio || 1, 3));
  c.font = `700 ${size}px ${look.font}`;
  const wide = c.measureText(text).width + size;
  const [x, y] = place(rider.points[rider.points.length - 1] ?? rider.cell);
  const middle = Math.min(Math.max(x, wide / 2 + 2), c.canvas.width - wide / 2 - 2);
  const centre = y + (rider.cell[0] > 4 ? -1 : 1) * (cellPx + size);
  c.fillStyle = look.seats[seat];
  c.beginPath();
  c.roundRect(middle - wide / 2, centre - size * 0.75, wide, size * 1.5, size * 0.75);
  c.fill();
  c.fillStyle = look.ink;
  c.textAlign = "center";
  c.textBaseline = "middle";
  c.fillText(text, middle, centre + size * 0.05);
}

/**
 * @param {{context: CanvasRenderingContext2D, colour: string, width: number}} pen
 * @param {number} x
 * @param {number} y
 * @param {number} radius
 */
function ring({ context: c, colour, width }, x, y, radius) {
  c.strokeStyle = colour;
  c.lineWidth = width;
  c.beginPath();
  c.arc(x, y, radius, 0, TAU);
  c.stroke();
}
