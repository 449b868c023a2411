import assert from "node:assert/strict";
import test from "node:test";
import { frameAt, LiveGame, NUDGE } from "../../../web/static/js/state.js";
import { crashView, openingMessage } from "./views.mjs";

const TICKS = [
  [7, 1, 2, 5, 5, 6, 1, 0],
  [7, 2, 2, 6, 4, 6, 1, 0],
  [7, 3, 2, 6, 3, 6, 1, 0],
];

test("a whole ply shows every cell ridden so far, the lead-in first", () => {
  const { riders, ply, outcome } = frameAt(crashView(), 1);
  assert.equal(ply, 1);
  assert.equal(outcome, "ongoing");
  assert.deepEqual(riders[0].points, [[2, 3], [2, 4], [2, 5]]);
  assert.deepEqual(riders[0].cell, [2, 5]);
  assert.deepEqual(riders[1].points, [[6, 6], [5, 6]]);
});

test("between plies the head is between cells and the rules' cell is the last whole one", () => {
  const { riders } = frameAt(crashView(), 1.25);
  assert.deepEqual(riders[0].points.at(-1), [2, 5.25]);
  assert.deepEqual(riders[0].cell, [2, 5]);
  assert.deepEqual(riders[1].points.at(-1), [4.75, 6]);
});

test("a rider that dies stays on its last cell and leans into what killed it", () => {
  const { riders, over, outcome } = frameAt(crashView(), 3);
  assert.equal(over, true);
  assert.equal(outcome, "second_wins");
  assert.equal(riders[0].alive, false);
  assert.equal(riders[1].alive, true);
  assert.deepEqual(riders[0].cell, [2, 6]);
  assert.deepEqual(riders[0].points.at(-1), [2, 6 + NUDGE]);
  assert.equal(riders[0].heading, 1);
});

test("plies outside the game are its first and last", () => {
  assert.equal(frameAt(crashView(), -4).ply, 0);
  assert.equal(frameAt(crashView(), 99).ply, 3);
});

test("ticks are drawn one tick late and smoothly", () => {
  const live = new LiveGame(openingMessage(), 0);
  live.tick(TICKS[0], 2000);
  assert.deepEqual(live.frame(2000).riders[0].points.at(-1), [2, 4]);
  assert.deepEqual(live.frame(2050).riders[0].points.at(-1), [2, 4.5]);
  assert.equal(live.frame(2100).ply, 1);
  assert.deepEqual(live.frame(2900).riders[0].points.at(-1), [2, 5]);
});

test("a late tick is caught up within one tick", () => {
  const live = new LiveGame(openingMessage(), 0);
  live.tick(TICKS[0], 2000);
  live.tick(TICKS[1], 2010);
  assert.equal(live.frame(2110).ply, 2);
});

test("ticks of another ply than the next change nothing", () => {
  const live = new LiveGame(openingMessage(), 0);
  live.tick(TICKS[1], 2000);
  assert.equal(live.view.plies, 0);
  live.tick(TICKS[0], 2000);
  live.tick(TICKS[0], 2100);
  assert.equal(live.view.trails[0].length, 2);
});

test("the game ends on the server's record, not on what was guessed", () => {
  const live = new LiveGame(openingMessage(), 0);
  for (const [index, tick] of TICKS.entries()) live.tick(tick, 2000 + 100 * index);
  assert.equal(live.frame(2400).outcome, "ongoing");
  live.end({ game: 7, ply: 3, result: "lost", text: "", view: crashView(), replay: null, record: null }, 2400);
  const frame = live.frame(2400);
  assert.equal(frame.outcome, "second_wins");
  assert.deepEqual(frame.riders.map(({ cell }) => cell), [[2, 6], [3, 6]]);
  assert.equal(live.settled, true);
});

test("two quick keys queue a U-turn; repeats and reversals ask for nothing", () => {
  const live = new LiveGame(openingMessage(), 0);
  assert.equal(live.turn(1), false);
  assert.equal(live.turn(3), false);
  assert.equal(live.turn(0), true);
  assert.equal(live.turn(3), true);
  assert.deepEqual(live.frame(10).riders[0].pending, [0, 3]);
  assert.deepEqual(live.frame(10).riders[1].pending, []);
});

test("a turn stops pending once the server has played it", () => {
  const live = new LiveGame(openingMessage(), 0);
  live.turn(2);
  live.tick([7, 1, 3, 4, 5, 6, 2, 0], 2000);
  assert.deepEqual(live.frame(2000).riders[0].pending, []);
});

test("a turn is marked where the server will ride it, and stays there until it does", () => {
  const live = new LiveGame(openingMessage(), 0, 150);
  live.tick(TICKS[0], 2000);
  live.turn(2, 2030);
  assert.deepEqual(live.frame(2030).riders[0].turnsAt, [2, 6], "one more ply is under way");
  live.tick(TICKS[1], 2100);
  assert.deepEqual(live.frame(2100).riders[0].turnsAt, [2, 6]);
  assert.equal(live.frame(2100).riders[1].turnsAt, null);
  live.tick([7, 3, 3, 6, 3, 6, 2, 0], 2200);
  assert.equal(live.frame(2200).riders[0].turnsAt, null);
});

test("near the server a turn is marked on the next cell, and nowhere beyond the wall", () => {
  for (const [latency, cell] of [[0, [2, 5]], [60, [2, 5]], [900, [2, 6]]]) {
    const live = new LiveGame(openingMessage(), 0, latency);
    live.tick(TICKS[0], 2000);
    live.turn(0, 2030);
    assert.deepEqual(live.frame(2030).riders[0].turnsAt, cell, `${latency} ms`);
  }
});

test("a turn that never comes back is forgotten two plies after it was due", () => {
  const live = new LiveGame(openingMessage(), 0);
  live.turn(2);
  for (const [index, tick] of TICKS.entries()) live.tick(tick, 2000 + 100 * index);
  assert.deepEqual(live.frame(2300).riders[0].pending, [2]);
  live.tick([7, 4, 2, 6, 2, 6, 1, 0], 2300);
  assert.deepEqual(live.frame(2400).riders[0].pending, []);
});

test("a refused turn is forgotten", () => {
  const live = new LiveGame(openingMessage(), 0);
  live.turn(0);
  live.turn(3);
  live.refuseTurn();
  assert.deepEqual(live.frame(0).riders[0].pending, [0]);
});

test("the countdown goes 3, 2, 1 and is gone", () => {
  const live = new LiveGame(openingMessage(), 1000);
  assert.deepEqual([1000, 1400, 1600, 2400, 2500].map((now) => live.countdown(now)), [3, 3, 2, 1, 0]);
});

test("a game gone back to is counted down again and goes on from where it stood", () => {
  const message = { ...openingMessage(), resumed: true };
  message.view.trails = [[[2, 4], [2, 5]], [[6, 6], [5, 6]]];
  message.view.plies = 1;
  const live = new LiveGame(message, 0);
  assert.equal(live.begun, false);
  assert.equal(live.countdown(0), 3);
  assert.equal(live.frame(10).ply, 1);
  assert.equal(live.frame(10).over, false);
  live.tick(TICKS[1], 1500);
  assert.equal(live.begun, true);
  assert.equal(live.countdown(1500), 0);
  assert.equal(live.frame(1600).ply, 2);
});
