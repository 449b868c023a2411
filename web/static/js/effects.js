// @ts-check
/** What a crash leaves in the air: a flash, and sparks along the way the rider went. */

/** @import {Action, Cell, Seat} from "./types.js" */
import { COL_STEP, ROW_STEP } from "./state.js";

export const SPARKS = 40;
export const SPARK_MS = 760;
export const FLASH_MS = 260;
export const DIM_MS = 500;

/**
 * @typedef {object} Spark
 * @property {number} row
 * @property {number} col
 * @property {number} rowSpeed  cells a second
 * @property {number} colSpeed
 * @property {number} life  share of SPARK_MS
 */

/** @typedef {{seat: Seat, at: Cell, since: number, sparks: Spark[]}} Crash */

/**
 * @param {Seat} seat
 * @param {Cell} at
 * @param {Action} heading
 * @param {number} now  ms
 * @param {() => number} [random]
 * @returns {Crash}
 */
export function crash(seat, at, heading, now, random = Math.random) {
  const [rowStep, colStep] = [ROW_STEP[heading], COL_STEP[heading]];
  const sparks = Array.from({ length: SPARKS }, (_, index) => {
    // Most go on along the trail's direction; every fourth bounces back.
    const along = (index % 4 === 0 ? -1 : 1) * (3 + 17 * random());
    const across = (random() - 0.5) * 15;
    return {
      row: at[0],
      col: at[1],
      rowSpeed: rowStep * along + colStep * across,
      colSpeed: colStep * along + rowStep * across,
      life: 0.45 + 0.55 * random(),
    };
  });
  return { seat, at, since: now, sparks };
}

/**
 * @param {Spark} spark
 * @param {number} elapsed  ms since the crash
 * @returns {{from: Cell, to: Cell, strength: number}|null} a streak, or null once burnt out
 */
export function streak(spark, elapsed) {
  const age = elapsed / (SPARK_MS * spark.life);
  if (age >= 1) return null;
  // Drag: distance grows as 1 - e^-3t, so that sparks leap and settle.
  const travel = (1 - Math.exp((-3 * elapsed) / 1000)) / 3;
  const lag = (1 - Math.exp((-3 * Math.max(elapsed - 45, 0)) / 1000)) / 3;
  return {
    from: [spark.row + spark.rowSpeed * lag, spark.col + spark.colSpeed * lag],
    to: [spark.row + spark.rowSpeed * travel, spark.col + spark.colSpeed * travel],
    strength: 1 - age,
  };
}
