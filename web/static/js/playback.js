// @ts-check
/** A cursor over a finished game: position, speed, play and pause; no clock of its own. */

const SPEEDS = Object.freeze([0.5, 1, 2, 4]);

/** Plies a second at speed 1. */
const BASE_SPEED = 10;

export class Playback {
  /**
   * @param {number} plies  the last ply
   * @param {number} [start]
   */
  constructor(plies, start = 0) {
    this.plies = plies;
    this.cursor = Math.min(Math.max(start, 0), plies);
    this.playing = false;
    this.speed = 1;
  }

  /** Start, from the beginning where the end was reached; or stop on a whole ply. */
  toggle() {
    if (this.playing) this.pause();
    else this.play();
  }

  play() {
    if (this.cursor >= this.plies) this.cursor = 0;
    this.playing = this.plies > 0;
  }

  pause() {
    this.playing = false;
    this.cursor = Math.floor(this.cursor);
  }

  /** @param {number} ply */
  seek(ply) {
    this.playing = false;
    this.cursor = Math.min(Math.max(Math.round(ply), 0), this.plies);
  }

  /** @param {number} plies  how far, backwards if negative */
  step(plies) {
    this.seek(Math.floor(this.cursor) + plies);
  }

  /** @param {1|-1} direction */
  changeSpeed(direction) {
    const next = SPEEDS.indexOf(this.speed) + direction;
    this.speed = SPEEDS[Math.min(Math.max(next, 0), SPEEDS.length - 1)];
  }

  /** Take the next speed; after the greatest comes the least. */
  cycleSpeed() {
    this.speed = SPEEDS[(SPEEDS.indexOf(this.speed) + 1) % SPEEDS.length];
  }

  /**
   * @param {number} elapsedMs
   * @returns {boolean} whether the cursor moved
   */
  advance(elapsedMs) {
    if (!this.playing) return false;
    this.cursor += (elapsedMs / 1000) * BASE_SPEED * this.speed;
    if (this.cursor >= this.plies) {
      this.cursor = this.plies;
      this.playing = false;
    }
    return true;
  }
}
