import assert from "node:assert/strict";
import test from "node:test";
import { Playback } from "../../../web/static/js/playback.js";

test("plays ten plies a second and stops at the end", () => {
  const playback = new Playback(20);
  playback.play();
  playback.advance(550);
  assert.equal(playback.cursor, 5.5);
  playback.advance(5000);
  assert.equal(playback.cursor, 20);
  assert.equal(playback.playing, false);
  assert.equal(playback.advance(100), false);
});

test("playing on from the end begins again", () => {
  const playback = new Playback(20, 20);
  playback.toggle();
  assert.equal(playback.cursor, 0);
  assert.equal(playback.playing, true);
});

test("pausing and stepping land on whole plies inside the game", () => {
  const playback = new Playback(20);
  playback.play();
  playback.advance(260);
  playback.toggle();
  assert.equal(playback.cursor, 2);
  playback.step(-10);
  assert.equal(playback.cursor, 0);
  playback.step(1);
  assert.equal(playback.cursor, 1);
  playback.seek(99);
  assert.equal(playback.cursor, 20);
});

test("speed multiplies and is bounded", () => {
  const playback = new Playback(100);
  for (let times = 0; times < 5; times += 1) playback.changeSpeed(1);
  assert.equal(playback.speed, 4);
  playback.play();
  playback.advance(1000);
  assert.equal(playback.cursor, 40);
  for (let times = 0; times < 5; times += 1) playback.changeSpeed(-1);
  assert.equal(playback.speed, 0.5);
});

test("one button goes through all speeds and round again", () => {
  const playback = new Playback(100);
  const seen = [];
  for (let times = 0; times < 5; times += 1) {
    playback.cycleSpeed();
    seen.push(playback.speed);
  }
  assert.deepEqual(seen, [2, 4, 0.5, 1, 2]);
});

test("a start outside the game is moved into it", () => {
  assert.equal(new Playback(20, 50).cursor, 20);
  assert.equal(new Playback(20, -3).cursor, 0);
});
