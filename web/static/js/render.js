// @ts-check
/**
 * Canvas drawing of one board: live play, replays, thumbnails and the duel on the home page.
 *
 * What has been drawn is published in the canvas's data attributes (`ply`, `heads`, `outcome`,
 * `turns`), so that a test can hold the picture against the server's record.
 */

/** @import {Crash} from "./effects.js" */
/** @import {Pen} from "./paint.js" */
/** @import {Cell, Frame, Seat} from "./types.js" */
import { crash, DIM_MS, SPARK_MS } from "./effects.js";
import { prefersStill, readLook } from "./look.js";
import {
  MARGIN,
  paintCrash,
  paintFloor,
  paintHead,
  paintPending,
  paintRibbon,
  paintTag,
} from "./paint.js";
import { SEATS } from "./state.js";

/** What is left of a crashed rider's light. */
const EMBERS = 0.32;
const MAX_DEVICE_RATIO = 3;
/** Along a side of the board that waits for a ride. */
const EMPTY_CELLS = 32;

/**
 * @typedef {object} DrawOptions
 * @property {boolean} [pulse]  both heads pulse: look here
 * @property {{seat: Seat, text: string}} [tag]  a label beside one head
 * @property {(pen: Pen) => void} [under]  paints between the floor and the trails
 * @property {(pen: Pen) => void} [over]  paints on top of everything
 */

/** @implements {Pen} */
export class Board {
  /**
   * @param {HTMLCanvasElement} canvas
   * @param {{still?: boolean}} [options]  `still` draws moments, never motion
   */
  constructor(canvas, options = {}) {
    const context = canvas.getContext("2d");
    if (context === null) throw new Error("this browser has no 2D canvas");
    this.canvas = canvas;
    this.context = context;
    this.still = options.still ?? prefersStill();
    this.look = readLook(canvas);
    this.cellPx = 1;
    /** @type {HTMLCanvasElement|null} */
    this.floor = null;
    this.shape = "";
    /** @type {Crash[]} */
    this.crashes = [];
    this.wasOver = true;
    this.place = this.place.bind(this);
  }

  /**
   * @param {Cell} cell
   * @returns {[number, number]} x and y of its centre, in pixels of the bitmap
   */
  place(cell) {
    return [(cell[1] - 0.5 + MARGIN) * this.cellPx, (cell[0] - 0.5 + MARGIN) * this.cellPx];
  }

  /**
   * Draw one moment; nothing once the canvas has left the page, where it has no colours.
   * @param {Frame} frame
   * @param {number} now  ms
   * @param {DrawOptions} [options]
   */
  draw(frame, now, options = {}) {
    if (!this.canvas.isConnected) return;
    this.fit(frame.height, frame.width);
    this.followCrashes(frame, now);
    this.context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    this.context.drawImage(this.paintedFloor(frame), 0, 0);
    const { riders } = frame;
    options.under?.(this);
    for (const seat of SEATS) {
      paintRibbon(this, riders[seat], seat, this.light(frame, seat, now), now);
    }
    for (const seat of SEATS) {
      const pulseAt = options.pulse === true ? now : null;
      paintPending(this, riders[seat], seat);
      paintHead(this, riders[seat], seat, this.light(frame, seat, now), pulseAt);
    }
    for (const each of this.crashes) paintCrash(this, each, now);
    if (options.tag !== undefined) {
      const { seat, text } = options.tag;
      paintTag(this, riders[seat], seat, text);
    }
    options.over?.(this);
    this.publish(frame);
  }

  /** Draw a board that waits for a ride. */
  drawEmpty() {
    const size = { height: EMPTY_CELLS, width: EMPTY_CELLS };
    this.fit(size.height, size.width);
    this.context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    this.context.drawImage(this.paintedFloor(size), 0, 0);
  }

  /**
   * @param {number} now
   * @returns {boolean} whether a crash still moves
   */
  busy(now) {
    return this.crashes.some(({ since }) => now - since < Math.max(SPARK_MS, DIM_MS));
  }

  /** @param {Frame} frame */
  publish(frame) {
    const { dataset } = this.canvas;
    dataset.ply = String(frame.ply);
    dataset.heads = frame.riders.map(({ cell }) => cell.join(",")).join(" ");
    dataset.outcome = frame.outcome;
    dataset.turns = frame.riders.flatMap(({ pending }) => pending).join(" ");
  }

  /**
   * Match the bitmap to the screen's own pixels.
   * @param {number} height  cells
   * @param {number} width
   */
  fit(height, width) {
    const ratio = Math.min(devicePixelRatio || 1, MAX_DEVICE_RATIO);
    const wide = Math.max(Math.round(this.canvas.clientWidth * ratio), 16);
    this.cellPx = wide / (width - 2 + 2 * MARGIN);
    const tall = Math.round(this.cellPx * (height - 2 + 2 * MARGIN));
    if (this.canvas.width === wide && this.canvas.height === tall) return;
    this.canvas.width = wide;
    this.canvas.height = tall;
    this.look = readLook(this.canvas);
  }

  /**
   * @param {{height: number, width: number}} size  cells
   * @returns {HTMLCanvasElement} ground, grid and wall; painted once per size
   */
  paintedFloor({ height, width }) {
    const shape = [this.canvas.width, height, width, this.look.ground].join();
    if (this.floor !== null && this.shape === shape) return this.floor;
    const floor = document.createElement("canvas");
    floor.width = this.canvas.width;
    floor.height = this.canvas.height;
    const context = /** @type {CanvasRenderingContext2D} */ (floor.getContext("2d"));
    const { look, cellPx, place, still } = this;
    paintFloor({ context, look, cellPx, place, still }, height - 2, width - 2);
    this.floor = floor;
    this.shape = shape;
    return floor;
  }

  /**
   * Start a crash when a game ends before our eyes; forget it when the moment is left.
   * @param {Frame} frame
   * @param {number} now
   */
  followCrashes(frame, now) {
    if (frame.over && !this.wasOver && !this.still) {
      for (const seat of SEATS) {
        const { alive, points, heading } = frame.riders[seat];
        if (!alive) this.crashes.push(crash(seat, points[points.length - 1], heading, now));
      }
    }
    if (!frame.over) this.crashes = [];
    this.wasOver = frame.over;
  }

  /**
   * @param {Frame} frame
   * @param {Seat} seat
   * @param {number} now
   * @returns {number} 1 lit, falling once the rider has crashed
   */
  light(frame, seat, now) {
    if (frame.riders[seat].alive || !frame.over) return 1;
    const own = this.crashes.find((each) => each.seat === seat);
    const part = own === undefined ? 1 : Math.min((now - own.since) / DIM_MS, 1);
    return 1 - (1 - EMBERS) * part;
  }
}
