// @ts-check
/** Headless game state: what is known of a game, and how it looks at any moment between plies. */

/** @import {Action, Cell, EndMessage, Frame, GameMessage, ReplayView, RiderPose, Seat, TickMessage} from "./types.js" */

export const ROW_STEP = Object.freeze([-1, 0, 1, 0]);
export const COL_STEP = Object.freeze([0, 1, 0, -1]);

/** How far, in cells, a dying rider gets into what kills it. */
export const NUDGE = 0.42;

/** Turns on their way at once: the two that the server keeps, and as many still travelling. */
const MAX_PENDING = 4;

/** A turn that was not played so long after its ply is lost. */
const MOST_LATE_PLIES = 2;

/** @type {readonly Seat[]} */
export const SEATS = Object.freeze([0, 1]);

/**
 * @param {Cell} from
 * @param {Cell} to  a neighbour of `from`
 * @returns {Action|null} the step between them, or null where there is none
 */
function headingBetween(from, to) {
  for (let action = 0; action < 4; action += 1) {
    if (from[0] + ROW_STEP[action] === to[0] && from[1] + COL_STEP[action] === to[1]) {
      return /** @type {Action} */ (action);
    }
  }
  return null;
}

/**
 * @param {ReplayView} view
 * @param {Seat} seat
 * @param {number} ply  a whole number
 * @returns {Action} where the rider goes (or dies going) after `ply`
 */
export function headingAfter(view, seat, ply) {
  const trail = view.trails[seat];
  if (ply + 1 < trail.length) return headingBetween(trail[ply], trail[ply + 1]) ?? view.headings[seat];
  if (ply < view.plies || trail.length < 2) return view.headings[seat];
  return headingBetween(trail[trail.length - 2], trail[trail.length - 1]) ?? view.headings[seat];
}

/**
 * @param {ReplayView} view
 * @param {Seat} seat
 * @param {number} ply  0 to `view.plies`, fractions between plies
 * @returns {RiderPose}
 */
function poseAt(view, seat, ply) {
  const trail = view.trails[seat];
  const whole = Math.min(Math.floor(ply), trail.length - 1);
  const leadIn = view.lead_in[seat];
  /** @type {Cell[]} */
  const points = leadIn === null ? [] : [leadIn];
  for (let index = 0; index <= whole; index += 1) points.push(trail[index]);

  const cell = trail[whole];
  const dying = whole === trail.length - 1 && whole < view.plies;
  const part = Math.min(Math.max(ply - whole, 0), 1);
  const reach = dying ? part * NUDGE : part;
  const dead = dying && ply >= view.plies && view.causes[seat] !== "none";
  let heading = headingAfter(view, seat, whole);
  if (whole === view.plies && view.causes[seat] !== "none") heading = view.headings[seat];
  if (reach > 0 && (dying ? view.causes[seat] !== "none" : whole + 1 < trail.length)) {
    points.push([cell[0] + ROW_STEP[heading] * reach, cell[1] + COL_STEP[heading] * reach]);
  }
  return {
    points,
    cell,
    heading,
    alive: !dead,
    person: view.kinds[seat] === "person",
    pending: [],
    turnsAt: null,
  };
}

/**
 * @param {ReplayView} view
 * @param {number} ply  0 to `view.plies`, fractions between plies
 * @returns {Frame}
 */
export function frameAt(view, ply) {
  const at = Math.min(Math.max(ply, 0), view.plies);
  const over = at >= view.plies && (view.outcome !== "ongoing" || view.ending !== "rules");
  return {
    height: view.height,
    width: view.width,
    ply: Math.floor(at),
    riders: [poseAt(view, 0, at), poseAt(view, 1, at)],
    outcome: over ? view.outcome : "ongoing",
    over,
  };
}

/** A game being ridden: the server's plies so far, the turns on their way, and the drawn moment. */
export class LiveGame {
  /**
   * @param {GameMessage} message
   * @param {number} now  ms, from the clock that `frame` will be called with
   * @param {number} [latencyMs]  to the server and back, as far as it is known
   */
  constructor(message, now, latencyMs = 0) {
    this.id = message.game;
    this.key = message.key;
    this.resumed = message.resumed;
    this.record = message.record;
    this.seat = message.seat;
    this.speed = message.speed;
    this.tickMs = 1000 / message.speed;
    this.countdownMs = message.countdown_ms;
    this.startsAt = now + message.countdown_ms;
    /** @type {ReplayView} */
    this.view = structuredClone(message.view);
    this.view.outcome = "ongoing";
    this.view.ending = "rules";
    this.startPly = message.view.plies;
    this.finished = false;
    this.latencyMs = latencyMs;
    this.toldAt = now;
    /** Each with the ply that it should be played on. @type {{action: Action, ply: number}[]} */
    this.turns = [];
    this.drawn = this.startPly;
    this.rate = 0;
    this.drawnAt = now;
  }

  /**
   * Take over the server's positions after one ply.
   * @param {TickMessage} tick
   * @param {number} now
   */
  tick(tick, now) {
    const [, ply, row0, col0, row1, col1, heading0, heading1] = tick;
    if (this.finished || ply !== this.view.plies + 1) return;
    this.advance(now);
    this.toldAt = now;
    const cells = /** @type {[Cell, Cell]} */ ([
      [row0, col0],
      [row1, col1],
    ]);
    for (const seat of SEATS) {
      const trail = this.view.trails[seat];
      const last = trail[trail.length - 1];
      if (last[0] !== cells[seat][0] || last[1] !== cells[seat][1]) trail.push(cells[seat]);
    }
    this.view.headings = [heading0, heading1];
    this.view.plies = ply;
    this.settleTurns(this.view.headings[this.seat]);
    this.glide();
  }

  /**
   * Take over how the server says that the game stands, after ticks were missed.
   * @param {ReplayView} view
   * @param {number} now
   */
  catchUp(view, now) {
    if (this.finished) return;
    this.advance(now);
    this.view = structuredClone(view);
    this.view.outcome = "ongoing";
    this.view.ending = "rules";
    this.turns = [];
    this.glide();
  }

  /**
   * Take over the server's full record.
   * @param {EndMessage} message
   * @param {number} now
   */
  end(message, now) {
    this.advance(now);
    this.view = message.view;
    this.finished = true;
    this.turns = [];
    this.glide();
  }

  /**
   * Note a turn of one's own, if it changes anything; the server has the last word on it.
   * @param {Action} action
   * @param {number} [now]
   * @returns {boolean} whether to send it
   */
  turn(action, now = this.toldAt) {
    if (this.finished || this.turns.length >= MAX_PENDING) return false;
    const last = this.turns.at(-1)?.action ?? this.view.headings[this.seat];
    if (action === last || action === (last ^ 2)) return false;
    const played = (this.turns.at(-1)?.ply ?? this.view.plies) + 1;
    this.turns.push({ action, ply: Math.max(played, this.view.plies + 1 + this.onTheWay(now)) });
    return true;
  }

  /**
   * @param {number} now
   * @returns {number} plies that the server will have played, unknown to us, when a turn gets there
   */
  onTheWay(now) {
    return this.begun ? Math.floor((now - this.toldAt + this.latencyMs) / this.tickMs) : 0;
  }

  /** @returns {Cell|null} where the first turn on its way will be ridden, seen from here */
  turnsAt() {
    if (this.turns.length === 0) return null;
    const { view, seat } = this;
    const cell = view.trails[seat][view.trails[seat].length - 1];
    const ahead = Math.max(this.turns[0].ply - 1 - view.plies, 0);
    const [row, col] = [ROW_STEP, COL_STEP].map((steps, axis) => {
      const far = cell[axis] + steps[view.headings[seat]] * ahead;
      return Math.min(Math.max(far, 1), [view.height, view.width][axis] - 2);
    });
    return [row, col];
  }

  /** Forget the newest turn: the server's queue was full. */
  refuseTurn() {
    this.turns.pop();
  }

  /**
   * @param {number} now
   * @returns {number} 3, 2, 1 before the start, then 0
   */
  countdown(now) {
    if (this.begun || this.countdownMs <= 0) return 0;
    return Math.min(Math.max(Math.ceil(((this.startsAt - now) / this.countdownMs) * 3), 0), 3);
  }

  /**
   * @param {number} now
   * @returns {Frame} the board one tick behind the server, so that motion is smooth and never wrong
   */
  frame(now) {
    this.advance(now);
    const shown = { ...this.view };
    if (!this.finished) shown.causes = this.assumedCauses();
    const frame = frameAt(shown, this.drawn);
    frame.riders[this.seat].pending = this.turns.map(({ action }) => action);
    frame.riders[this.seat].turnsAt = this.turnsAt();
    return frame;
  }

  /** @returns {boolean} whether it has moved since it was opened or gone back to */
  get begun() {
    return this.view.plies > this.startPly;
  }

  /** @returns {boolean} whether the drawn moment has reached the newest known ply */
  get settled() {
    return this.drawn >= this.view.plies;
  }

  /** A rider whose position stood still is dying, before the server has said of what. */
  assumedCauses() {
    return /** @type {ReplayView["causes"]} */ (
      this.view.trails.map((trail) => (trail.length <= this.view.plies ? "wall" : "none"))
    );
  }

  /** @param {number} now */
  advance(now) {
    const elapsed = Math.max(now - this.drawnAt, 0);
    this.drawn = Math.min(this.drawn + elapsed * this.rate, this.view.plies);
    this.drawnAt = now;
  }

  /** Aim the drawn moment at the newest ply, to be reached one tick from now. */
  glide() {
    this.rate = Math.max(this.view.plies - this.drawn, 0) / this.tickMs;
  }

  /**
   * Drop the pending turn that was played, and any that the server lost.
   * @param {Action} heading  one's own, after the newest ply
   */
  settleTurns(heading) {
    if (this.turns[0]?.action === heading) {
      this.turns.shift();
      return;
    }
    if (this.view.plies > this.turns[0]?.ply + MOST_LATE_PLIES) this.turns = [];
  }
}
